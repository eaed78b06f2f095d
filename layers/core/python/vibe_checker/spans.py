"""A span: a stretch of a passage that expresses a concept."""

from collections.abc import Iterable
from typing import NamedTuple


class Span(NamedTuple):
    """Characters `start` to `end` (exclusive) of a passage's raw text, in Python code points.

    `probability` is the classifier's confidence in it, None where the classifier has none.
    """

    start: int
    end: int
    probability: float | None = None


def merge(spans: Iterable[Span]) -> list[Span]:
    """Sorted spans with those that overlap joined into one; touching ones stay apart.

    One sweep after the sort, so chains of overlaps always end up in one span. A joined span
    keeps the highest probability of its parts.
    """
    merged: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            known = [p for p in (last.probability, span.probability) if p is not None]
            merged[-1] = Span(last.start, max(last.end, span.end), max(known, default=None))
        else:
            merged.append(span)
    return merged


def without_overlaps(spans: Iterable[Span], unwanted: Iterable[Span]) -> list[Span]:
    """Those of `spans`, sorted, that share no character with any of `unwanted`."""
    walls = merge(unwanted)
    kept: list[Span] = []
    wall = 0
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        while wall < len(walls) and walls[wall].end <= span.start:
            wall += 1
        if wall == len(walls) or walls[wall].start >= span.end:
            kept.append(span)
    return kept
