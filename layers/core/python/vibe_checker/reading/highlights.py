"""Cut a passage into what is highlighted and what is not, by raw-text offsets."""

from typing import NamedTuple

from vibe_checker.spans import Span


class Piece(NamedTuple):
    """A stretch of a passage; `span` says why it is highlighted, None where it is not."""

    text: str
    span: Span | None


def pieces(text: str, spans: list[Span], limit: int) -> list[Piece]:
    """The first `limit` characters of `text`, cut at the borders of sorted, separate spans.

    Put together again they are those characters: nothing is lost, added or escaped here. What a
    span names beyond the text is left out.
    """
    cut: list[Piece] = []
    place, end = 0, min(limit, len(text))
    for span in spans:
        start, stop = min(span.start, end), min(span.end, end)
        if stop <= start:
            continue
        if start > place:
            cut.append(Piece(text[place:start], None))
        cut.append(Piece(text[start:stop], span))
        place = stop
    if place < end:
        cut.append(Piece(text[place:end], None))
    return cut
