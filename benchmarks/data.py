"""Passages to measure on: the demo's corpus cut to a length, or those of a data set in DATA."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from local.demo.corpus import passages as demo_passages
from vibe_checker import passages
from vibe_checker.passages import TEXT, Passages, candidates, to_bytes

_SEED = 5
# The standard deviation of the logarithm of a passage's length: that of 47,787 passages of real
# policy documents. It decides what batches in the order of the passages lose to padding.
_SPREAD = 0.83


def texts(number: int, median: int) -> list[str]:
    """Passages whose lengths in characters are lognormal, as real ones' are.

    The data set's own, one after the other, joined until the length drawn is reached.
    """
    draw = np.random.default_rng(_SEED)
    source = _source()
    lengths = np.clip(draw.lognormal(np.log(median), _SPREAD, number), 40, 5_000).astype(int)
    order = draw.integers(len(source), size=(number, 64))
    found = []
    for length, places in zip(lengths.tolist(), order.tolist(), strict=True):
        text = ""
        for place in places:
            text = f"{text} {source[place]}".strip()
            if len(text) >= length:
                break
        found.append(text[:length])
    return found


def shard(passages_: list[str], dimension: int | None = None) -> bytes:
    """A shard of candidates as FindPassages stages it, with the demo's metadata."""
    draw = np.random.default_rng(_SEED)
    corpus = demo_passages()
    columns: dict[str, list[Any]] = {
        name: [corpus[row % len(corpus)].metadata[name] for row in range(len(passages_))]
        for name in corpus[0].metadata
    }
    table = pa.table({TEXT: pa.array(passages_, pa.large_string()), **columns})
    similarities = draw.random(len(passages_)).astype(np.float32)
    embeddings = unit_rows(len(passages_), dimension) if dimension else None
    rows = np.arange(len(passages_))
    return to_bytes(candidates(table, rows, similarities, embeddings))


def unit_rows(rows: int, dimension: int) -> passages.Floats:
    """Random directions: float32 [rows, dimension], each of length 1."""
    matrix = np.random.default_rng(_SEED).standard_normal((rows, dimension), np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    return matrix


def _source() -> list[str]:
    directory = os.environ.get("DATA")
    if not directory:
        return [passage.text for passage in demo_passages()]
    opened = Passages(Path(directory) / "passages_dataset.feather")
    found: list[str] = opened.take(np.arange(opened.count))[TEXT].to_pylist()
    return found
