"""The one type of docker-py that MiniStack's Lambda executor makes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Mount:
    """A directory of the host seen in the container; MiniStack mounts a zip function's code."""

    target: str
    source: str
    type: str = "bind"
    read_only: bool = False
