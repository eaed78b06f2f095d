"""Candidates → predictions.jsonl by labels, in seconds of CPU."""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa

from benchmarks.data import shard, texts
from benchmarks.measure import Row, Task, chart, medians
from vibe_checker import passages, predictions
from vibe_checker.classifiers.keyword import KeywordClassifier, KeywordMatcher
from vibe_checker.concept import Concept

PASSAGES = 10_000
# What some data sets have; the demo's are of 230.
_MEDIAN_LENGTH = 520


def measure(rounds: int, quick: bool) -> list[Row]:
    """12 and 3,000 labels, beside `re`; a passage that is nothing but matches; how costs grow."""
    staged = texts(PASSAGES, _MEDIAN_LENGTH)
    body = shard(staged)
    labels = _labels(staged, 3_000)
    few, many = _concept(labels[:12]), _concept(labels)
    tasks = {
        "ours, 12 labels": ours(body, few),
        "ours, 3,000 labels": ours(body, many),
        "re, 12 labels": by_re(body, few),
    }
    found = _seconds(tasks, rounds)
    if not quick:  # half a minute
        found |= _seconds({"re, 3,000 labels": by_re(body, many)}, 1)
    mean = sum(map(len, staged)) / len(staged)
    positives = KeywordClassifier(few).predict(passages.from_bytes(body)).positives
    share = 100 * positives / len(staged)
    what = (
        f"Keywords, {PASSAGES:,} passages of {mean:.0f} characters to JSONL, {share:.0f} % match"
        " (CPU)"
    )
    base = found["ours, 12 labels"]
    kept = {
        "ours, 12 labels": ("≤ 0.2 s", base <= 0.2),
        "ours, 3,000 labels": ("≤ 3 × 12 labels", found["ours, 3,000 labels"] <= 3 * base),
    }
    rows = [
        Row(what, how, seconds, "s", seconds / base, *kept.get(how, ("", None)))
        for how, seconds in found.items()
    ]
    return [*rows, _dense(rounds), *_growth(staged, labels, rounds, quick)]


def ours(body: bytes, concept: Concept) -> Callable[[], bytes]:
    """The handler's own path, from a shard's bytes to those of its lines."""
    classifier = KeywordClassifier(concept)

    def run() -> bytes:
        candidates = passages.from_bytes(body)
        found = classifier.predict(candidates)
        return b"".join(predictions.lines(candidates, found, concept.wikibase_id))

    return run


def by_re(body: bytes, concept: Concept) -> Callable[[], str]:
    """The plain way: one alternation per passage, spans and records as dicts, json."""
    labels = sorted(concept.all_labels, key=len, reverse=True)
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, labels))})\b", re.IGNORECASE)

    def run() -> str:
        lines = []
        for row in passages.from_bytes(body).to_pylist():
            spans = [
                {"start_index": m.start(), "end_index": m.end(), "labelled_text": m.group()}
                for m in pattern.finditer(row["text"])
            ]
            metadata = json.loads(row.pop("metadata"))
            lines.append(json.dumps({**row, "metadata": metadata, "spans": spans}))
        return "\n".join(lines)

    return run


def _dense(rounds: int) -> Row:
    matcher = KeywordMatcher(["tax"], [])
    text = pa.array(["tax " * 1_600], pa.large_string())
    milliseconds = 1000 * _one(lambda: matcher.find(text), max(rounds, 5))
    what = "Keywords, one passage of 6 kB with 1,600 matches (CPU)"
    return Row(what, "ours", milliseconds, "ms", None, "milliseconds", milliseconds < 10)


def _growth(staged: list[str], labels: list[str], rounds: int, quick: bool) -> list[Row]:
    concept = _concept(labels[:12])
    by_candidates, by_labels, by_concepts = {}, {}, {}
    for number in (1_000, 10_000, 100_000)[: 2 if quick else 3]:
        repeated = (staged * (number // len(staged) + 1))[:number]
        by_candidates[number] = _one(ours(shard(repeated), concept), rounds)
    body = shard(staged)
    for number in (1, 10, 100, 1_000, 3_000):
        by_labels[number] = _one(ours(body, _concept(labels[:number])), rounds)
    small = shard(staged[:100])
    for number in (1, 10, 100, 1_000):
        concepts = [_concept(labels[:12], place) for place in range(number)]
        by_concepts[number] = _one(lambda c=concepts: [ours(small, each)() for each in c], 1)  # type: ignore[misc]
    return [
        Row("Keywords, by candidates", "ours", 0, "s", chart=chart(by_candidates)),
        Row(f"Keywords, by labels ({PASSAGES:,})", "ours", 0, "s", chart=chart(by_labels)),
        Row("Keywords, by concepts (100 each)", "ours", 0, "s", chart=chart(by_concepts)),
    ]


def _seconds(tasks: Mapping[str, Task], rounds: int) -> dict[str, float]:
    """Of CPU."""
    return {name: each.cpu for name, each in medians(tasks, rounds).items()}


def _one(task: Task, rounds: int) -> float:
    return _seconds({"ours": task}, rounds)["ours"]


def _labels(staged: list[str], number: int) -> list[str]:
    """Labels that about a third of the passages have; beyond 12 the others are mostly rare.

    As subconcepts' are: pairs of words that do occur, but seldom side by side.
    """
    words = Counter(word for text in staged[:2_000] for word in set(re.findall("[a-z]{5,}", text)))
    found = [word for word, times in words.most_common() if times < 80][:12]
    draw = np.random.default_rng(1)
    ranked = np.array(sorted(words))
    while len(found) < number:
        found += [" ".join(pair) for pair in draw.choice(ranked, (number, 2)).tolist()]
    return found[:number]


def _concept(labels: list[str], number: int = 0) -> Concept:
    return Concept(
        wikibase_id=f"Q{number + 1}",
        preferred_label=labels[0],
        alternative_labels=tuple(labels[1:]),
        negative_labels=("carbon tax relief",),
    )
