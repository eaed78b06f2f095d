"""Fetch the bucket's input files as a run that started now would read them."""

from pathlib import Path

from vibe_checker.bucket import Bucket
from vibe_checker.runs.inputs import shared_inputs


def fetch(bucket: Bucket, directory: Path) -> None:
    """Write the files to `directory`, laid out as in the bucket."""
    _, pins = shared_inputs(bucket)
    for pin in pins:
        path = directory / pin.key
        path.parent.mkdir(parents=True, exist_ok=True)
        bucket.download(pin, path)
