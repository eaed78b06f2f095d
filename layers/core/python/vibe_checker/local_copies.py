"""Pinned objects as files: what has to be opened by its path, and is worth keeping."""

import shutil
from pathlib import Path

from vibe_checker.bucket import Bucket, Pin
from vibe_checker.errors import InvalidInput, TooLarge
from vibe_checker.identifiers import short_id


class LocalCopies:
    """Pinned objects kept as files below `directory`, fetched once and kept while there is room.

    A warm function finds what an earlier invocation fetched; a new version is another file.
    """

    def __init__(self, bucket: Bucket, directory: Path) -> None:
        self.bucket = bucket
        self.directory = directory

    def file(self, pin: Pin) -> Path:
        """A local file with the pinned bytes."""
        name = pin.key.rsplit("/", 1)[-1]
        return self.tree([pin], pin.key.removesuffix(name)) / name

    def tree(self, pins: list[Pin], prefix: str) -> Path:
        """A local directory with the pinned objects, each below it as its key is below `prefix`."""
        root = self.directory / short_id([[pin.key, pin.version_id, pin.etag] for pin in pins])
        if not root.exists():
            self._fetch(pins, prefix, root)
        return root

    def _fetch(self, pins: list[Pin], prefix: str, root: Path) -> None:
        self._make_room(sum(pin.size for pin in pins))
        # Built beside its place and renamed: a function that dies midway leaves no half tree.
        building = root.with_name(root.name + ".part")
        shutil.rmtree(building, ignore_errors=True)
        for pin in pins:
            path = building / _safe(pin.key.removeprefix(prefix), pin.key)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except (FileExistsError, NotADirectoryError) as error:
                raise InvalidInput(f"{pin.key!r} lies below what is a file itself.") from error
            self.bucket.download(pin, path)
        building.rename(root)

    def _make_room(self, size: int) -> None:
        """Drop every copy if `size` bytes would not fit beside them."""
        self.directory.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self.directory).free < size:
            for entry in self.directory.iterdir():
                shutil.rmtree(entry, ignore_errors=True)
        free = shutil.disk_usage(self.directory).free
        if free < size:
            raise TooLarge(
                f"{size / 1e6:,.0f} MB of input does not fit the {free / 1e6:,.0f} MB free in "
                f"{self.directory}; give the function more ephemeral storage."
            )


def _safe(relative: str, key: str) -> str:
    """A relative path that stays where it is put, whatever the key was called."""
    parts = relative.split("/")
    plain = relative.isprintable() and "\\" not in relative
    if not plain or any(part in ("", ".", "..") or len(part) > 200 for part in parts):
        raise InvalidInput(f"{key!r} is no usable file name; upload it under a plain one.")
    return relative
