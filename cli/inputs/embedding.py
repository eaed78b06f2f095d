"""Embed many passages: on all cores, and so that an interruption costs seconds.

{directory}/embeddings.part.npy   float32 [passages, dimension], filled from the top
{directory}/progress.json         {"of": what is embedded, "rows": how many are done}
"""

import json
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from cli.errors import Wrong
from vibe_checker.embedder import Embedder

Array = np.ndarray[Any, Any]

# Passages that one core embeds at a time. The embedder sorts them by length, so that little
# padding is computed; an interruption costs at most this many on each core.
_CHUNK = 512


def embed(
    texts: pa.ChunkedArray | pa.Array,
    embedder: Embedder,
    directory: Path,
    of: str,
    report: Callable[[int], None],
) -> Path:
    """A .npy file of unit rows, row i for text i; `report` is told how many rows are done.

    `of` stands for the texts and the model: what was begun for the same is gone on with. Each
    core runs the model on passages of its own: with a model so small and batches so short that
    beats all cores working on one batch. Results do not depend on the number of cores.
    """
    part = _Part(directory, of, len(texts), embedder.embed([texts[0].as_py()]).shape[1])
    report(part.rows)
    starts = range(part.rows, len(texts), _CHUNK)

    def rows(start: int) -> Array:
        return _unit(start, embedder.embed(texts[start : start + _CHUNK].to_pylist()))

    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        for vectors in pool.map(rows, starts):
            part.add(vectors)
            report(part.rows)
    finally:
        pool.shutdown(cancel_futures=True)
    return part.path


def _unit(start: int, vectors: Array) -> Array:
    """Rows of length 1, also from a model that leaves that to its users."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    broken = np.flatnonzero(~(np.isfinite(norms) & (norms > 0)))
    if len(broken):
        raise Wrong(f"The model makes no usable vector of passage {start + broken[0]:,}.")
    unit: Array = vectors / norms
    return unit


class _Part:
    """A matrix that is being filled; `rows` are on disk."""

    def __init__(self, directory: Path, of: str, count: int, dimension: int) -> None:
        self.path = directory / "embeddings.part.npy"
        self._of = of
        self._record = directory / "progress.json"
        self.rows = self._rows_done()
        mode: Any = "r+" if self.rows else "w+"
        self._matrix: np.memmap[Any, Any] = np.lib.format.open_memmap(
            self.path, mode=mode, dtype=np.float32, shape=(count, dimension)
        )

    def _rows_done(self) -> int:
        try:
            record = json.loads(self._record.read_bytes())
            return int(record["rows"]) if record["of"] == self._of and self.path.exists() else 0
        except (FileNotFoundError, ValueError, KeyError):
            return 0

    def add(self, vectors: Array) -> None:
        """Append rows; they count only once they are on disk."""
        self._matrix[self.rows : self.rows + len(vectors)] = vectors
        self._matrix.flush()
        self.rows += len(vectors)
        written = self._record.with_suffix(".new")
        written.write_text(json.dumps({"of": self._of, "rows": self.rows}))
        written.rename(self._record)
