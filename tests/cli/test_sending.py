import hashlib
from pathlib import Path

import pytest

from cli.inputs.sending import send
from vibe_checker.bucket import Bucket

# The smallest part that S3 takes.
PART = 5 << 20


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """Two parts and a bit."""
    path = tmp_path / "embeddings.npy"
    path.write_bytes(hashlib.shake_256(b"").digest(2 * PART + 12_345))
    return path


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_large_file_goes_in_parts_and_becomes_one_version(large: Path, bucket: Bucket) -> None:
    sent: list[int] = []
    version = send(bucket, large, "embeddings.npy", digest(large), sent.append, PART)
    assert bucket.read("embeddings.npy", version) == large.read_bytes()
    assert bucket.pin("embeddings.npy").version_id == version
    assert bucket.pin("embeddings.npy").etag.endswith("-3")
    assert sum(sent) == large.stat().st_size


def test_a_small_file_goes_whole(large: Path, bucket: Bucket) -> None:
    sent: list[int] = []
    version = send(bucket, large, "embeddings.npy", digest(large), sent.append)
    assert bucket.read("embeddings.npy", version) == large.read_bytes()
    assert "-" not in bucket.pin("embeddings.npy").etag
    assert sum(sent) == large.stat().st_size


def test_a_part_that_fails_leaves_no_file_and_no_parts(large: Path, bucket: Bucket) -> None:
    def report(count: int) -> None:
        if count:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        send(bucket, large, "embeddings.npy", digest(large), report, PART)
    assert list(bucket.keys("")) == []
    assert "Uploads" not in bucket.client.list_multipart_uploads(Bucket=bucket.name)
