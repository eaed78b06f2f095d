"""Push a set of input files, so that it becomes visible as one.

The metadata goes last and names the version of every file that belongs to it; a run reads the
versions that the metadata names. Until then runs see the set before.
"""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from cli.inputs.building import sha256
from cli.inputs.sending import send
from vibe_checker.bucket import Bucket
from vibe_checker.errors import InvalidInput
from vibe_checker.keys import EMBEDDINGS, EMBEDDINGS_METADATA, PASSAGES, embedder_prefix

Files = dict[str, dict[str, str]]
"""Key → {"version_id", "sha256"}."""


def push(directory: Path, bucket: Bucket, report: Callable[[str, int], None]) -> Files:
    """Upload what is not in the bucket yet, then the metadata; returns the set's files.

    `report` is told of bytes as they go out, with the key that they belong to.
    """
    metadata: dict[str, Any] = json.loads((directory / EMBEDDINGS_METADATA).read_bytes())
    known = _pushed(bucket)
    files: Files = {}
    for key in keys(directory, model_of(directory)):
        path, digest = directory / key, sha256(directory / key)
        if known.get(key, {}).get("sha256") == digest:
            report(key, path.stat().st_size)
            files[key] = known[key]
        else:
            version = send(bucket, path, key, digest, partial(report, key))
            files[key] = {"version_id": version, "sha256": digest}
    bucket.write_json(EMBEDDINGS_METADATA, {**metadata, "files": files})
    return files


def model_of(directory: Path) -> str:
    """The name of the set's model."""
    metadata = json.loads((directory / EMBEDDINGS_METADATA).read_bytes())
    return str(metadata["embedding_model_name"])


def keys(directory: Path, model: str) -> list[str]:
    """The keys of the set's files but the metadata's: the model's first."""
    prefix = embedder_prefix(model)
    files = sorted(path for path in (directory / prefix).rglob("*") if path.is_file())
    below = [path.relative_to(directory).as_posix() for path in files]
    return [*below, PASSAGES, EMBEDDINGS]


def _pushed(bucket: Bucket) -> Files:
    """The files of the set in the bucket, those whose versions are still there."""
    try:
        metadata = bucket.read_json(EMBEDDINGS_METADATA)
        files: Files = metadata.get("files", {})
        current = {key: bucket.pin(key) for key in files}
    except (InvalidInput, AttributeError):
        return {}
    return {k: told for k, told in files.items() if current[k].version_id == told.get("version_id")}
