"""Say in plain words whether a set of input files fits together."""

import json
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cli.inputs import vectors
from cli.inputs.building import sha256
from cli.inputs.findings import Finding
from cli.output import counted
from vibe_checker.embedder import Embedder
from vibe_checker.errors import InvalidInput
from vibe_checker.keys import EMBEDDINGS, EMBEDDINGS_METADATA, PASSAGES, embedder_prefix
from vibe_checker.passages import TEXT, Passages

Array = np.ndarray[Any, Any]


def check(directory: Path) -> Iterator[Finding]:
    """Everything about the set in `directory`, as it is found.

    Goes on after a fault where the rest can still be looked at.
    """
    passages = yield from _part("passages", lambda: Passages(_there(directory, PASSAGES)))
    readable = passages is not None and (yield from _texts(directory / PASSAGES))
    metadata = yield from _part("metadata", lambda: _metadata(directory))
    count = passages.count if passages else None
    if metadata:
        yield from _counts(metadata, count)
        yield from _digests(directory, metadata)
    matrix = yield from _part("embeddings", lambda: _matrix(directory, count))
    if matrix is not None:
        yield _rows(matrix, count)
        yield vectors.lengths(matrix)
    model = None
    if metadata:
        model = yield from _part("model", lambda: _model(directory, metadata))
    if readable and matrix is not None and model and len(matrix) == count:
        yield from vectors.samples(passages, matrix, model)


def _part(name: str, opened: Callable[[], Any]) -> Generator[Finding, None, Any]:
    """What `opened` opens; a Finding and None where it cannot."""
    try:
        part = opened()
    except InvalidInput as error:
        yield Finding(name, False, str(error))
        return None
    yield Finding(name, True, _described(part))
    return part


def _there(directory: Path, name: str) -> Path:
    if not (directory / name).is_file():
        raise InvalidInput(f"{name} is not there.")
    return directory / name


def _described(part: object) -> str:
    if isinstance(part, Passages):
        return f"{PASSAGES} holds {counted(part.count, 'passage')}."
    if isinstance(part, dict):
        return f"{EMBEDDINGS_METADATA} names the model {part['embedding_model_name']}."
    if isinstance(part, Embedder):
        return f"The model {part.name} opens and runs."
    assert isinstance(part, np.ndarray)
    rows, dimension = part.shape
    return f"{EMBEDDINGS} holds {counted(rows, 'row')} of {dimension} numbers, {part.dtype}."


def _texts(path: Path) -> Generator[Finding, None, bool]:
    """Whether every passage has its text."""
    try:
        lengths, without, columns = _text_lengths(path)
    except (pa.ArrowException, OSError) as error:
        yield Finding("texts", False, f"{PASSAGES} breaks off or is damaged: {error}")
        return False
    if len(without):
        first = f"the first in row {without[0]:,} (counted from 0)"
        yield Finding("texts", False, f"Passages without text: {len(without):,}, {first}.")
        return False
    yield Finding(
        "texts",
        True,
        f"Every passage has text ({int(lengths.min()):,} to {int(lengths.max()):,} characters, "
        f"{int(np.median(lengths)):,} in the middle). "
        f"Other columns, carried along: {columns - 1}.",
    )
    return True


def _text_lengths(path: Path) -> tuple[Array, Array, int]:
    """Characters of each text, the rows without one, and how many columns there are.

    A part of the file is in memory at a time.
    """
    lengths, missing = [], []
    with pa.memory_map(str(path)) as mapped, pa.ipc.open_file(mapped) as file:
        for number in range(file.num_record_batches):
            texts = file.get_batch(number).column(TEXT)
            missing.append(np.asarray(texts.is_null()))
            lengths.append(np.asarray(pc.fill_null(pc.utf8_length(texts), 0)))
        return np.concatenate(lengths), np.flatnonzero(np.concatenate(missing)), len(file.schema)


def _metadata(directory: Path) -> dict[str, Any]:
    try:
        metadata = json.loads(_there(directory, EMBEDDINGS_METADATA).read_bytes())
        if isinstance(metadata["embedding_model_name"], str):
            return dict(metadata)
    except (ValueError, KeyError, TypeError):
        pass
    raise InvalidInput(f"{EMBEDDINGS_METADATA} is not JSON with an embedding_model_name.")


def _counts(metadata: dict[str, Any], count: int | None) -> Iterator[Finding]:
    stated = metadata.get("passages_count")
    if stated is not None and count is not None:
        ok = stated == count
        said = f"The metadata counts {counted(stated, 'passage')}, the passages file {count:,}."
        yield Finding("count", ok, "The metadata counts as many passages." if ok else said)


def _digests(directory: Path, metadata: dict[str, Any]) -> Iterator[Finding]:
    """Whether the files are those that the metadata was written for."""
    stated = metadata.get("files")
    if not isinstance(stated, dict):
        return
    other = [
        key
        for key, told in stated.items()
        if (directory / key).is_file() and sha256(directory / key) != told.get("sha256")
    ]
    message = f"{', '.join(other)}: not what the metadata was written for; build the set again."
    kept = "The files are those that the metadata was written for."
    yield Finding("files", not other, message if other else kept)


def _matrix(directory: Path, count: int | None) -> Array:
    """The embeddings if they can be opened at all; the number of rows is looked at later."""
    path = _there(directory, EMBEDDINGS)
    try:
        matrix: Array = np.load(path, mmap_mode="r", allow_pickle=False)
        rows = matrix.shape[0] if matrix.ndim else 0
    except (OSError, ValueError, EOFError, AttributeError) as error:
        raise InvalidInput(f"{EMBEDDINGS} is not a readable .npy file: {error}") from error
    if matrix.ndim != 2 or matrix.dtype not in (np.float32, np.float16) or not matrix.size:
        raise InvalidInput(
            f"{EMBEDDINGS} holds {matrix.dtype} of shape {matrix.shape}; it must be float32 or "
            f"float16 with a row for each passage ({count if count is not None else rows:,})."
        )
    return matrix


def _rows(matrix: Array, count: int | None) -> Finding:
    if count is None or len(matrix) == count:
        return Finding("rows", True, "There is a row for each passage.")
    return Finding(
        "rows",
        False,
        f"{EMBEDDINGS} has {counted(len(matrix), 'row')}, but {PASSAGES} "
        f"{counted(count, 'passage')}; they belong to different sets.",
    )


def _model(directory: Path, metadata: dict[str, Any]) -> Embedder:
    name = metadata["embedding_model_name"]
    path = directory / embedder_prefix(name)
    if not path.is_dir():
        raise InvalidInput(f"The model's files are not in {embedder_prefix(name)}.")
    embedder = Embedder(name, path, threads=2)
    embedder.embed(["a first try"])
    return embedder
