"""Find a concept by its labels.

The rules: a label with an uppercase or non-ASCII character matches case-sensitively, any other in
any case; runs of whitespace, hyphens, en and em dashes are interchangeable; no word character
stands right before or behind a match. Each of the two kinds of label is matched from left to
right, the longest first and without overlaps. Positive matches that touch a negative match are
dropped, what remains is merged. A negative label equal to a positive one loses.

One pass over all passages whatever the number of labels: an Aho-Corasick automaton finds every
label in the folded texts, and each hit is held against the text itself.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from itertools import chain, groupby
from operator import itemgetter
from typing import NamedTuple

import ahocorasick_rs
import numpy as np
import pyarrow as pa

from vibe_checker.classifiers.flat_texts import Flags, FlatTexts, Places, folded, normal
from vibe_checker.concept import Concept
from vibe_checker.identifiers import KEYWORD
from vibe_checker.predictions import Card, Predictions, Spans
from vibe_checker.spans import Span, merge, without_overlaps

# Part of a classifier's id: raise it when the rules above change.
_RULES = 1

# The table of a deterministic automaton halves the time of a pass and takes some 250 bytes for
# each byte of the labels: 3,000 labels of 16 characters take 12 MB, more than this 125 MB.
_MOST_BYTES_IN_TABLE = 500_000


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

    def predict(self, candidates: pa.Table) -> Predictions:
        """The label matches in each candidate's text; labels give no probability."""
        return Predictions(len(candidates), self._matcher.find(candidates["text"].combine_chunks()))


class _Label(NamedTuple):
    """What a hit must be held against: `exact` is its text, None where case is ignored."""

    exact: bytes | None
    negative: bool

    @property
    def rank(self) -> int:
        """One number for each kind of label: [positive, negative] × [any case, exact case]."""
        return 2 * self.negative + (self.exact is not None)


class _Hits(NamedTuple):
    """Occurrences of labels: arrays of one length, sorted by start, the longest first.

    `rows` are numbers of texts, `starts` and `ends` code points of them, `ranks` as _Label.rank.
    """

    rows: Places
    starts: Places
    ends: Places
    ranks: Places


class KeywordMatcher:
    """Positive and negative labels, ready to be found in any number of texts."""

    def __init__(self, positive: Collection[str], negative: Collection[str]) -> None:
        """Labels that are blank or hold nothing but separators are left out."""
        wanted = {normal(label) for label in positive}
        labels: dict[bytes, set[_Label]] = defaultdict(set)
        for label in positive:
            labels[folded(normal(label))].add(_Label(_exact(label), negative=False))
        for label in negative:
            if normal(label) not in wanted:
                labels[folded(normal(label))].add(_Label(_exact(label), negative=True))
        labels.pop(b"", None)
        self._labels = [sorted(each, key=lambda label: label.rank) for each in labels.values()]
        self._rank = np.array([_only_rank(each) for each in self._labels] or [_LOOK], np.int64)
        small = sum(map(len, labels)) <= _MOST_BYTES_IN_TABLE
        self._automaton = ahocorasick_rs.BytesAhoCorasick(
            list(labels), implementation=ahocorasick_rs.Implementation.DFA if small else None
        )

    def find(self, texts: pa.LargeStringArray) -> Spans:
        """The merged spans of the positive labels in each text, as offsets into it."""
        hits = self._hits(FlatTexts(texts))
        plain = ~_is_contested(hits, len(texts))[hits.rows]
        contested = _Hits(*(column[~plain] for column in hits))
        settled = np.array(list(_settled(contested)), np.int64).reshape(-1, 3)
        found = np.concatenate([np.stack(hits[:3], axis=1)[plain], settled])
        return Spans(*found[np.argsort(found[:, 0], kind="stable")].T)

    def _hits(self, texts: FlatTexts) -> _Hits:
        """Every label's every occurrence, with free ends and in the case it asks for."""
        listed = self._automaton.find_matches_as_indexes(texts.folded, overlapping=True)
        flat = np.fromiter(chain.from_iterable(listed), np.int64, 3 * len(listed))
        numbers, starts, ends = flat.reshape(-1, 3).T
        rows = np.searchsorted(texts.starts, starts, side="right") - 1
        # What begins in one text and ends in the next is no find.
        good = (ends <= texts.starts[rows + 1]) & texts.bounded(rows, starts, ends)
        numbers, rows, starts, ends = (each[good] for each in (numbers, rows, starts, ends))
        ranks = self._rank[numbers]
        found = np.array([rows, starts, ends, ranks])[:, ranks != _LOOK]
        looked = self._looked_at(texts, np.array([numbers, rows, starts, ends])[:, ranks == _LOOK])
        found = np.concatenate([found, looked], axis=1)
        rows, starts, ends, ranks = found[:, np.lexsort((-found[2], found[1]))]
        return _Hits(rows, texts.characters(rows, starts), texts.characters(rows, ends), ranks)

    def _looked_at(self, texts: FlatTexts, hits: Places) -> Places:
        """Of hits int64 [(number, row, start, end), hits] those in the right case, by rank."""
        found = [
            (row, start, end, label.rank)
            for number, row, start, end in hits.T.tolist()
            for label in self._labels[number]
            if label.exact is None or texts.reads(start, end) == label.exact
        ]
        return np.array(found, np.int64).reshape(-1, 4).T


# In the place of a rank: each hit must be looked at.
_LOOK = -1


def _only_rank(labels: list[_Label]) -> int:
    """The rank of all hits of some labels with one folded form, if no hit needs looking at."""
    return labels[0].rank if len(labels) == 1 and labels[0].exact is None else _LOOK


def _exact(label: str) -> bytes | None:
    """The normal form that must be met to the letter, None where any case will do."""
    any_case = label.isascii() and label == label.lower()
    return None if any_case else normal(label).encode()


def _is_contested(hits: _Hits, texts: int) -> Flags:
    """Which texts' hits are not their spans as they are: negative labels among them, overlaps."""
    contested = np.zeros(texts, np.bool_)
    contested[hits.rows[hits.ranks >= 2]] = True
    same = hits.rows[1:] == hits.rows[:-1]
    contested[hits.rows[1:][same & (hits.starts[1:] < hits.ends[:-1])]] = True
    return contested


def _settled(hits: _Hits) -> Iterator[tuple[int, int, int]]:
    """What the rules above leave of each text's hits: (row, start, end)."""
    listed = zip(*(column.tolist() for column in hits), strict=True)
    for row, of_text in groupby(listed, key=itemgetter(0)):
        kinds: tuple[list[Span], ...] = ([], [], [], [])
        for _, start, end, rank in of_text:
            # Sorted by start, the longest first: whatever overlaps the one before was not chosen.
            if not kinds[rank] or start >= kinds[rank][-1].end:
                kinds[rank].append(Span(start, end))
        left = without_overlaps(kinds[0] + kinds[1], kinds[2] + kinds[3])
        yield from ((row, span.start, span.end) for span in merge(left))
