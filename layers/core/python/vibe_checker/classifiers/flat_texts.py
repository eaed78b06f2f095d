"""A column of texts made ready to be searched in one pass.

What sets words apart differs from document to document: spaces, line breaks, hyphens, dashes.
Here each run of them is one space, and all the texts stand in one run of bytes:

    raw     "Net–zero,  by 2050"  │ "Carbon tax"
    cased    Net zero, by 2050       Carbon tax       one bytes object, nothing between
    folded   net zero, by 2050       carbon tax

Search `folded`, hold finds against `cased`, and `raw_spans` says where in its text a find stands.
"""

import re
from bisect import bisect_right
from itertools import accumulate
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vibe_checker.spans import Span

Places = np.ndarray[Any, np.dtype[np.int64]]
Flags = np.ndarray[Any, np.dtype[np.bool_]]

# Whitespace as Python's str knows it (Arrow's \s is ASCII), hyphen, en and em dash. Only runs and
# what takes several bytes is left to Arrow; a translation of single bytes takes a fifth as long.
_WIDE = r"\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}–—\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}"
_ODD_SEPARATORS = rf"[\t-\r\x1c-\x1f \-{_WIDE}]{{2,}}|[{_WIDE}]"
_SPACED = bytes.maketrans(b"\t\n\v\f\r\x1c\x1d\x1e\x1f-", b" " * 10)
_SEPARATORS = re.compile(r"[\s\-–—]+")
_RUNS = re.compile(r"[\s\-–—]{2,}")

# What a byte says of the character it is part of.
_OTHER, _WORD, _WIDE_PART = 0, 1, 2
_KIND = np.array([int(chr(b).isalnum() or chr(b) == "_") for b in range(128)] + [2] * 128, np.uint8)

# Letters that Python's re takes for a plain one where it ignores case.
_PLAIN = str.maketrans({"İ": "i", "ı": "i", "ſ": "s", "\N{KELVIN SIGN}": "k"})
_LOOKALIKES = {chr(letter).encode(): plain.encode() for letter, plain in _PLAIN.items()}


def normal(text: str) -> str:
    """`text` with its separators as single spaces, none at its ends."""
    return _spaced(text).strip(" ")


def _spaced(text: str) -> str:
    return _SEPARATORS.sub(" ", text)


def folded(text: str) -> bytes:
    """A normal text as it reads in `FlatTexts.folded`."""
    return text.translate(_PLAIN).encode().lower()


