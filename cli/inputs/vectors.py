"""Look at embeddings: whether they are unit vectors, and those of their passages by their model."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from cli.inputs.findings import Finding
from cli.output import counted
from vibe_checker.embedder import Embedder
from vibe_checker.keys import EMBEDDINGS
from vibe_checker.passages import TEXT, Passages

Array = np.ndarray[Any, Any]

# Passages that are embedded again: a wrong model or an order gone wrong shows in any of them.
_SAMPLED = 16
# Cosine of a row with what the model makes of its passage. float16 rows and other CPUs' rounding
# leave 0.999 and more; another pooling, prompt or truncation does not.
_SAME = 0.99
# Mean cosine of unlike passages. Models' own lie between 0 and 0.8; vectors that all point one
# way tell no passage from another.
_ALIKE = 0.95
_BLOCK_ROWS = 65_536
# What a row's length may be off 1; float16 rounding is off by a twentieth of it.
_NORM_TOLERANCE = 0.01


def lengths(matrix: Array) -> Finding:
    """NaN and rows that are not of length 1, all of them looked at."""
    broken, odd = 0, 0
    for start in range(0, len(matrix), _BLOCK_ROWS):
        block = matrix[start : start + _BLOCK_ROWS].astype(np.float32, copy=False)
        norms = np.sqrt(np.einsum("ij,ij->i", block, block))
        broken += int(np.count_nonzero(~np.isfinite(norms)))
        odd += int(np.count_nonzero(np.abs(norms - 1) > _NORM_TOLERANCE))
    if broken:
        return Finding(
            "norms", False, f"Rows of {EMBEDDINGS} that hold NaN or infinity: {broken:,}."
        )
    if odd:
        return Finding(
            "norms",
            False,
            f"Rows of {EMBEDDINGS} that are not of length 1: {odd:,}; normalise each.",
        )
    return Finding("norms", True, "Every row is of length 1, none holds NaN.")


def samples(passages: Passages, matrix: Array, model: Embedder) -> Iterator[Finding]:
    """Embed some passages again, and look how alike unlike ones are."""
    rows = np.unique(np.linspace(0, len(matrix) - 1, _SAMPLED).astype(np.int64))
    again = model.embed(passages.take(rows)[TEXT].to_pylist())
    again = again / np.linalg.norm(again, axis=1, keepdims=True)
    if again.shape[1] != matrix.shape[1]:
        yield Finding(
            "dimension",
            False,
            f"{EMBEDDINGS} has {matrix.shape[1]} numbers a row, the model makes {again.shape[1]}.",
        )
        return
    stored = matrix[rows].astype(np.float32)
    same = np.einsum("ij,ij->i", stored, again)
    worst = int(np.argmin(same))
    yield Finding(
        "sample",
        bool(same[worst] >= _SAME),
        f"{counted(len(rows), 'passage')} embedded again: the least like its row is "
        f"{same[worst]:.4f} "
        f"(row {rows[worst]:,}; 1 is the same"
        + (")." if same[worst] >= _SAME else "): made by another model, or in another order."),
    )
    yield _unlike(stored)


def _unlike(stored: Array) -> Finding:
    pairs = (stored @ stored.T)[np.triu_indices(len(stored), k=1)]
    mean = float(pairs.mean()) if len(pairs) else 0.0
    ok = mean < _ALIKE
    said = f"Different passages have a similarity of {mean:.2f} in the mean"
    return Finding("spread", ok, said + ("." if ok else ": the vectors tell none from another."))
