"""Waiting for what happens in other processes."""

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE_SECONDS = 30


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether it comes true; for things that tell nobody, such as the end of a stranger."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


def runs(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not reaped yet does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"


class Gate:
    """Where functions that were asked to `meet` arrive, and wait to be let through."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE_SECONDS)

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def arrival(self) -> socket.socket:
        """The next function to arrive; to close the socket lets it through."""
        return self._listener.accept()[0]

    def __enter__(self) -> "Gate":
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
