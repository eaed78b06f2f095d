"""The bucket: every S3 key there is, and the few ways its objects are read and written.

concepts.yml                                     input: list of Wikibase ids
passages_dataset.feather                         input: the passages
passages_embeddings.npy                          input: row i embeds passage i
passages_embeddings_metadata.json                input: which model made them
models/embedders/{model}/...                     input: a sentence-transformers directory
models/classifiers/{concept}/{name}/...          input: an ONNX classifier directory
{concept}/{classifier}/predictions.jsonl         output
{concept}/{classifier}/concept.json              output
{concept}/{classifier}/classifier.json           output, written last: the commit mark
runs/{run}/run.json                              what was asked; the pinned inputs
runs/{run}/concepts.json                         the list that the state machine maps over
runs/{run}/work/{concept}/concept.json           staging, expires
runs/{run}/work/{concept}/models.json            staging: the files of its models, pinned
runs/{run}/work/{concept}/candidates/{n}.arrow   staging: a shard of the candidates
runs/{run}/work/{concept}/{name}/{n}.jsonl       staging: a shard of predictions
runs/{run}/work/{concept}/{name}/classifier.json staging: what the classifier is
runs/{run}/results/{concept}.json                how a concept ended
runs/{run}/summary.json                          how the run ended, written last
"""

import json
import os
import shutil
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

from vibe_checker.errors import InvalidInput, MissingInput, StorageUnavailable, TooLarge
from vibe_checker.identifiers import short_id
from vibe_checker.parsing import json_value

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_STRETCH_BYTES = 32 << 20
_CONNECTIONS = 8

CONCEPTS = "concepts.yml"
PASSAGES = "passages_dataset.feather"
EMBEDDINGS = "passages_embeddings.npy"
EMBEDDINGS_METADATA = "passages_embeddings_metadata.json"
CLASSIFIERS = "models/classifiers/"
RUNS = "runs/"


def embedder_prefix(model: str) -> str:
    """Where the files of an embedding model lie."""
    return f"models/embedders/{model}/"


def classifiers_prefix(concept_id: str) -> str:
    """Where the directories of a concept's classifiers lie."""
    return f"{CLASSIFIERS}{concept_id}/"


def classifier_prefix(concept_id: str, name: str) -> str:
    """Where the files of one of a concept's classifiers lie."""
    return f"{classifiers_prefix(concept_id)}{name}/"


def output_prefix(concept_id: str, classifier_id: str) -> str:
    """Where the three files of one classifier's predictions lie."""
    return f"{concept_id}/{classifier_id}/"


def run_record(run_id: str) -> str:
    """What was asked of a run, and the input versions it reads."""
    return f"runs/{run_id}/run.json"


def run_concepts(run_id: str) -> str:
    """The list that the state machine maps over."""
    return f"runs/{run_id}/concepts.json"


def run_summary(run_id: str) -> str:
    """How a run ended."""
    return f"runs/{run_id}/summary.json"


def run_results(run_id: str) -> str:
    """Where the results of a run's concepts lie, one file each."""
    return f"runs/{run_id}/results/"


def run_result(run_id: str, concept_id: str) -> str:
    """How one concept of a run ended."""
    return f"{run_results(run_id)}{concept_id}.json"


def work_concept(run_id: str, concept_id: str) -> str:
    """The concept as fetched, for the later steps."""
    return f"runs/{run_id}/work/{concept_id}/concept.json"


def work_models(run_id: str, concept_id: str) -> str:
    """The pinned files of the concept's models."""
    return f"runs/{run_id}/work/{concept_id}/models.json"


def work_candidates(run_id: str, concept_id: str, shard: int) -> str:
    """One shard of the candidate passages."""
    return f"runs/{run_id}/work/{concept_id}/candidates/{shard:05}.arrow"


def work_predictions(run_id: str, concept_id: str, classifier: str, shard: int) -> str:
    """One classifier's predictions for one shard."""
    return f"runs/{run_id}/work/{concept_id}/{classifier}/{shard:05}.jsonl"


def work_classifier(run_id: str, concept_id: str, classifier: str) -> str:
    """What the classifier is, as the step that opened it found."""
    return f"runs/{run_id}/work/{concept_id}/{classifier}/classifier.json"


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


def to_json(value: object) -> bytes:
    """JSON for people: indented, in the order given, no NaN.

    Half a surrogate pair, which UTF-8 cannot hold, is written as JSON's own escape of it.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    return text.encode(errors="backslashreplace") + b"\n"


def _safe(relative: str, key: str) -> str:
    """A relative path that stays where it is put, whatever the key was called."""
    parts = relative.split("/")
    plain = relative.isprintable() and "\\" not in relative
    if not plain or any(part in ("", ".", "..") or len(part) > 200 for part in parts):
        raise InvalidInput(f"{key!r} is no usable file name; upload it under a plain one.")
    return relative


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
