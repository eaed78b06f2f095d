"""Embed many passages so that an interruption costs seconds.

{directory}/embeddings.part.npy   float32 [passages, dimension], filled from the top
{directory}/progress.json         {"of": what is embedded, "rows": how many are done}
"""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from cli.errors import Wrong
from vibe_checker.embedder import Embedder

Array = np.ndarray[Any, Any]
Texts = Callable[[int, int], Iterator[list[str]]]
"""(row, size) → the texts from that row on, so many at a time."""

# Passages embedded between two marks of progress, which is what an interruption costs at most.
# The embedder sorts them by length and gives each core batches of its own: the more, the less
# padding is computed and the less a core waits for another's last batch.
_CHUNK = 1_024


def embed(
    texts: Texts,
    count: int,
    embedder: Embedder,
    directory: Path,
    of: str,
    report: Callable[[int], None],
) -> Path:
    """A .npy file of unit rows, row i for text i; `report` is told how many rows are done.

    `of` stands for the texts and the model: what was begun for the same is gone on with, to the
    same bytes. They do not depend on the number of cores.
    """
    dimension = embedder.embed(["dimension"]).shape[1]
    part = _Part(directory, of, count, dimension)
    report(part.rows)
    for chunk in texts(part.rows, _CHUNK):
        part.add(_unit(part.rows, embedder.embed(chunk)))
        report(part.rows)
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
        if self.rows == 0:
            header = {"descr": "<f4", "fortran_order": False, "shape": (count, dimension)}
            with self.path.open("wb") as file:
                np.lib.format.write_array_header_1_0(file, header)
        with self.path.open("rb") as file:
            np.lib.format.read_magic(file)
            np.lib.format.read_array_header_1_0(file)
            self._first_row = file.tell()

    def _rows_done(self) -> int:
        try:
            record = json.loads(self._record.read_bytes())
            return int(record["rows"]) if record["of"] == self._of and self.path.exists() else 0
        except (FileNotFoundError, ValueError, KeyError):
            return 0

    def add(self, vectors: Array) -> None:
        """Append rows; they count only once they are on disk."""
        rows = np.ascontiguousarray(vectors, "<f4")
        with self.path.open("r+b") as file:
            file.seek(self._first_row + self.rows * rows[0].nbytes)
            file.write(rows.data)
            file.flush()
            os.fsync(file.fileno())
        self.rows += len(rows)
        written = self._record.with_suffix(".new")
        written.write_text(json.dumps({"of": self._of, "rows": self.rows}))
        written.rename(self._record)
