"""Put one file into the bucket, checked by S3 on its way, and learn which version it became.

Small files go whole. S3 takes at most 5 GB in one request, and fills a line better by several: a
large file goes in parts, side by side, and appears once all of them are there. (boto3's own upload
does the same, but keeps the version's id to itself.)
"""

import base64
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vibe_checker.bucket import Bucket
from vibe_checker.errors import StorageUnavailable

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

# S3 takes up to 10,000 parts: files of 640 GB.
_PART_BYTES = 64 << 20
_AT_ONCE = 8
Report = Callable[[int], None]


def send(
    bucket: Bucket,
    path: Path,
    key: str,
    digest: str,
    report: Report,
    part_bytes: int = _PART_BYTES,
) -> str:
    """Upload a file of SHA-256 `digest` (hexadecimal); returns its version id.

    `report` is told of bytes as they go out. Raises StorageUnavailable where less arrived.
    """
    if path.stat().st_size <= part_bytes:
        answer: Any = _whole(bucket, path, key, digest, report)
    else:
        answer = _in_parts(bucket, path, key, report, part_bytes)
    stored = bucket.client.head_object(Bucket=bucket.name, Key=key, VersionId=answer["VersionId"])
    if stored["ContentLength"] != path.stat().st_size:
        raise StorageUnavailable(f"{key} did not arrive whole; push again.")
    return str(answer["VersionId"])


def _whole(bucket: Bucket, path: Path, key: str, digest: str, report: Report) -> Any:
    with _Stretch(path, 0, path.stat().st_size, report) as body:
        return bucket.client.put_object(
            Bucket=bucket.name,
            Key=key,
            Body=body,  # type: ignore[arg-type]
            ChecksumSHA256=base64.b64encode(bytes.fromhex(digest)).decode(),
            ContentType=_content_type(key),
        )


def _in_parts(bucket: Bucket, path: Path, key: str, report: Report, part_bytes: int) -> Any:
    client, size = bucket.client, path.stat().st_size
    begun = client.create_multipart_upload(
        Bucket=bucket.name, Key=key, ContentType=_content_type(key), ChecksumAlgorithm="SHA256"
    )
    whole: dict[str, Any] = {"Bucket": bucket.name, "Key": key, "UploadId": begun["UploadId"]}

    def part(start: int) -> "CompletedPartTypeDef":
        number = start // part_bytes + 1
        with _Stretch(path, start, min(part_bytes, size - start), report) as body:
            answer = client.upload_part(
                **whole,
                PartNumber=number,
                Body=body,  # type: ignore[arg-type]
                ChecksumAlgorithm="SHA256",
            )
        checksum = answer["ChecksumSHA256"]
        return {"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": checksum}

    try:
        parts = _side_by_side(part, range(0, size, part_bytes))
        return client.complete_multipart_upload(**whole, MultipartUpload={"Parts": parts})
    except BaseException:
        # Parts of what never became a file would be stored, and paid for, until they expire.
        client.abort_multipart_upload(**whole)
        raise


def _side_by_side(
    part: Callable[[int], "CompletedPartTypeDef"], starts: Iterable[int]
) -> list["CompletedPartTypeDef"]:
    """The parts in order; where one fails, those that have not begun never do."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        going = [pool.submit(part, start) for start in starts]
        try:
            return [each.result() for each in going]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _content_type(key: str) -> str:
    return "application/json" if key.endswith(".json") else "application/octet-stream"


class _Stretch:
    """`size` bytes of a file from `start` on, as a file of their own that tells what is read.

    Over plain HTTP the body is read twice, for its signature first: going back takes back what
    was told.
    """

    def __init__(self, path: Path, start: int, size: int, report: Report) -> None:
        self._file = path.open("rb")
        self._start, self._size, self._report = start, size, report
        self._file.seek(start)

    def __enter__(self) -> "_Stretch":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __len__(self) -> int:
        return self._size

    def read(self, size: int = -1) -> bytes:
        """Read on, and tell how much."""
        left = self._size - self.tell()
        chunk = self._file.read(left if size is None or size < 0 else min(size, left))
        self._report(len(chunk))
        return chunk

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go elsewhere, and take back or add what lies between."""
        before = self.tell()
        now = offset + (0, before, self._size)[whence]
        self._file.seek(self._start + now)
        self._report(now - before)
        return now

    def tell(self) -> int:
        """Where reading goes on."""
        return self._file.tell() - self._start
