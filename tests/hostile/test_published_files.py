"""Predictions files that others wrote or spoilt, as the page and the command read them."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hostile import tasks
from tests.hostile.conftest import Sandbox, mutated
from vibe_checker.bucket import Bucket
from vibe_checker.errors import VibeCheckerError
from vibe_checker.reading import records
from vibe_checker.reading.catalogue import Catalogue

LINES = [
    {
        "id": f"k3v9x2ma-{number}",
        "text": f"A carbon tax of {number} €\n applies.",
        "spans": [
            {
                "start_index": 2,
                "end_index": 12,
                "labelled_text": "carbon tax",
                "prediction_probability": 0.5 + number / 100,
                "concept_id": "Q69",
            }
        ][: number % 2],
        "prediction_probability": number / 30,
        "similarity": 0.7,
        "metadata": {
            "page": number,
            "published": f"2024-01-{number + 1:02}T00:00:00+05:00",
            "topics": ["a", "b"],
            "document": {"title": "x"},
        },
    }
    for number in range(20)
]
BODY = b"".join(orjson.dumps(line) + b"\n" for line in LINES)
KEYS = ["id", "text", "spans", "prediction_probability", "similarity", "metadata"]
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=10)
    | st.sampled_from(["2024-02-30", "nan", "0.5", "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=6,
)
SPANS = st.lists(
    st.dictionaries(st.sampled_from([*LINES[1]["spans"][0]]), JSON, max_size=5)  # type: ignore[index]
    | JSON,
    max_size=3,
)


@given(mutated(BODY))
def test_a_spoilt_file_is_read_as_far_as_it_can_be(
    sandbox: Sandbox, scratch: Path, body: bytes
) -> None:
    scratch.write_bytes(body)
    assert sandbox.outcome(tasks.read_predictions, scratch) == "result"


@given(
    st.lists(
        st.tuples(
            st.integers(0, len(LINES) - 1),
            st.dictionaries(st.sampled_from(KEYS), JSON | SPANS, max_size=3),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_lines_of_any_content_are_read_or_left_out(
    sandbox: Sandbox, scratch: Path, changes: list[tuple[int, dict[str, Any]]]
) -> None:
    lines = [dict(line) for line in LINES]
    for place, change in changes:
        lines[place].update(change)
    scratch.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert sandbox.outcome(tasks.read_predictions, scratch) == "result"


@given(st.binary(max_size=300) | JSON.map(lambda value: json.dumps(value).encode()))
def test_a_line_is_a_prediction_or_a_value_error(line: bytes) -> None:
    try:
        records.parse(line)
    except ValueError:
        pass


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 1_000_000,
        b'{"text": "a", "metadata": {"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}}",
        b'{"text": "a", "metadata": {"a": ' + b'{"a":' * 5_000 + b"1" + b"}" * 5_001 + b"}",
        b'{"text": "a", "similarity": NaN, "prediction_probability": ' + b"9" * 4_000 + b"}",
        b'{"text": "a", "similarity": ' + b"9" * 100_000 + b"}",
        b'{"text": "a", "spans": [{"start_index": ' + b"9" * 400 + b', "end_index": 5}]}',
        b'{"text": "a", "metadata": "page 4"}',
        b'{"text": "a", "metadata": [1, 2]}',
        b'{"text": "\\ud800", "metadata": {"\\ud800": "\\udfff"}}',
        b'{"text": "' + b"x" * 20_000_000 + b'"}',
        b"\xff\xfe" + BODY[:100],
        b"\0" * 1_000,
    ],
    ids=range(12),
)
def test_a_line_beyond_measure_costs_nothing_but_itself(
    sandbox: Sandbox, scratch: Path, line: bytes
) -> None:
    for body in (line, BODY + line + b"\n" + BODY, line + b"\n" + BODY):
        scratch.write_bytes(body)
        assert sandbox.outcome(tasks.read_predictions, scratch) == "result"


def test_many_lines_with_columns_of_their_own_are_read(sandbox: Sandbox, scratch: Path) -> None:
    lines = [{**LINES[0], "metadata": {f"column {n}": n}} for n in range(2_000)]
    scratch.write_bytes(b"\n".join(map(orjson.dumps, lines)))
    assert sandbox.outcome(tasks.read_predictions, scratch) == "result"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"[" * 100_000,
        b'{"versions": {"concept.json": "no such version"}}',
        b'{"versions": [1], "counts": 5, "threshold": "x", "name": {"a": 1}, "date": 5}',
        b'{"threshold": NaN, "counts": {"passages": -1, "positives": 1e99}}',
        b'{"versions": {"concept.json": "\\u0000/../x"}}',
    ],
)
def test_a_commit_mark_that_others_wrote_hides_nothing_else(bucket: Bucket, body: bytes) -> None:
    bucket.write("Q1/aaaaaaaa/classifier.json", b'{"name": "sound", "versions": {}}')
    bucket.write("Q1/aaaaaaaa/concept.json", b'{"preferred_label": "sound"}')
    bucket.write("Q2/bbbbbbbb/classifier.json", body)
    bucket.write("Q2/bbbbbbbb/concept.json", b"[")
    catalogue = Catalogue(bucket)
    concepts = catalogue.concepts(catalogue.published())
    assert [concept.label for concept in concepts] == ["sound", "Q2"]
    for concept in concepts:
        for classifier in concept.classifiers:
            assert isinstance(classifier.name + classifier.date + concept.description, str)
            assert classifier.threshold is not None
            try:
                Catalogue(bucket).predictions(classifier)
            except VibeCheckerError:
                pass
