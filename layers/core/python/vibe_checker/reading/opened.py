"""Predictions files fetched and opened, kept while a warm function has room for them."""

import tempfile
from collections import OrderedDict
from pathlib import Path

from vibe_checker.bucket import Bucket, Pin
from vibe_checker.errors import TooLarge
from vibe_checker.reading.predictions_file import PredictionsFile, open_file

# 100,000 predictions count 250 MB; comparing two classifiers needs two of them.
_KEEP_BYTES = 600 << 20
# What is opened takes twice its size, and half as much again while it is being read.
_LARGEST_BYTES = 500 << 20


class OpenedFiles:
    """Opened predictions by version; the least used go first when they grow too many."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._files: OrderedDict[Pin, PredictionsFile] = OrderedDict()

    def __contains__(self, pin: Pin) -> bool:
        return pin in self._files

    def get(self, pin: Pin) -> PredictionsFile:
        """A pinned predictions.jsonl, opened; raises TooLarge for one beyond all measure."""
        if pin in self._files:
            self._files.move_to_end(pin)
            return self._files[pin]
        if pin.size > _LARGEST_BYTES:
            raise TooLarge(
                f"{pin.key} has {pin.size / 1e6:,.0f} MB; the page reads files of at most "
                f"{_LARGEST_BYTES / 1e6:,.0f} MB. Download it instead."
            )
        self._make_room(2 * pin.size)
        self._files[pin] = self._fetch(pin)
        return self._files[pin]

    def _make_room(self, size: int) -> None:
        while self._files and size + sum(f.size for f in self._files.values()) > _KEEP_BYTES:
            self._files.popitem(last=False)

    def _fetch(self, pin: Pin) -> PredictionsFile:
        # The file has no name any more once it is mapped: its space is free when it is dropped.
        with tempfile.TemporaryDirectory(prefix="vibe-checker-") as directory:
            path = Path(directory) / "predictions.jsonl"
            self._bucket.download(pin, path)
            return open_file(path)
