"""One line of predictions.jsonl as it is shown: of our own format, or of the older one.

The older format carries `marked_up_text` beside spans with `start_index` and `end_index`, and its
metadata is text throughout. Offsets into the raw text are all that is needed of it: the HTML in it
is never shown.
"""

import math
from dataclasses import dataclass
from typing import Any

import orjson

from vibe_checker.parsing import json_value
from vibe_checker.spans import Span, merge


@dataclass(frozen=True)
class Record:
    """A passage and what a classifier said of it; numbers that are missing are None."""

    id: str
    text: str
    spans: list[Span]
    probability: float | None
    similarity: float | None
    metadata: dict[str, Any]

    @property
    def positive(self) -> bool:
        """Whether the classifier found the concept in it."""
        return bool(self.spans)


def parse(line: bytes) -> Record:
    """Read one line; raises ValueError for one that cannot be shown."""
    return from_json(loads(line))


def loads(line: bytes) -> Any:
    """A line's JSON; NaN, which older files spell, is read too. Raises ValueError."""
    try:
        return orjson.loads(line)
    except ValueError:
        return json_value(line)


def from_json(value: Any) -> Record:
    """A record from a line's JSON; raises ValueError for what is no prediction.

    A span that names no place costs its highlight alone: the passage can be read without it.
    """
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        raise ValueError("a prediction is an object with a text")
    metadata = value.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    spans = value.get("spans") or []
    if not isinstance(spans, list):
        raise ValueError("spans is no list")
    found = [span for span in map(_span, spans) if span]
    return Record(
        id=str(value.get("id") or ""),
        text=value["text"],
        spans=merge(span for span in found if span.start < span.end),
        probability=_probability(value.get("prediction_probability"), found),
        similarity=first_number(value.get("similarity"), metadata.get("similarity")),
        metadata=metadata,
    )


def first_number(*values: object) -> float | None:
    """The first of `values` that is a number, or text that spells one; NaN is none."""
    for value in values:
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            try:
                number = float(value)
            except (ValueError, OverflowError):
                continue
            if math.isfinite(number):
                return number
    return None


def _probability(stated: object, spans: list[Span]) -> float | None:
    known = [span.probability for span in spans if span.probability is not None]
    return first_number(stated, max(known, default=None))


def _span(value: Any) -> Span | None:
    place = value if isinstance(value, dict) else {}
    start, end = place.get("start_index"), place.get("end_index")
    if not isinstance(start, int) or not isinstance(end, int):
        return None
    return Span(max(start, 0), end, first_number(place.get("prediction_probability")))