class FlatTexts:
    """`cased` and `folded` as above; `starts`, int64 [texts + 1], is where each text begins.

    Folded are A to Z, and the few letters that count as a plain one; these in `cased` too, so
    that both are of one length.
    """

    def __init__(self, texts: pa.LargeStringArray) -> None:
        """The texts, none of them null; 7 MB of them take 40 ms."""
        flat = pc.replace_substring_regex(texts, pattern=_ODD_SEPARATORS, replacement=" ")
        starts, cased = _starts(flat), bytes(flat.buffers()[2] or b"")
        wide = _wide_bytes(cased)
        self._strange: dict[int, str] = {}
        for letter, plain in _LOOKALIKES.items():
            places = _places(letter, cased, wide)
            if len(places):
                rows = np.searchsorted(starts, places, side="right") - 1
                self._strange |= {row: _spaced(flat[row].as_py()) for row in rows.tolist()}
                starts = starts - (len(letter) - 1) * np.searchsorted(places, starts)
                cased = _replaced(cased, places, len(letter), plain)
                wide = _wide_bytes(cased)
        self.starts, self.cased = starts, cased.translate(_SPACED)
        self.folded = self.cased.lower()
        self._raw = texts
        # Each character has one byte that is no continuation.
        self._continuations = wide[np.frombuffer(cased, np.uint8)[wide] < 0xC0]
        self._has_runs = pc.utf8_length(texts).to_numpy() > np.diff(self._characters(starts))

    def bounded(self, rows: Places, starts: Places, ends: Places) -> Flags:
        """Whether no word character of its text stands right before or behind: bool [finds].

        `rows` are the texts' numbers, `starts` and `ends` places in `cased`.
        """
        letters = np.frombuffer(self.cased + b" ", np.uint8)
        inner_start = starts > self.starts[rows]
        inner_end = ends < self.starts[rows + 1]
        before, behind = _KIND[letters[starts - 1]], _KIND[letters[ends]]
        free: Flags = ~((inner_start & (before == _WORD)) | (inner_end & (behind == _WORD)))
        wide = (inner_start & (before == _WIDE_PART)) | (inner_end & (behind == _WIDE_PART))
        for find in np.flatnonzero(free & wide).tolist():
            free[find] = not (
                (inner_start[find] and self._word_before(int(starts[find])))
                or (inner_end[find] and self._word_at(int(ends[find])))
            )
        return free

    def _word_before(self, place: int) -> bool:
        # A character takes at most 4 bytes; what is cut off at the other end is ignored.
        return _is_word(self.cased[max(0, place - 4) : place].decode(errors="ignore")[-1])

    def _word_at(self, place: int) -> bool:
        return _is_word(self.cased[place : place + 4].decode(errors="ignore")[0])

    def reads(self, row: int, start: int, end: int) -> bytes:
        """What text number `row` really has at these places of `cased`."""
        if row not in self._strange:
            return self.cased[start:end]
        line, begin = self._strange[row], int(self.starts[row])
        first = len(self.cased[begin:start].decode())
        return line[first : first + len(self.cased[start:end].decode())].encode()

    def within(self, rows: Places, places: Places) -> Places:
        """Places of `cased` as code points of the flat texts, counted from each text's start."""
        return self._characters(places) - self._characters(self.starts[rows])

    def raw_spans(self, row: int, spans: list[Span]) -> list[Span]:
        """Spans over the flat text number `row`, sorted and apart, as spans over the raw one.

        Linear in the text and the spans.
        """
        return _behind_runs(self._raw[row].as_py(), spans) if self._has_runs[row] else spans

    def _characters(self, places: Places) -> Places:
        return places - np.searchsorted(self._continuations, places)


def _wide_bytes(body: bytes) -> Places:
    """Where the bytes of non-ASCII characters stand: they are few, so what asks them is quick."""
    return np.flatnonzero(np.frombuffer(body, np.int8) < 0)


def _places(letter: bytes, body: bytes, wide: Places) -> Places:
    """Where the non-ASCII `letter` stands in `body`, whose wide bytes stand at `wide`."""
    # At the very end of the body there is room for the first byte alone.
    letters = np.frombuffer(body + bytes(len(letter)), np.uint8)
    for ahead, byte in enumerate(letter):
        wide = wide[letters[wide + ahead] == byte]
    return wide


def _replaced(body: bytes, places: Places, length: int, by: bytes) -> bytes:
    """`body` with `by` for the `length` bytes at each of `places`."""
    starts, ends = [0, *(places + length).tolist()], [*places.tolist(), len(body)]
    return by.join(body[start:end] for start, end in zip(starts, ends, strict=True))


def _behind_runs(text: str, spans: list[Span]) -> list[Span]:
    """Spans over `text` with its runs of separators as one character each, as over itself.

    After each run the text is that much ahead of what is left of it; an end belongs to the
    character before it.
    """
    runs = [(match.start(), match.end() - match.start()) for match in _RUNS.finditer(text)]
    lost = [0, *accumulate(length - 1 for _, length in runs)]
    after = [start - before + 1 for (start, _), before in zip(runs, lost, strict=False)]
    return [
        Span(start + lost[bisect_right(after, start)], end + lost[bisect_right(after, end - 1)])
        for start, end, _ in spans
    ]


def _starts(texts: pa.LargeStringArray) -> Places:
    if not len(texts):
        return np.zeros(1, np.int64)
    return np.frombuffer(texts.buffers()[1], np.int64)[: len(texts) + 1]


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"
