"""Cut a passage into what is highlighted and what is not, by raw-text offsets.

A long passage is shown as excerpts: what stands around its marks, as far as there is room.
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from vibe_checker.spans import Span, merge

# What is shown before and behind a mark of a long passage: some lines to understand it by.
_AROUND = 400


class Part(NamedTuple):
    """A stretch of text; `hit` says whether the search found it."""

    text: str
    hit: bool


class Piece(NamedTuple):
    """A stretch of a passage; `span` says why it is highlighted, None where it is not.

    `skipped` is how many characters before it are left out.
    """

    parts: list[Part]
    span: Span | None
    skipped: int = 0


def find(text: str, wanted: str, *, match_case: bool) -> list[Span]:
    """Every place of `wanted` in `text`, literally and in linear time."""
    if not wanted:
        return []
    if not match_case:
        text, wanted = _lower(text), _lower(wanted)
    found, place = [], text.find(wanted)
    while place >= 0:
        found.append(Span(place, place + len(wanted)))
        place = text.find(wanted, place + len(wanted))
    return found


def _lower(text: str) -> str:
    """In small letters, each character still where it was (a dotted capital I becomes two)."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


def excerpts(length: int, marks: Iterable[Span], room: int) -> list[Span]:
    """Which stretches of a text of `length` characters to show, at most `room` characters in all.

    All of it, or else what stands around its first marks, or its beginning where it has none.
    """
    if length <= room:
        return [Span(0, length)]
    ordered = sorted(marks, key=lambda mark: mark.start)
    around = (Span(max(m.start - _AROUND, 0), min(m.end + _AROUND, length)) for m in ordered)
    shown = []
    for stretch in merge(around) or [Span(0, length)]:
        shown.append(Span(stretch.start, min(stretch.end, stretch.start + room)))
        room -= shown[-1].end - shown[-1].start
        if room <= 0:
            break
    return shown


def pieces(text: str, spans: list[Span], shown: list[Span], hits: list[Span]) -> list[Piece]:
    """The stretches `shown` of `text`, cut at the borders of spans; all lists sorted, separate.

    Put together again they are those characters: nothing is lost, added or escaped here. What a
    span names beyond the text is left out.
    """
    cut: list[Piece] = []
    before = 0
    for stretch in shown:
        place, skipped = stretch.start, stretch.start - before
        for span in [*_within(spans, stretch), None]:
            start, stop = (span.start, span.end) if span else (stretch.end, stretch.end)
            if start > place:
                cut.append(Piece(_parts(text, place, start, hits), None, skipped))
                skipped = 0
            if span:
                cut.append(Piece(_parts(text, start, stop, hits), span, skipped))
                skipped = 0
            place = stop
        before = stretch.end
    return cut


def _parts(text: str, start: int, stop: int, hits: list[Span]) -> list[Part]:
    """The characters from `start` to `stop`, cut at the borders of hits."""
    parts, place = [], start
    for hit in _within(hits, Span(start, stop)):
        if hit.start > place:
            parts.append(Part(text[place : hit.start], False))
        parts.append(Part(text[hit.start : hit.end], True))
        place = hit.end
    if stop > place:
        parts.append(Part(text[place:stop], False))
    return parts


def _within(spans: list[Span], stretch: Span) -> list[Span]:
    """The spans that share characters with a stretch, cut to it."""
    first = max(bisect_right(spans, stretch.start, key=lambda span: span.start) - 1, 0)
    found = []
    for place in range(first, len(spans)):
        span = spans[place]
        if span.start >= stretch.end:
            break
        start, end = max(span.start, stretch.start), min(span.end, stretch.end)
        if start < end:
            found.append(span._replace(start=start, end=end))
    return found
