"""Which predictions are looked at, in which order, and what the others would add.

Every filter makes a mask. A passage that fails none of them is shown; one that fails a single
filter is what the counts beside that filter's choices are made of, so that they say what a click
would give.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow.compute as pc

from vibe_checker.reading.columns import Choices, Counts, Dates, Mask, Numbers, within
from vibe_checker.reading.predictions_file import Floats, PredictionsFile

SHOWN = ("all", "positive", "negative")
SORTS = (
    "shuffled",
    "probability",
    "probability-up",
    "similarity",
    "similarity-up",
    "uncertainty",
)
DEFAULT_THRESHOLD = 0.5


@dataclass(frozen=True)
class Range:
    """From `low` to `high`, both included; None leaves that side open."""

    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class ColumnFilter:
    """What a column of metadata must hold: one of `values`, or `contains`, or `low` to `high`.

    `unknown` lets in rows without a value besides.
    """

    values: frozenset[str] = frozenset()
    contains: str = ""
    low: str | None = None
    high: str | None = None
    unknown: bool = False


@dataclass(frozen=True)
class Filters:
    """What is looked for; the defaults leave everything in."""

    show: str = "all"
    probability: Range | None = None
    similarity: Range | None = None
    text: str = ""
    match_case: bool = False
    passage: str = ""
    columns: Mapping[str, ColumnFilter] = field(default_factory=dict)
    sort: str = "shuffled"


class Selection:
    """The predictions of a file that pass the filters."""

    def __init__(self, file: PredictionsFile, filters: Filters, threshold: float) -> None:
        self.file = file
        self.filters = filters
        self._threshold = threshold
        self._masks = dict(_masks(file, filters))
        failed = np.zeros(len(file), dtype=np.uint16)
        for mask in self._masks.values():
            failed += ~mask
        self._failed = failed
        self.mask: Mask = failed == 0

    @property
    def count(self) -> int:
        """How many predictions pass."""
        return int(np.count_nonzero(self.mask))

    @property
    def positives(self) -> int:
        """How many of them are positive."""
        return int(np.count_nonzero(self.mask & self.file.positive))

    def without(self, name: str) -> Mask:
        """What would pass if the filter `name` were not there."""
        if name not in self._masks:
            return self.mask
        return np.asarray(self._failed == ~self._masks[name])

    def rows(self) -> Counts:
        """The numbers of the lines that pass, in the order asked for; ties in file order."""
        rows = np.flatnonzero(self.mask)
        key = _SORT_KEYS[self.filters.sort](self.file, self._threshold)
        # NaN sorts last, whichever way the numbers run.
        return rows if key is None else rows[np.argsort(key[rows], kind="stable")]


_SORT_KEYS: dict[str, Callable[[PredictionsFile, float], Floats | None]] = {
    "shuffled": lambda file, threshold: None,
    "probability": lambda file, threshold: -file.probability,
    "probability-up": lambda file, threshold: file.probability,
    "similarity": lambda file, threshold: -file.similarity,
    "similarity-up": lambda file, threshold: file.similarity,
    "uncertainty": lambda file, threshold: np.abs(file.probability - threshold),
}


def histogram(values: Floats, mask: Mask, edges: Floats) -> Counts:
    """How many of the values in `mask` lie in each of the bins; the last has both its edges."""
    return np.histogram(values[mask & ~np.isnan(values)], bins=edges)[0]


def _masks(file: PredictionsFile, filters: Filters) -> Any:
    """Each filter that leaves something out, by its name."""
    if filters.show != "all":
        yield "show", file.positive if filters.show == "positive" else ~file.positive
    if filters.probability:
        yield "probability", _within(file.probability, filters.probability)
    if filters.similarity:
        yield "similarity", _within(file.similarity, filters.similarity)
    if filters.text:
        yield "text", _containing(file, filters.text, filters.match_case)
    if filters.passage:
        yield "passage", np.asarray(pc.equal(file.ids, filters.passage), dtype=bool)
    for name, wanted in filters.columns.items():
        yield f"columns.{name}", _column(file.columns[name], wanted)


def _within(values: Floats, wanted: Range) -> Mask:
    return within(values, wanted.low, wanted.high)


def _containing(file: PredictionsFile, text: str, match_case: bool) -> Mask:
    """Literally, so that no search can take more than linear time.

    By RE2 in either case: on 130 MB of text it took 75 ms where Arrow's own search took 190.
    """
    hits = pc.match_substring_regex(file.texts, re.escape(text), ignore_case=not match_case)
    return np.asarray(hits.to_numpy(), dtype=bool)


def _column(column: Choices | Numbers | Dates, wanted: ColumnFilter) -> Mask:
    mask = np.zeros(len(column.unknown), dtype=bool)
    if wanted.unknown:
        mask |= column.unknown
    if isinstance(column, Choices):
        if wanted.values:
            mask |= column.among(wanted.values)
        if wanted.contains:
            mask |= column.containing(wanted.contains)
    elif wanted.low is not None or wanted.high is not None:
        if isinstance(column, Dates):
            mask |= column.between(wanted.low, wanted.high)
        else:
            mask |= column.between(_number(wanted.low), _number(wanted.high))
    return mask


def _number(text: str | None) -> float | None:
    return None if text is None else float(text)
