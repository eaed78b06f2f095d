"""The few ways in which the bucket's objects are read and written; `keys` has their names."""

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import (
    ClientError,
    ConnectionError,
    HTTPClientError,
    IncompleteReadError,
)

from vibe_checker.errors import InvalidInput, MissingInput, StorageUnavailable
from vibe_checker.parsing import json_value

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_STRETCH_BYTES = 32 << 20
_CONNECTIONS = 8


@dataclass(frozen=True)
class Pin:
    """One version of one object, as it was when a run started; `size` in bytes."""

    key: str
    version_id: str | None
    size: int
    etag: str


class Bucket:
    """One S3 bucket.

    Every method raises MissingInput where the object is not there, and StorageUnavailable where
    S3 throttles, fails or drops the connection after boto3's own retries.
    """

    def __init__(self, client: "S3Client", name: str) -> None:
        self.client = client
        self.name = name

    def read(self, key: str, version_id: str | None = None) -> bytes:
        """An object's bytes; the current version where none is named."""
        with _translated(self.name, key, version_id):
            return self.client.get_object(Bucket=self.name, Key=key, **_version(version_id))[
                "Body"
            ].read()

    def read_json(self, key: str, version_id: str | None = None) -> Any:
        """An object parsed as JSON; raises InvalidInput where it is not JSON."""
        body = self.read(key, version_id)
        try:
            return json_value(body)
        except ValueError as error:
            raise InvalidInput(f"{key} is not valid JSON: {error}") from error

    def write(self, key: str, body: bytes, content_type: str = "application/octet-stream") -> str:
        """Put an object whole; returns its version id."""
        with _translated(self.name, key):
            answer = self.client.put_object(
                Bucket=self.name, Key=key, Body=body, ContentType=content_type, **_lifetime(key)
            )
        return answer.get("VersionId", "")

    def write_json(self, key: str, value: object) -> str:
        """Put a value as JSON that people can read; returns its version id."""
        return self.write(key, to_json(value), "application/json")

    def create_json(self, key: str, value: object) -> bool:
        """Put a value as JSON unless the object exists; returns whether it was put.

        Of many writers at once S3 lets exactly one create the object.
        """
        try:
            with _translated(self.name, key):
                self.client.put_object(
                    Bucket=self.name,
                    Key=key,
                    Body=to_json(value),
                    ContentType="application/json",
                    IfNoneMatch="*",
                    **_lifetime(key),
                )
        except ClientError as error:
            if _status(error) in (409, 412):
                return False
            raise
        return True

    def upload(self, path: Path, key: str, content_type: str) -> str:
        """Put a file of at most 5 GB without holding it in memory; returns its version id.

        One request, because S3 names the version it made only in that request's own answer.
        """
        with _translated(self.name, key), path.open("rb") as body:
            answer = self.client.put_object(
                Bucket=self.name, Key=key, Body=body, ContentType=content_type
            )
        return answer.get("VersionId", "")

    def pin(self, key: str, version_id: str | None = None) -> Pin:
        """The version of an object that is current now, or the one named."""
        with _translated(self.name, key, version_id):
            head = self.client.head_object(Bucket=self.name, Key=key, **_version(version_id))
        return Pin(key, head.get("VersionId"), head["ContentLength"], head["ETag"].strip('"'))

    def pins(self, prefix: str) -> list[Pin]:
        """The current version of every object below `prefix`, sorted by key."""
        paginator = self.client.get_paginator("list_object_versions")
        with _translated(self.name, prefix):
            return sorted(
                (
                    Pin(v["Key"], v["VersionId"], v["Size"], v["ETag"].strip('"'))
                    for page in paginator.paginate(Bucket=self.name, Prefix=prefix)
                    for v in page.get("Versions", [])
                    if v["IsLatest"]
                ),
                key=lambda pin: pin.key,
            )

    def keys(self, prefix: str) -> Iterator[str]:
        """Every key below `prefix`, in S3's order."""
        paginator = self.client.get_paginator("list_objects_v2")
        with _translated(self.name, prefix):
            for page in paginator.paginate(Bucket=self.name, Prefix=prefix):
                for entry in page.get("Contents", []):
                    yield entry["Key"]

    def listed(self, prefix: str, *, deep: bool = True) -> Iterator[Pin]:
        """Every object below `prefix` as it is now, without its version id, in S3's order.

        Not `deep`: those in "folders" below it are left out.
        """
        paginator = self.client.get_paginator("list_objects_v2")
        delimiter = "" if deep else "/"
        with _translated(self.name, prefix):
            for page in paginator.paginate(Bucket=self.name, Prefix=prefix, Delimiter=delimiter):
                for entry in page.get("Contents", []):
                    yield Pin(entry["Key"], None, entry["Size"], entry["ETag"].strip('"'))

    def history(self, prefix: str) -> list[Pin]:
        """Every version of the objects below `prefix` that is still there, by key, newest first."""
        paginator = self.client.get_paginator("list_object_versions")
        with _translated(self.name, prefix):
            return [
                Pin(v["Key"], v["VersionId"], v["Size"], v["ETag"].strip('"'))
                for page in paginator.paginate(Bucket=self.name, Prefix=prefix)
                for v in page.get("Versions", [])
            ]

    def folders(self, prefix: str) -> Iterator[str]:
        """Every "folder" right below `prefix`, as a prefix of its own, in S3's order."""
        paginator = self.client.get_paginator("list_objects_v2")
        with _translated(self.name, prefix):
            for page in paginator.paginate(Bucket=self.name, Prefix=prefix, Delimiter="/"):
                for entry in page.get("CommonPrefixes", []):
                    yield entry["Prefix"]

    def download(self, pin: Pin, path: Path) -> None:
        """Write a pinned version to `path`: whole or not at all."""
        part = path.with_name(path.name + ".part")
        with _translated(self.name, pin.key, pin.version_id), part.open("wb") as file:
            self._fetch_stretches(pin, file.fileno())
        if part.stat().st_size != pin.size:
            raise StorageUnavailable(
                f"{pin.key} came with {part.stat().st_size:,} bytes of {pin.size:,}."
            )
        part.rename(path)

    def _fetch_stretches(self, pin: Pin, file: int) -> None:
        """Fetch the first stretch, then the others side by side.

        One connection to S3 carries some 90 MB/s, eight fill a function's network. (boto3's own
        download does the same, but takes for granted that every stretch asked for is what comes;
        a server may answer with the whole object, and says so by leaving out Content-Range.)
        """
        whole = self._fetch_stretch(pin, file, 0)
        starts = range(_STRETCH_BYTES, 0 if whole else pin.size, _STRETCH_BYTES)
        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            for _ in pool.map(lambda start: self._fetch_stretch(pin, file, start), starts):
                pass

    def _fetch_stretch(self, pin: Pin, file: int, start: int) -> bool:
        """Write the bytes from `start` on to their place; returns whether all of them came."""
        asked: dict[str, Any] = (
            {"Range": f"bytes={start}-{start + _STRETCH_BYTES - 1}"} if pin.size else {}
        )
        answer = self.client.get_object(
            Bucket=self.name, Key=pin.key, **_version(pin.version_id), **asked
        )
        whole = "ContentRange" not in answer
        place = 0 if whole else start
        for chunk in answer["Body"].iter_chunks(1 << 20):
            place += os.pwrite(file, chunk, place)
        return whole


