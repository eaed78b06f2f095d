"""Templates, and the small things that they show: numbers, dates, names of columns."""

import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import ChainableUndefined, Environment, FileSystemLoader

from functions.web import static_files


@cache
def templates() -> Environment:
    """The templates; everything that they show is escaped, what a file lacks is blank."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=ChainableUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": count,
        "share": share,
        "score": score,
        "column": column_name,
        "moment": moment,
        "duration": duration,
    }
    environment.globals["static"] = lambda name: f"static/{static_files.names()[name]}"
    return environment


def count(number: int | None) -> str:
    """12,345; a dash for what is not known."""
    return "–" if number is None else f"{number:,}"


def share(value: float | None) -> str:
    """7.3 %; small shares keep their first digit, since 0 % would say that there are none."""
    if value is None:
        return "–"
    if 0 < value < 0.001:
        return "< 0.1%"
    return f"{value:.1%}"


def score(value: float | None) -> str:
    """Two digits after the point; a value under 1 never reads 1.00, nor one over 0 0.00."""
    if value is None:
        return "–"
    if 0.995 <= value < 1:
        return "> 0.99"
    if 0 < value < 0.005:
        return "< 0.01"
    return f"{value:.2f}"


_NAMES = {"document_metadata.corpus_type_name": "corpus", "publication_ts": "published"}


def column_name(name: str) -> str:
    """A column of the metadata in words: "text_block.page_number" → "page number"."""
    if name in _NAMES:
        return _NAMES[name]
    words = re.sub(r"^(text_block|document_metadata)\.", "", name)
    return re.sub(r"[_.]+", " ", words).strip() or name


def moment(iso: str) -> str:
    """ "2026-11-23T09:31:08.529Z" → "23 Nov 2026, 09:31 UTC"; what is no moment stays as it is."""
    try:
        when = datetime.fromisoformat(iso)
    except ValueError:
        return iso
    return (when.astimezone(UTC) if when.tzinfo else when).strftime("%-d %b %Y, %H:%M UTC")


def duration(seconds: float | None) -> str:
    """3.2 s, 4 min 10 s, 2 h 5 min."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def render(name: str, **values: Any) -> str:
    """A template with its values."""
    return templates().get_template(name).render(values)
