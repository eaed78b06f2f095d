"""Which passages may be about a concept: similarity to its embedding, and the selection rule."""

import mmap
import os
import tokenize
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from vibe_checker.errors import InvalidEmbeddings
from vibe_checker.keys import EMBEDDINGS, EMBEDDINGS_METADATA, PASSAGES

Floats = np.ndarray[Any, np.dtype[np.float32]]
Rows = np.ndarray[Any, np.dtype[np.int64]]

# float16 must be widened for BLAS: 1,024 rows of 384 become 1.5 MB, which stay in a core's cache
# until they are multiplied. That takes half the time of blocks that do not, and two thirds of it
# again on two cores. (float32 is left whole: BLAS shares one product among all cores, and in blocks
# it is up to a third slower.)
_BLOCK_ROWS = 1_024
# Rows looked at on opening to see that vectors have length 1: 64 stretches of 16, because each
# place in a file that is not in memory yet costs a seek. Rounding to float16 moves a norm by at
# most 5e-4; a model that does not normalise is off by far more than a hundredth.
_SAMPLED_STRETCHES = 64
_SAMPLED_ROWS = 16
_NORM_TOLERANCE = 0.01
# numpy reads a header as Python's own syntax, and takes what it states for its word.
_UNREADABLE: tuple[type[Exception], ...] = (ValueError, OSError, EOFError, OverflowError, TypeError)
_UNREADABLE += (MemoryError, RecursionError, SyntaxError, zipfile.BadZipFile, tokenize.TokenError)


def open_matrix(path: Path, rows: int) -> Floats:
    """The passages' embeddings, memory-mapped: float32 or float16 [rows, d], unit rows.

    Raises InvalidEmbeddings naming the numbers for another shape or dtype, a pickled or broken
    file, and rows that are not of length 1.
    """
    try:
        matrix: Floats = np.load(path, mmap_mode="r", allow_pickle=False)
    except _UNREADABLE as error:
        raise InvalidEmbeddings(
            f"{EMBEDDINGS} is not a readable .npy file of numbers: {str(error)[:300]}"
        ) from error
    if not isinstance(matrix, np.memmap) or matrix.dtype not in (np.float32, np.float16):
        raise InvalidEmbeddings(
            f"{EMBEDDINGS} holds {_kind(matrix)}; it must hold float32 or float16."
        )
    if matrix.ndim != 2 or matrix.shape[0] != rows:
        raise InvalidEmbeddings(
            f"{EMBEDDINGS} has the shape {matrix.shape}, but {PASSAGES} has {rows:,} rows; row i "
            f"must embed passage i, so the shape must be ({rows}, dimension)."
        )
    _check_norms(matrix)
    _read_ahead(matrix)
    return matrix


def _kind(loaded: object) -> str:
    return str(getattr(loaded, "dtype", "an archive"))[:100]


def _read_ahead(matrix: Floats) -> None:
    """Have the file read from end to end, once, while it is on its way to its first use."""
    mapped = matrix.base
    while isinstance(mapped, np.ndarray):
        mapped = mapped.base
    if isinstance(mapped, mmap.mmap):
        mapped.madvise(mmap.MADV_SEQUENTIAL)
        mapped.madvise(mmap.MADV_WILLNEED)


def _check_norms(matrix: Floats) -> None:
    stretches = np.linspace(0, max(0, len(matrix) - _SAMPLED_ROWS), _SAMPLED_STRETCHES)
    rows = np.unique(stretches.astype(np.int64)[:, None] + np.arange(_SAMPLED_ROWS))
    rows = rows[rows < len(matrix)]
    norms = np.linalg.norm(matrix[rows].astype(np.float32), axis=1)
    wrong = np.flatnonzero(~(np.abs(norms - 1) <= _NORM_TOLERANCE))
    if len(wrong):
        raise InvalidEmbeddings(
            f"{EMBEDDINGS} has {len(wrong):,} of {len(rows):,} sampled rows that are not of "
            f"length 1, the first row {rows[wrong[0]]:,} (length {norms[wrong[0]]:.4g}); "
            "normalise each row (L2)."
        )


def similarities(matrix: Floats, vector: Floats) -> Floats:
    """The dot product of every row with the concept's embedding: float32 [rows].

    `matrix` is [rows, d] and is never copied; `vector` is float32 [d]. Raises InvalidEmbeddings
    for another dimension and for rows that hold NaN or infinity.
    """
    if matrix.shape[1] != len(vector):
        raise InvalidEmbeddings(
            f"{EMBEDDINGS} has {matrix.shape[1]} numbers a row, but the model that "
            f"{EMBEDDINGS_METADATA} names makes {len(vector)}: they do not belong together."
        )
    scores = np.empty(len(matrix), np.float32)
    if matrix.dtype == np.float32:
        np.dot(matrix, vector, out=scores)
    else:
        _score_blocks(matrix, vector, scores)
    broken = np.flatnonzero(~np.isfinite(scores))
    if len(broken):
        raise InvalidEmbeddings(
            f"{EMBEDDINGS} has NaN or infinity in {len(broken):,} rows, the first in row "
            f"{broken[0]:,} (counted from 0)."
        )
    return scores


def _score_blocks(matrix: Floats, vector: Floats, scores: Floats) -> None:
    def score(start: int) -> None:
        block = matrix[start : start + _BLOCK_ROWS].astype(np.float32)
        np.dot(block, vector, out=scores[start : start + _BLOCK_ROWS])

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for _ in pool.map(score, range(0, len(matrix), _BLOCK_ROWS)):
            pass


def select(scores: Floats, threshold: float, minimum: int, maximum: int) -> Rows:
    """The rows of the candidates, ascending: int64 [at most maximum].

    All rows strictly above `threshold`, but at most the `maximum` best; where fewer than
    `minimum` are above, the `minimum` best of all; where there are fewer rows, all. Ties go to
    the lower row number; NaN is never selected. Linear time: no full sort.
    """
    scores = np.where(np.isnan(scores), -np.inf, scores)
    usable = int(np.count_nonzero(scores > -np.inf))
    above = int(np.count_nonzero(scores > np.float32(threshold)))
    wanted = min(max(above, minimum), maximum, usable)
    if wanted == 0:
        return np.empty(0, np.int64)
    last = np.partition(scores, len(scores) - wanted)[len(scores) - wanted]
    better = np.flatnonzero(scores > last)
    equal = np.flatnonzero(scores == last)[: wanted - len(better)]
    return np.sort(np.concatenate([better, equal]))
