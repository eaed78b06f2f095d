"""A passage as a card: what is highlighted, where it comes from, what else is known of it."""

import re
from dataclasses import dataclass
from typing import Any

from vibe_checker.reading.highlights import Piece, pieces
from vibe_checker.reading.predictions_file import PredictionsFile
from vibe_checker.reading.records import Record

# A page of 50 stays far below what Lambda hands back; the longest passages have a page
# to themselves.
_CHARACTERS = 4_000
_CHARACTERS_ALONE = 400_000
# What of a long passage is shown before its first highlight.
_BEFORE = 600
_DOCUMENTS = ("document_name", "document_title", "document_slug", "document_id")


@dataclass(frozen=True)
class Card:
    """One passage; `number` counts from 1 through the whole selection."""

    number: int
    id: str
    positive: bool
    probability: float | None
    similarity: float | None
    pieces: list[Piece]
    whole: bool
    before: int
    after: int
    document: str
    document_column: str
    facts: list[str]
    metadata: list[tuple[str, str]]
    spans: int


def card(file: PredictionsFile, row: int, number: int, alone: bool) -> Card:
    """The card of one line."""
    try:
        record = file.record(row)
    except ValueError:  # a line that pyarrow takes and Python does not, such as half an emoji
        record = Record("", "(this line cannot be shown)", [], None, None, {})
    return of_record(record, number, _CHARACTERS_ALONE if alone else _CHARACTERS)


def of_record(record: Record, number: int, characters: int = _CHARACTERS) -> Card:
    """The card of one record, with so many characters of its text."""
    text = record.text.encode("utf-8", "replace").decode()
    start, stop = _window(record, characters)
    shifted = [
        span._replace(start=span.start - start, end=span.end - start) for span in record.spans
    ]
    document_column, document = _document(record.metadata)
    spans = record.spans
    return Card(
        number=number,
        id=record.id,
        positive=record.positive,
        probability=record.probability,
        similarity=record.similarity,
        pieces=pieces(text[start:], [s for s in shifted if s.end > 0], stop - start),
        whole=len(spans) == 1 and spans[0].start == 0 and spans[0].end >= len(text),
        before=start,
        after=len(text) - stop,
        document=document,
        document_column=document_column,
        facts=_facts(record.metadata),
        metadata=[(name, _shown(value)) for name, value in sorted(record.metadata.items())],
        spans=len(spans),
    )


def _window(record: Record, characters: int) -> tuple[int, int]:
    """Which part of the text is shown: from its start, or from a little before the first span."""
    start = 0
    if len(record.text) > characters and record.spans and record.spans[0].start > characters - 200:
        start = record.spans[0].start - _BEFORE
    return start, min(start + characters, len(record.text))


def _document(metadata: dict[str, Any]) -> tuple[str, str]:
    for ending in _DOCUMENTS:
        for name, value in metadata.items():
            if (
                name.split(".")[-1] == ending
                and isinstance(value, str)
                and value not in ("", "None")
            ):
                return name, value
    return "", ""


def _facts(metadata: dict[str, Any]) -> list[str]:
    """What helps to place a passage at a glance: page, place, date."""
    facts = []
    for name, value in metadata.items():
        last = name.split(".")[-1]
        if value in (None, "", "None", "nan", "NaT") or value == []:
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
