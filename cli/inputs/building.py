"""Make a set of input files: a directory laid out as the bucket's input part.

passages_dataset.feather
passages_embeddings.npy
passages_embeddings_metadata.json     written last: which model, how many, each file's SHA-256
models/embedders/{model}/...
.build/                               what is not finished yet
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather

from cli.inputs import embedding
from vibe_checker.bucket import EMBEDDINGS, EMBEDDINGS_METADATA, PASSAGES, embedder_prefix
from vibe_checker.embedder import Embedder
from vibe_checker.passages import TEXT

# Rows that are compressed together: FindPassages unpacks these to take one of them.
_BATCH_ROWS = 16_384


def build(table: pa.Table, model: Path, name: str, out: Path, report: Callable[[int], None]) -> int:
    """Write the set for the passages in `table` to `out`; returns the vectors' dimension.

    `model` is a sentence-transformers directory, to be known as `name`. Building again after an
    interruption goes on where it ended.
    """
    work = out / ".build"
    work.mkdir(parents=True, exist_ok=True)
    files = _copied(model, out, embedder_prefix(name))
    passages = work / PASSAGES
    pyarrow.feather.write_feather(table, str(passages), compression="lz4", chunksize=_BATCH_ROWS)
    files[PASSAGES] = sha256(passages)
    # One thread each: every core runs the model on passages of its own.
    embedder = Embedder(name, model, threads=1)
    of = hashlib.sha256(json.dumps(sorted(files.items())).encode()).hexdigest()
    matrix = embedding.embed(table[TEXT], embedder, work, of, report)
    files[EMBEDDINGS] = sha256(matrix)
    dimension = int(embedder.embed(["dimension"]).shape[1])
    # What stands there belongs to no whole set from here on, until the metadata says so again.
    (out / EMBEDDINGS_METADATA).unlink(missing_ok=True)
    passages.replace(out / PASSAGES)
    matrix.replace(out / EMBEDDINGS)
    _write_metadata(out, name, table.num_rows, dimension, files)
    shutil.rmtree(work)
    return dimension


def _copied(model: Path, out: Path, prefix: str) -> dict[str, str]:
    """Put the model's files below `out`; key → SHA-256."""
    files = {}
    for source in sorted(path for path in model.rglob("*") if path.is_file()):
        key = prefix + source.relative_to(model).as_posix()
        target = out / key
        target.parent.mkdir(parents=True, exist_ok=True)
        if not (target.exists() and os.path.samefile(source, target)):
            shutil.copyfile(source, target)
        files[key] = sha256(target)
    return files


def _write_metadata(
    out: Path, name: str, count: int, dimension: int, files: dict[str, str]
) -> None:
    metadata: dict[str, Any] = {
        "embedding_model_name": name,
        "passages_count": count,
        "embedding_dimension": dimension,
        "normalised": True,
        "dtype": "float32",
        "files": {key: {"sha256": digest} for key, digest in sorted(files.items())},
    }
    new = out / f".{EMBEDDINGS_METADATA}"
    new.write_text(json.dumps(metadata, indent=2) + "\n", encoding="utf-8")
    new.replace(out / EMBEDDINGS_METADATA)


def sha256(path: Path) -> str:
    """A file's SHA-256, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
