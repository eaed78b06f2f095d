"""The filter panel: each filter with what it would leave, and a histogram to aim by."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from functions.web.rendering import column_name
from functions.web.request import Request
from vibe_checker.reading.columns import Choices, Column, Dates
from vibe_checker.reading.filters import ColumnFilter, Range, Selection, histogram
from vibe_checker.reading.predictions_file import Floats

# More values than this are searched for by typing, not by ticking.
_MOST_CHOICES = 24
_SUGGESTIONS = 100
_SMALL = 8
# Few values to choose from say most at a glance, and come first.
_KINDS = ("choices", "dates", "numbers", "search")
_BINS = 25
_HEIGHT = 40


@dataclass(frozen=True)
class Option:
    """One value to tick; `count` is how many passages it would leave."""

    value: str
    count: int
    chosen: bool


@dataclass(frozen=True)
class Facet:
    """A filter on one column; `kind` is choices, search, dates or numbers."""

    name: str
    label: str
    kind: str
    unknown: Option
    wanted: ColumnFilter
    options: list[Option]
    bounds: tuple[Any, Any] = ("", "")

    @property
    def open(self) -> bool:
        """Whether it is unfolded: where it is in use, or is small and tells something at once."""
        in_use = self.wanted != ColumnFilter()
        return in_use or (self.kind == "choices" and 2 <= len(self.options) <= _SMALL)


@dataclass(frozen=True)
class Bar:
    """One bin; heights in units of the drawing, `address` filters to that bin."""

    low: str
    high: str
    count: int
    total: int
    x: float
    width: float
    height: float
    shade: float
    address: str
    outside: bool


@dataclass(frozen=True)
class Histogram:
    """How a score is spread: over all passages, and over those that the other filters leave."""

    name: str
    label: str
    low: str
    high: str
    least: float
    unknown: int
    bars: list[Bar]
    height: int = _HEIGHT


def facets(selection: Selection) -> list[Facet]:
    """One facet for each column that tells passages apart, those of few values first."""
    columns = selection.file.columns.values()
    found = [_facet(column, selection) for column in columns if _tells(column)]
    return sorted(found, key=lambda facet: _KINDS.index(facet.kind))


def shown(selection: Selection) -> dict[str, int]:
    """How many passages each of all, positive and negative would leave."""
    others = selection.without("show")
    every = int(np.count_nonzero(others))
    positive = int(np.count_nonzero(others & selection.file.positive))
    return {"all": every, "positive": positive, "negative": every - positive}


def histograms(request: Request, selection: Selection) -> list[Histogram]:
    """Of probability and of similarity, where the file has them."""
    file, filters = selection.file, selection.filters
    found = []
    for name, values, wanted in (
        ("probability", file.probability, filters.probability),
        ("similarity", file.similarity, filters.similarity),
    ):
        if not np.isnan(values).all():
            found.append(_histogram(request, selection, name, values, wanted or Range()))
    return found


def _tells(column: Column) -> bool:
    """Whether a column could leave anything out: more than one value, or some unknown."""
    if column.unknown.any():
        return True
    return len(column.values) > 1 if isinstance(column, Choices) else True


def _facet(column: Column, selection: Selection) -> Facet:
    name = column.name
    wanted = selection.filters.columns.get(name, ColumnFilter())
    others = selection.without(f"columns.{name}")
    missing = int(np.count_nonzero(column.unknown & others))
    unknown = Option("1", missing, wanted.unknown)
    if not isinstance(column, Choices):
        kind = "dates" if isinstance(column, Dates) else "numbers"
        known = not column.unknown.all()
        bounds = column.bounds if known else ("", "")
        return Facet(name, column_name(name), kind, unknown, wanted, [], bounds)
    kind = "choices" if len(column.values) <= _MOST_CHOICES else "search"
    return Facet(name, column_name(name), kind, unknown, wanted, _options(column, others, wanted))


def _options(column: Choices, others: Any, wanted: ColumnFilter) -> list[Option]:
    """The values with the most passages first; of many only those that could be meant."""
    counts = column.counts(others)
    order = np.argsort(-counts, kind="stable")
    if len(column.values) > _MOST_CHOICES:
        order = order[:_SUGGESTIONS]
    return [
        Option(column.values[place], int(counts[place]), column.values[place] in wanted.values)
        for place in order
    ]


def _histogram(
    request: Request, selection: Selection, name: str, values: Floats, wanted: Range
) -> Histogram:
    edges = _edges(values)
    all_of_them = histogram(values, np.ones(len(values), dtype=bool), edges)
    left = histogram(values, selection.without(name), edges)
    tallest = max(int(all_of_them.max()), 1)
    bars = []
    for number, (low, high) in enumerate(zip(edges[:-1], edges[1:], strict=True)):
        low_text, high_text = _text(float(low)), _text(float(high))
        address = request.link({f"{name}_from": low_text, f"{name}_to": high_text})
        bars.append(
            Bar(
                low=low_text,
                high=high_text,
                count=int(left[number]),
                total=int(all_of_them[number]),
                x=number * 10,
                width=8,
                height=_tall(int(left[number]), tallest),
                shade=_tall(int(all_of_them[number]), tallest),
                address=address,
                outside=not _touches(wanted, float(low), float(high)),
            )
        )
    unknown = int(np.count_nonzero(np.isnan(values)))
    least = -1.0 if name == "similarity" else 0.0
    bounds = (_text(wanted.low), _text(wanted.high))
    return Histogram(name, name, *bounds, least=least, unknown=unknown, bars=bars)


def _touches(wanted: Range, low: float, high: float) -> bool:
    """Whether a range takes in anything of a bin."""
    above = wanted.low is None or high > wanted.low
    return above and (wanted.high is None or low < wanted.high)


def _edges(values: Floats) -> Floats:
    """Bins with round borders: from 0 to 1, or around where the values lie."""
    low = float(np.floor(np.nanmin(values) * 20) / 20)
    high = float(np.ceil(np.nanmax(values) * 20) / 20)
    if high - low > 0.55:
        low, high = min(low, 0.0), 1.0
    return np.round(np.linspace(low, max(high, low + 0.05), _BINS + 1), 3)


def _tall(number: int, tallest: int) -> float:
    """The height of a bar: by square root, or the few uncertain ones would not be seen."""
    return 0.0 if not number else round(max((number / tallest) ** 0.5 * _HEIGHT, 1.5), 1)


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:g}"
