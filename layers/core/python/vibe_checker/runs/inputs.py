"""The input files that all concepts of a run share, each in the version that the run will read.

passages_embeddings_metadata.json decides. Where it names the versions of the files that it was
written for, those are read, whatever else is being uploaded:

    {"embedding_model_name": "all-MiniLM-L6-v2", ...,
     "files": {"passages_dataset.feather": {"version_id": "...", "sha256": "..."}, ...}}

So a new set is uploaded file by file and becomes visible as one, with its metadata, uploaded last.
Without version ids the current versions are read, as files uploaded by hand want it.
"""

import re
from typing import Any

from vibe_checker import keys
from vibe_checker.bucket import Bucket, Pin
from vibe_checker.errors import InvalidEmbeddings, MissingInput, TooLarge

# They are files on FindPassages' disk, which has 10 GiB, the most that Lambda gives.
LARGEST_INPUTS_BYTES = 10 << 30
# A model's name may have an owner before it ("BAAI/bge-small-en"); it never climbs a directory.
_MODEL_NAME = re.compile(r"(?:\w[\w.-]*/)*\w[\w.-]*", re.ASCII)


def shared_inputs(bucket: Bucket) -> tuple[str, list[Pin]]:
    """The embedding model's name; passages, embeddings, metadata and the model's files, pinned.

    Raises MissingInput for a file that is not there, InvalidEmbeddings for metadata that names no
    usable model or versions that the bucket does not have, TooLarge for more than can be run.
    """
    metadata = bucket.pin(keys.EMBEDDINGS_METADATA)
    stated = bucket.read_json(metadata.key, metadata.version_id)
    name = stated.get("embedding_model_name") if isinstance(stated, dict) else None
    model = checked_model_name(name)
    versions = _versions(stated)
    embedder = _embedder(bucket, keys.embedder_prefix(model), versions)
    if not embedder:
        raise MissingInput(
            f"{keys.EMBEDDINGS_METADATA} names the model {model!r}, but the bucket has no file "
            f"below {keys.embedder_prefix(model)}. Upload that model's directory there."
        )
    data = [_pin(bucket, key, versions.get(key)) for key in (keys.PASSAGES, keys.EMBEDDINGS)]
    pins = [*data, metadata, *embedder]
    _check_size(pins)
    return model, pins


def _check_size(pins: list[Pin]) -> None:
    size = sum(pin.size for pin in pins)
    if size > LARGEST_INPUTS_BYTES:
        sizes = {pin.key: pin.size for pin in pins}
        raise TooLarge(
            f"Data set and embedding model take {size / 1e9:,.1f} GB "
            f"({keys.PASSAGES} {sizes[keys.PASSAGES] / 1e9:,.1f}, "
            f"{keys.EMBEDDINGS} {sizes[keys.EMBEDDINGS] / 1e9:,.1f}); FindPassages has "
            f"{LARGEST_INPUTS_BYTES / 1e9:,.1f} GB for them. Save the embeddings as float16, which "
            "halves them, or run fewer passages."
        )


def checked_model_name(name: object) -> str:
    """`name` if it can be a directory below models/embedders/; else raises InvalidEmbeddings."""
    if not isinstance(name, str) or not _MODEL_NAME.fullmatch(name):
        raise InvalidEmbeddings(
            f"{keys.EMBEDDINGS_METADATA} has the embedding_model_name {repr(name)[:100]}; it must "
            'be the name of a directory below models/embedders/, such as "all-MiniLM-L6-v2".'
        )
    return name


def _versions(stated: dict[str, Any]) -> dict[str, str]:
    """Key → version id, of the files whose versions the metadata names."""
    files = stated.get("files") or {}
    try:
        named = {key: told.get("version_id") for key, told in files.items()}
    except AttributeError:
        raise InvalidEmbeddings(
            f'{keys.EMBEDDINGS_METADATA} has "files" {str(files)[:100]}; it must map each file to '
            '{"version_id": ...}, or be left out.'
        ) from None
    return {key: str(version) for key, version in named.items() if version}


def _embedder(bucket: Bucket, prefix: str, versions: dict[str, str]) -> list[Pin]:
    named = sorted(key for key in versions if key.startswith(prefix))
    if not named:
        # The S3 console marks a folder that it makes by an object of no bytes.
        return [pin for pin in bucket.pins(prefix) if not pin.key.endswith("/")]
    return [_pin(bucket, key, versions[key]) for key in named]


def _pin(bucket: Bucket, key: str, version: str | None) -> Pin:
    try:
        return bucket.pin(key, version)
    except MissingInput as error:
        if version is None:
            raise
        raise InvalidEmbeddings(
            f"{keys.EMBEDDINGS_METADATA} names version {version} of {key}, which this bucket does "
            "not have. Push the set again."
        ) from error
