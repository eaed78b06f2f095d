"""Find a concept by its labels.

The rules: a label with an uppercase or non-ASCII character matches case-sensitively, any other in
any case; runs of whitespace, hyphens, en and em dashes are interchangeable; no word character
stands right before or behind a match. Each of the two kinds of label is matched from left to
right, the longest first and without overlaps. Positive matches that touch a negative match are
dropped, what remains is merged. A negative label equal to a positive one loses.

One pass over a passage whatever the number of labels: an Aho-Corasick automaton finds every label
in the folded text, and each hit is held against the text itself.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Sequence
from itertools import accumulate
from typing import NamedTuple

import ahocorasick_rs

from vibe_checker.concept import Concept
from vibe_checker.identifiers import KEYWORD
from vibe_checker.predictions import Card, Prediction
from vibe_checker.spans import Span, merge, without_overlaps

# Part of a classifier's id: raise it when the rules above change.
_RULES = 1

_SEPARATORS = re.compile(r"[\s\-–—]+")
_LONG_SEPARATORS = re.compile(r"[\s\-–—]{2,}")
_ODD_SEPARATOR = re.compile(r"[^\S ]|[-–—]")


class KeywordClassifier:
    """Finds a concept by its labels, its subconcepts' and, to leave out, its negative ones."""

    def __init__(self, concept: Concept) -> None:
        """Build the automaton; memory and time grow with the labels' total length."""
        labels, negative = concept.all_labels, concept.all_negative_labels
        self._matcher = KeywordMatcher(labels, negative)
        self.card = Card(
            name=KEYWORD,
            kind=KEYWORD,
            behaviour={
                "rules": _RULES,
                "labels": sorted(labels),
                "negative_labels": sorted(negative),
            },
        )

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        """The label matches in each text; labels give no probability."""
        return [Prediction(self._matcher.find(text), None) for text in texts]


class _Label(NamedTuple):
    """What a hit must be held against: `exact` is its text, None where case is ignored."""

    exact: str | None
    negative: bool


class KeywordMatcher:
    """Positive and negative labels, ready to be found in any number of texts."""

    def __init__(self, positive: Collection[str], negative: Collection[str]) -> None:
        """Labels that are blank or hold nothing but separators are left out."""
        wanted = {_normal(label) for label in positive}
        labels: dict[str, set[_Label]] = defaultdict(set)
        for label in positive:
            labels[_folded(_normal(label))].add(_Label(_exact(label), negative=False))
        for label in negative:
            if _normal(label) not in wanted:
                labels[_folded(_normal(label))].add(_Label(_exact(label), negative=True))
        labels.pop("", None)
        self._labels = list(labels.values())
        self._automaton = ahocorasick_rs.AhoCorasick(list(labels), store_patterns=False)

    def find(self, text: str) -> list[Span]:
        """The merged spans of the positive labels in `text`, as offsets into it."""
        flat, places = _flattened(text)
        hits = self._automaton.find_matches_as_indexes(_folded(flat), overlapping=True)
        if not hits:
            return []
        # One list for each kind of label: [positive, negative] × [any case, exact case].
        kinds: tuple[list[Span], ...] = ([], [], [], [])
        for label, start, end in hits:
            if _bounded(flat, start, end):
                for exact, negative in self._labels[label]:
                    if exact is None or flat[start:end] == exact:
                        kinds[2 * negative + (exact is not None)].append(Span(start, end))
        found = [_leftmost_longest(spans) for spans in kinds]
        spans = merge(without_overlaps(found[0] + found[1], found[2] + found[3]))
        return [Span(places.raw(s.start), places.raw_end(s.end)) for s in spans]


def _normal(label: str) -> str:
    """A label with its separators as single spaces, none at its ends."""
    return _SEPARATORS.sub(" ", label).strip(" ")


def _exact(label: str) -> str | None:
    """The normal form that must be met to the letter, None where any case will do."""
    any_case = label.isascii() and label == label.lower()
    return None if any_case else _normal(label)


def _folded(text: str) -> str:
    """Lower case, character by character, so that offsets stay.

    Beyond `str.lower` these read as a plain letter, as they do to a case-ignoring regular
    expression: long s, dotted and dotless i (the one character that `lower` lengthens). A final
    sigma is folded with the others, because what is final in a label may not be so in a text.
    """
    if text.isascii():
        return text.lower()
    lower = text.replace("İ", "i").lower()
    return lower.replace("ſ", "s").replace("ı", "i").replace("ς", "σ")


class _Places:
    """Where the characters of a flattened text stand in the raw one."""

    def __init__(self, runs: Sequence[tuple[int, int]]) -> None:
        # After each run of separators (start, length) the raw text is that much ahead.
        self._lost = [0, *accumulate(length - 1 for _, length in runs)]
        self._after = [start - lost + 1 for (start, _), lost in zip(runs, self._lost, strict=False)]

    def raw(self, place: int) -> int:
        return place + self._lost[bisect_right(self._after, place)]

    def raw_end(self, end: int) -> int:
        return self.raw(end - 1) + 1


def _flattened(text: str) -> tuple[str, _Places]:
    """The text with each run of separators as one space."""
    flat = _ODD_SEPARATOR.sub(" ", text)
    if "  " not in flat:
        return flat, _Places(())
    runs = [(m.start(), m.end() - m.start()) for m in _LONG_SEPARATORS.finditer(flat)]
    return _LONG_SEPARATORS.sub(" ", flat), _Places(runs)


def _bounded(text: str, start: int, end: int) -> bool:
    """Whether no word character stands right before `start` or at `end`."""
    return not (start and _is_word(text[start - 1])) and not (
        end < len(text) and _is_word(text[end])
    )


def _is_word(character: str) -> bool:
    return character.isalnum() or character == "_"


def _leftmost_longest(spans: list[Span]) -> list[Span]:
    """From left to right the longest match at each place, none overlapping the one before."""
    chosen: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if not chosen or span.start >= chosen[-1].end:
            chosen.append(span)
    return chosen
