"""One column of metadata, made ready to be filtered and counted in microseconds.

Choices   text, booleans, lists of text: each row has one or several values out of a list
Numbers   integers and decimals
Dates     days, as written: no time zone moves a date to another day

Missing is a value of its own in each of them.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Mask = np.ndarray[Any, np.dtype[np.bool_]]
Counts = np.ndarray[Any, np.dtype[np.int64]]

# Of this share of values that look like dates a column of text is one of dates; the others, such
# as "unknown", count as missing there.
_MOSTLY = 0.9
# A column of whole numbers with so few of them holds codes or years to choose from.
_FEW_NUMBERS = 12
_DATE = re.compile(r"^\d{4}-\d{2}-\d{2}($|[T ])", re.ASCII)
# How older files spell that there is no value.
MISSING_WORDS = {"", "None", "nan", "NaN", "NaT", "null"}


@dataclass(frozen=True)
class Choices:
    """`codes[i]` is the place in `values` of an entry of row `rows[i]`; a row may have several."""

    name: str
    values: list[str]
    rows: Counts
    codes: Counts
    length: int

    @cached_property
    def unknown(self) -> Mask:
        """The rows that have no value."""
        unknown: Mask = np.ones(self.length, dtype=bool)
        unknown[self.rows] = False
        return unknown

    @cached_property
    def _places(self) -> dict[str, int]:
        return {value: place for place, value in enumerate(self.values)}

    def among(self, wanted: frozenset[str]) -> Mask:
        """The rows that have one of the `wanted` values."""
        places = [self._places[value] for value in wanted if value in self._places]
        return self._having(np.isin(self.codes, places))

    def containing(self, text: str) -> Mask:
        """The rows with a value that has `text` in it, in any case."""
        hits = pc.match_substring(pa.array(self.values, pa.string()), text, ignore_case=True)
        return self._having(np.asarray(hits, dtype=bool)[self.codes])

    def counts(self, mask: Mask) -> Counts:
        """How many rows of `mask` have each of the values."""
        return np.asarray(np.bincount(self.codes[mask[self.rows]], minlength=len(self.values)))

    def _having(self, entries: Mask) -> Mask:
        mask: Mask = np.zeros(self.length, dtype=bool)
        mask[self.rows[entries]] = True
        return mask


@dataclass(frozen=True)
class Numbers:
    """A number for each row; NaN where it is missing."""

    name: str
    numbers: np.ndarray[Any, np.dtype[np.float64]]

    @cached_property
    def unknown(self) -> Mask:
        """The rows that have no value."""
        return np.asarray(np.isnan(self.numbers))

    @cached_property
    def bounds(self) -> tuple[float, float]:
        """The least and the greatest number."""
        return float(np.nanmin(self.numbers)), float(np.nanmax(self.numbers))

    def between(self, low: float | None, high: float | None) -> Mask:
        """The rows from `low` to `high`, both included."""
        return within(self.numbers, low, high)


@dataclass(frozen=True)
class Dates:
    """A day for each row; NaT where it is missing."""

    name: str
    days: np.ndarray[Any, np.dtype[np.datetime64]]

    @cached_property
    def unknown(self) -> Mask:
        """The rows that have no value."""
        return np.asarray(np.isnat(self.days))

    @cached_property
    def bounds(self) -> tuple[str, str]:
        """The first and the last day, in ISO 8601."""
        known = self.days[~self.unknown]
        return str(known.min()), str(known.max())

    def between(self, low: str | None, high: str | None) -> Mask:
        """The rows from day `low` to day `high`, both included."""
        mask: Mask = ~self.unknown
        if low is not None:
            mask &= self.days >= np.datetime64(low, "D")
        if high is not None:
            mask &= self.days <= np.datetime64(high, "D")
        return mask


Column = Choices | Numbers | Dates


def within(
    numbers: np.ndarray[Any, np.dtype[np.float64]], low: float | None, high: float | None
) -> Mask:
    """Where `numbers` are known and from `low` to `high`, both included."""
    mask: Mask = ~np.isnan(numbers)
    if low is not None:
        mask &= numbers >= low
    if high is not None:
        mask &= numbers <= high
    return mask


def column(name: str, values: Any) -> Column | None:
    """A column from an Arrow array; None for what nobody can filter by, such as objects."""
    kind = values.type
    if pa.types.is_list(kind):
        return _listed(name, values)
    if pa.types.is_boolean(kind):
        return _chosen(name, pc.if_else(values, "yes", "no"))
    if pa.types.is_integer(kind) and len(pc.unique(values)) <= _FEW_NUMBERS:
        return _chosen(name, values.cast(pa.string()))
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return _numbered(name, values)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _text(name, values)
    return None


def _numbered(name: str, values: Any) -> Column | None:
    numbers = np.asarray(values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False))
    known = np.where(np.isfinite(numbers), numbers, np.nan).astype(np.float64)
    return None if np.isnan(known).all() else Numbers(name, known)


def _text(name: str, values: Any) -> Column | None:
    encoded = values.dictionary_encode()
    distinct = encoded.dictionary.to_pylist()
    known = [value for value in distinct if value not in MISSING_WORDS]
    if known and sum(bool(_DATE.match(value)) for value in known) >= _MOSTLY * len(known):
        return Dates(name, _days(values))
    return _chosen(name, values)


def _chosen(name: str, values: Any) -> Column | None:
    encoded = values.dictionary_encode()
    places = np.asarray(encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False))
    return _coded(name, encoded.dictionary.to_pylist(), np.arange(len(places)), places, len(places))


def _listed(name: str, values: Any) -> Column | None:
    if not pa.types.is_string(values.type.value_type):
        return None
    rows = np.asarray(pc.list_parent_indices(values).to_numpy(zero_copy_only=False))
    encoded = pc.list_flatten(values).dictionary_encode()
    places = np.asarray(encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False))
    return _coded(name, encoded.dictionary.to_pylist(), rows, places, len(values))


def _coded(
    name: str, distinct: list[str], rows: Counts, places: Counts, length: int
) -> Column | None:
    """Choices sorted by value, without those that only say that there is none."""
    values = sorted(value for value in distinct if value not in MISSING_WORDS)
    if not values:
        return None
    place = {value: number for number, value in enumerate(values)}
    renumbered = np.array([place.get(value, -1) for value in distinct] + [-1], dtype=np.int64)
    codes = renumbered[places]
    known = codes >= 0
    return Choices(name, values, rows[known].astype(np.int64), codes[known], length)


def _days(values: Any) -> np.ndarray[Any, np.dtype[np.datetime64]]:
    """The day that each text begins with; NaT for one that begins with none."""
    encoded = values.dictionary_encode()
    days = [_day(value) for value in encoded.dictionary.to_pylist()]
    places = np.asarray(encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False))
    distinct = np.array([*days, "NaT"], dtype="datetime64[D]")
    return np.asarray(distinct[places])


def _day(value: str) -> str:
    if not _DATE.match(value):
        return "NaT"
    try:
        return str(np.datetime64(value[:10], "D"))
    except ValueError:  # 2023-02-30
        return "NaT"
