"""A model's directory put into the bucket."""

from functools import partial
from pathlib import Path

from cli.inputs import model_files, sending
from cli.inputs.building import sha256
from cli.output import size, step
from cli.progress import sending as bar
from vibe_checker.bucket import Bucket


def upload(bucket: Bucket, directory: Path, prefix: str) -> None:
    """Put a directory's files below `prefix`, in place of what an earlier upload left there.

    The former graph goes first and the new one comes last: a run that starts between finds a
    model without a graph, and says so, but never a mix of two.
    """
    files = model_files.needed(directory)
    total = sum(path.stat().st_size for path in files)
    step(f"uploading {size(total)} to {bucket.name}/{prefix}")
    _remove(bucket, [key for key in bucket.keys(prefix) if key.endswith(".onnx")])
    kept = set()
    with bar(total) as report:
        for path in sorted(files, key=lambda path: (path.suffix == ".onnx", path)):
            key = prefix + path.relative_to(directory).as_posix()
            kept.add(key)
            sending.send(bucket, path, key, sha256(path), partial(report, key))
    _remove(bucket, [key for key in bucket.keys(prefix) if key not in kept])


def _remove(bucket: Bucket, keys: list[str]) -> None:
    for key in keys:
        bucket.client.delete_object(Bucket=bucket.name, Key=key)
