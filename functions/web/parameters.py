"""Read the parameters of an address, and say of each bad one which it is and why.

The table of them is what the OpenAPI document is made of.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from functions.web.problems import BadParameter
from functions.web.request import Request
from vibe_checker.identifiers import ConceptId, is_concept_id, is_output_id
from vibe_checker.reading.columns import Choices, Column, Dates
from vibe_checker.reading.filters import SHOWN, SORTS, ColumnFilter, Filters, Range

PAGE_SIZE = 50
LARGEST_PAGE_SIZE = 200
_LONGEST_TEXT = 500
# Deep enough for every list there is, and no number that overflows anything.
LAST_PAGE = 1_000_000
_VERSION_ID = re.compile(r"[A-Za-z0-9._-]{1,1024}", re.ASCII)
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
COLUMN_PREFIXES = ("is.", "has.", "from.", "to.", "unknown.")


@dataclass(frozen=True)
class Parameter:
    """A parameter as the OpenAPI document shows it."""

    name: str
    schema: dict[str, Any]
    description: str


_PROBABILITY = {"type": "number", "minimum": 0, "maximum": 1}
_SIMILARITY = {"type": "number", "minimum": -1, "maximum": 1}
PAGING = [
    Parameter("page", {"type": "integer", "minimum": 1, "maximum": LAST_PAGE, "default": 1}, ""),
    Parameter(
        "page_size",
        {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE_SIZE, "default": PAGE_SIZE},
        "",
    ),
]
FILTERS = [
    Parameter("show", {"type": "string", "enum": list(SHOWN), "default": "all"}, ""),
    Parameter("probability_from", _PROBABILITY, "At least this probability."),
    Parameter("probability_to", _PROBABILITY, "At most this probability."),
    Parameter("similarity_from", _SIMILARITY, "At least this similarity to the concept."),
    Parameter("similarity_to", _SIMILARITY, "At most this similarity to the concept."),
    Parameter("text", {"type": "string", "maxLength": _LONGEST_TEXT}, "Literal, in any case."),
    Parameter("case", {"type": "string", "enum": ["1"]}, "Search `text` in this very case."),
    Parameter("passage", {"type": "string", "maxLength": 200}, "The id of one passage."),
    Parameter("sort", {"type": "string", "enum": list(SORTS), "default": "shuffled"}, ""),
    Parameter("edition", {"type": "string", "maxLength": 1024}, "An earlier edition's id."),
]
FILTER_NAMES = [parameter.name for parameter in FILTERS]
COLUMN_FILTERS = (
    "Every column of the metadata can be filtered by: `is.{column}` (repeated: any of these "
    "values), `has.{column}` (a part of the value), `from.{column}` and `to.{column}` (numbers, or "
    "days such as 2024-05-31), `unknown.{column}=1` (or no value at all)."
)


def concept_id(value: str) -> ConceptId:
    """An id out of a path; raises BadParameter."""
    if not is_concept_id(value):
        raise BadParameter("concept_id", f'{value[:40]!r} is no Wikibase id such as "Q69"')
    return ConceptId(value)


def classifier_id(value: str, name: str = "classifier_id") -> str:
    """An id out of a path; raises BadParameter."""
    if not is_output_id(value):
        raise BadParameter(name, f"{value[:40]!r} is no id of eight letters and digits")
    return value


def run_id(value: str) -> str:
    """An id out of a path; raises BadParameter."""
    if not _RUN_ID.fullmatch(value):
        raise BadParameter("run_id", f"{value[:40]!r} is no run's id")
    return value


def edition(value: str, name: str = "edition") -> str:
    """An S3 version id, or "" for the current edition; raises BadParameter."""
    if value and not _VERSION_ID.fullmatch(value):
        raise BadParameter(name, f"{value[:40]!r} is no edition's id")
    return value


def choice(request: Request, name: str, values: tuple[str, ...]) -> str:
    """One of `values`, the first of them where nothing is said."""
    value = request.first(name) or values[0]
    if value not in values:
        raise BadParameter(name, f"{value[:40]!r} is none of {', '.join(values)}")
    return value


def whole(request: Request, name: str, default: int, largest: int) -> int:
    """A whole number from 1 to `largest`."""
    value = request.first(name)
    if not value:
        return default
    # Decimal digits of ASCII alone: int() takes other scripts', underscores and spaces as well.
    if not re.fullmatch(r"[0-9]{1,9}", value, re.ASCII) or not 1 <= int(value) <= largest:
        raise BadParameter(name, f"{value[:40]!r} is no whole number from 1 to {largest:,}")
    return int(value)


def page(request: Request) -> int:
    """Which page, counted from 1."""
    return whole(request, "page", 1, LAST_PAGE)


def page_size(request: Request) -> int:
    """How many entries a page has."""
    return whole(request, "page_size", PAGE_SIZE, LARGEST_PAGE_SIZE)


def text(request: Request, name: str, longest: int = _LONGEST_TEXT) -> str:
    """Text to search for."""
    value = request.first(name)
    if len(value) > longest:
        raise BadParameter(name, f"{len(value):,} characters are more than {longest}")
    return value


def filters(request: Request, columns: Mapping[str, Column]) -> Filters:
    """The filters of an address; raises BadParameter for one that the data does not have."""
    return Filters(
        show=choice(request, "show", SHOWN),
        probability=_range(request, "probability", 0),
        similarity=_range(request, "similarity", -1),
        text=text(request, "text"),
        match_case=choice(request, "case", ("", "1")) == "1",
        passage=text(request, "passage"),
        columns=_columns(request, columns),
        sort=choice(request, "sort", SORTS),
    )


def check_names(request: Request, *names: str) -> None:
    """For programs: a parameter that nobody knows is a slip of the pen, not a wish."""
    for name in request.query:
        if name not in names and not name.startswith(COLUMN_PREFIXES):
            raise BadParameter(name[:80], f"there is no such parameter; there are {names}")


def _range(request: Request, name: str, least: float) -> Range | None:
    low = _number(request, f"{name}_from", least, 1)
    high = _number(request, f"{name}_to", least, 1)
    return None if low is None and high is None else Range(low, high)


def _number(request: Request, name: str, least: float, most: float) -> float | None:
    value = request.first(name)
    if not value:
        return None
    number = _float(name, value)
    if not least <= number <= most:
        raise BadParameter(name, f"{value[:40]!r} is not from {least} to {most}")
    return number


def _float(name: str, value: str) -> float:
    if not re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", value, re.ASCII):
        raise BadParameter(name, f"{value[:40]!r} is no number")
    return float(value)


def _columns(request: Request, columns: Mapping[str, Column]) -> dict[str, ColumnFilter]:
    asked = dict.fromkeys(
        parameter.split(".", 1)[1]
        for parameter in request.query
        if parameter.startswith(COLUMN_PREFIXES) and request.all(parameter)
    )
    return {name: _column(request, name, columns) for name in asked}


def _column(request: Request, name: str, columns: Mapping[str, Column]) -> ColumnFilter:
    column = columns.get(name)
    prefixes = [p for p in COLUMN_PREFIXES if request.all(p + name)]
    allowed = ("is.", "has.") if isinstance(column, Choices) else ("from.", "to.")
    for prefix in prefixes:
        if column is None:
            raise BadParameter(prefix + name, "the passages have no such metadata to filter by")
        if prefix not in (*allowed, "unknown."):
            raise BadParameter(prefix + name, f"use {' or '.join(a + name for a in allowed)}")
    bound = _day if isinstance(column, Dates) else _numeral
    return ColumnFilter(
        values=frozenset(request.all(f"is.{name}")),
        contains=text(request, f"has.{name}"),
        low=bound(request, f"from.{name}"),
        high=bound(request, f"to.{name}"),
        unknown=choice(request, f"unknown.{name}", ("", "1")) == "1",
    )


def _day(request: Request, name: str) -> str | None:
    value = request.first(name)
    if not value:
        return None
    try:
        if not _DATE.fullmatch(value):
            raise ValueError
        return str(np.datetime64(value, "D"))
    except ValueError:
        raise BadParameter(name, f"{value[:40]!r} is no day such as 2024-05-31") from None


def _numeral(request: Request, name: str) -> str | None:
    value = request.first(name)
    return str(_float(name, value)) if value else None
