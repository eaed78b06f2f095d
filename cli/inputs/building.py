"""Make a set of input files: a directory laid out as the bucket's input part.

passages_dataset.feather
passages_embeddings.npy
passages_embeddings_metadata.json     written last: which model, how many, each file's SHA-256
models/embedders/{model}/...
.build/                               what is not finished yet
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from cli.errors import Wrong
from cli.inputs import embedding, model_files, passages_file
from cli.inputs.sources import Source
from vibe_checker.embedder import Embedder
from vibe_checker.keys import EMBEDDINGS, EMBEDDINGS_METADATA, PASSAGES, embedder_prefix


@contextmanager
def workplace(out: Path) -> Iterator[Path]:
    """The directory in `out` for what is not finished yet, for one build at a time."""
    work = out / ".build"
    work.mkdir(parents=True, exist_ok=True)
    with (work / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Wrong(
                f"Another `inputs build` works on {out}; wait for it, or name another --output."
            ) from None
        yield work


def gather(source: Source, work: Path) -> int:
    """Write the passages of `source` as a run reads them; returns how many there are."""
    return passages_file.write(source.tables(), work / PASSAGES)


def build(
    count: int,
    embedder: Embedder,
    model: Path,
    out: Path,
    work: Path,
    report: Callable[[int], None],
) -> int:
    """Write the set for the `count` passages gathered in `work` to `out`; returns the dimension.

    `model` is the directory of `embedder`. Building again after an interruption goes on where it
    ended. No more than a part of the passages is in memory.
    """
    files = _copied(model, out, embedder_prefix(embedder.name))
    files[PASSAGES] = sha256(work / PASSAGES)
    of = hashlib.sha256(json.dumps(sorted(files.items())).encode()).hexdigest()
    texts = partial(passages_file.texts, work / PASSAGES)
    matrix = embedding.embed(texts, count, embedder, work, of, report)
    files[EMBEDDINGS] = sha256(matrix)
    dimension = int(embedder.embed(["dimension"]).shape[1])
    # What stands there belongs to no whole set from here on, until the metadata says so again.
    (out / EMBEDDINGS_METADATA).unlink(missing_ok=True)
    (work / PASSAGES).replace(out / PASSAGES)
    matrix.replace(out / EMBEDDINGS)
    _write_metadata(out, embedder.name, count, dimension, files)
    shutil.rmtree(work)
    return dimension


def _copied(model: Path, out: Path, prefix: str) -> dict[str, str]:
    """Put the model's files below `out`; key → SHA-256."""
    files = {}
    for source in model_files.needed(model):
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