def to_json(value: object) -> bytes:
    """JSON for people: indented, in the order given, no NaN.

    Half a surrogate pair, which UTF-8 cannot hold, is written as JSON's own escape of it.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    return text.encode(errors="backslashreplace") + b"\n"


def _version(version_id: str | None) -> dict[str, Any]:
    return {"VersionId": version_id} if version_id else {}


def _lifetime(key: str) -> dict[str, Any]:
    """Staging files bear the tag by which the bucket's lifecycle rule finds them."""
    staged = key.startswith("runs/") and key.split("/")[2:3] == ["work"]
    return {"Tagging": "lifetime=work"} if staged else {}


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


# What S3 says when it wants us to come back later, besides every 5xx.
_TRANSIENT_CODES = {"SlowDown", "RequestTimeout", "Throttling", "ThrottlingException"}
_MISSING_CODES = {"NoSuchKey", "NoSuchVersion", "404"}


@contextmanager
def _translated(bucket: str, key: str, version_id: str | None = None) -> Iterator[None]:
    """Turn S3's answers into our errors, where one of ours fits."""
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in _MISSING_CODES:
            raise MissingInput(f"{key} is not in the bucket {bucket}.") from error
        if version_id and _status(error) == 400:
            # What cannot be a version id is no "not found" to S3 but a bad request.
            raise MissingInput(f"{key} has no version {version_id[:100]!r}.") from error
        if _status(error) >= 500 or code in _TRANSIENT_CODES:
            raise StorageUnavailable(f"S3 answered {code} for {key}: {error}") from error
        raise
    except (ConnectionError, HTTPClientError, IncompleteReadError) as error:
        raise StorageUnavailable(f"S3 could not be read for {key}: {error}") from error
