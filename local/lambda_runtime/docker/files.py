"""The file systems that containers see: archives unpacked once, and images built at deployment."""

import hashlib
import io
import json
import os
import tarfile
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from .errors import ImageNotFound

_unpacking = threading.Lock()


@dataclass(frozen=True)
class Image:
    """What the Dockerfile of an image copies to /var/task, and its ENV and CMD."""

    root: Path
    environment: dict[str, str]
    command: list[str]

    @classmethod
    def find(cls, images: Path, uri: str) -> "Image":
        """The image that was deployed under this URI; its tag is the asset's hash."""
        folder = images / uri.rpartition(":")[2]
        try:
            description = json.loads((folder / "image.json").read_text())
        except FileNotFoundError:
            raise ImageNotFound(f"image {uri} has not been deployed to this local AWS") from None
        return cls(folder / "root", description["environment"], description["command"])


def unpack(archives: list[bytes], folder: Path) -> Path:
    """A directory with these tar archives unpacked one over the other, as Docker would.

    It is named by their content, so that forty containers of one function share it.
    """
    digest = hashlib.sha256(b"".join(hashlib.sha256(a).digest() for a in archives)).hexdigest()
    target = folder / digest
    with _unpacking:
        if not target.exists():
            folder.mkdir(parents=True, exist_ok=True)
            partial = tempfile.mkdtemp(dir=folder)
            for archive in archives:
                with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
                    tar.extractall(partial, filter="data")
            os.replace(partial, target)
    return target


def append(log: Path, text: str) -> None:
    """Add one invocation's lines to a log in one write, so that parallel ones do not mix."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab", buffering=0) as file:
        file.write(text.encode())
