"""A passage as a card: what is highlighted, where it comes from, what else is known of it."""

import re
from dataclasses import dataclass
from typing import Any

from vibe_checker.reading.columns import MISSING_WORDS
from vibe_checker.reading.highlights import Piece, excerpts, find, pieces
from vibe_checker.reading.predictions_file import PredictionsFile
from vibe_checker.reading.records import Record

# A page of 50 stays far below what Lambda hands back; the longest passages have a page
# to themselves.
_CHARACTERS = 4_000
_CHARACTERS_ALONE = 400_000
_DOCUMENTS = ("document_name", "document_title", "document_slug", "document_id")


@dataclass(frozen=True)
class Search:
    """The words that are searched for, to be shown where they were found."""

    text: str = ""
    match_case: bool = False


@dataclass(frozen=True)
class Card:
    """One passage; `number` counts from 1 through the whole selection.

    `whole` says that one span covers all of it, `length` counts its characters, `after` those
    left out behind the last piece.
    """

    number: int
    id: str
    positive: bool
    probability: float | None
    similarity: float | None
    pieces: list[Piece]
    whole: bool
    cut: bool
    after: int
    length: int
    document: str
    document_column: str
    facts: list[str]
    metadata: list[tuple[str, str]]


def card(file: PredictionsFile, row: int, number: int, alone: bool, search: Search) -> Card:
    """The card of one line."""
    try:
        record = file.record(row)
    except ValueError:  # a line that pyarrow takes and Python does not, such as half an emoji
        record = Record("", "(this line cannot be shown)", [], None, None, {})
    return of_record(record, number, search, _CHARACTERS_ALONE if alone else _CHARACTERS)


def of_record(record: Record, number: int, search: Search, room: int) -> Card:
    """The card of one record, with at most `room` characters of its text."""
    text, spans = record.text.encode("utf-8", "replace").decode(), record.spans
    hits = find(text, search.text, match_case=search.match_case)
    shown = excerpts(len(text), [*spans, *hits], room)
    document_column, document = _document(record.metadata)
    return Card(
        number=number,
        id=record.id,
        positive=record.positive,
        probability=record.probability,
        similarity=record.similarity,
        pieces=pieces(text, spans, shown, hits),
        whole=len(spans) == 1 and spans[0].start == 0 and spans[0].end >= len(text),
        cut=len(shown) > 1 or shown[0] != (0, len(text), None),
        after=len(text) - shown[-1].end,
        length=len(text),
        document=document,
        document_column=document_column,
        facts=_facts(record.metadata),
        metadata=[(name, _shown(value)) for name, value in sorted(record.metadata.items())],
    )


def _document(metadata: dict[str, Any]) -> tuple[str, str]:
    for ending in _DOCUMENTS:
        for name, value in metadata.items():
            known = isinstance(value, str) and value not in MISSING_WORDS
            if known and name.split(".")[-1] == ending:
                return name, value
    return "", ""


def _facts(metadata: dict[str, Any]) -> list[str]:
    """What helps to place a passage at a glance: page, place, date."""
    facts = []
    for name, value in metadata.items():
        last = name.split(".")[-1]
        if value is None or value == [] or _shown(value) in MISSING_WORDS:
            continue
        if last in ("page_number", "page"):
            facts.append(f"p. {value}")
        elif last in ("geographies", "world_bank_region", "geography"):
            facts.append(_shown(value))
        elif last in ("publication_ts", "publication_date", "published_date"):
            facts.append(_day(str(value)))
    return facts


def _day(value: str) -> str:
    return value[:10] if re.match(r"\d{4}-\d{2}-\d{2}", value) else value


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_shown(each) for each in value)
    text = value if isinstance(value, str) else str(value)
    return re.sub(r"T00:00:00$", "", text).encode("utf-8", "replace").decode()
