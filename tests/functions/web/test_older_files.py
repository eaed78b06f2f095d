"""Files uploaded by hand, in the older format, with what such files hold of irregular lines."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from functions.web.auth.gates import OpenGate
from tests.functions.web.conftest import Ask, asking
from vibe_checker.bucket import Bucket

PREFIX = "Q90/handmade/"
PAGE = "/concepts/Q90/classifiers/handmade"
API = f"/api{PAGE}/predictions"


def older(passage_id: str, text: str, **metadata: str) -> dict[str, Any]:
    """A line as the older system wrote it: offsets, HTML beside them, metadata all text."""
    start = text.find("levy")
    span = {"text": text, "start_index": start, "end_index": start + 4, "concept_id": "Q90"}
    return {
        "id": passage_id,
        "text": text,
        "marked_up_text": f"<span class='x'>{text}</span><script>alert(1)</script>",
        "spans": [span] if start >= 0 else [],
        "metadata": metadata,
    }


LINES: list[dict[str, Any]] = [
    older("a", "a levy of 125 a tonne", similarity="0.71", year="2019-05-01", region="Asia"),
    older("b", "a price of 1.5", similarity="0.4", year="2023-02-30", region="nan"),
    older("c", "a levy, & <b>more</b>", similarity="nan", year="None", region="None"),
    older("d", "nothing", similarity="0.5", year="2020-01-01T00:00:00+05:00", region="Asia"),
    older("e", "another levy", similarity="0.6", year="2001-12-31", region="Africa"),
    {"id": "f", "text": "a levy without metadata", "spans": []},
]
BROKEN = [b'{"id": "cut off', b"[]", b'{"id": "no text"}', b"null"]


@pytest.fixture(scope="module")
def ask(bucket: Bucket) -> Iterator[Ask]:
    whole = [json.dumps(line).encode() for line in LINES]
    bucket.write(PREFIX + "predictions.jsonl", b"\n".join([*BROKEN, b"", *whole]))
    classifier = {"id": "handmade", "name": "by hand", "date": "2025-01-31"}
    bucket.write_json(PREFIX + "classifier.json", classifier)
    yield asking(bucket, OpenGate())
    for name in ("predictions.jsonl", "classifier.json"):
        bucket.client.delete_object(Bucket=bucket.name, Key=PREFIX + name)


def found(ask: Ask, query: str = "") -> list[str]:
    answer = ask(f"{API}?{query}")
    assert answer.status == 200, answer.text
    return [each["id"] for each in answer.json()["predictions"]]


def test_broken_lines_cost_themselves_and_are_counted(ask: Ask) -> None:
    assert found(ask) == list("abcdef")
    assert ask(API).json()["broken_lines"] == len(BROKEN)
    assert "4 lines of predictions.jsonl could not be read and are left out" in ask(PAGE).text


def test_the_text_is_shown_and_never_the_html_beside_it(ask: Ask) -> None:
    page = ask(PAGE).text
    assert "a <mark>levy</mark>, &amp; &lt;b&gt;more&lt;/b&gt;" in page
    assert "alert(1)" not in page


@pytest.mark.parametrize(
    ("text", "passages"), [("1.5", ["b"]), ("125", ["a"]), (".", ["b"]), ("(a+)+$", [])]
)
def test_a_search_finds_what_was_typed_and_nothing_else(
    ask: Ask, text: str, passages: list[str]
) -> None:
    assert found(ask, f"text={text.replace('+', '%2B')}") == passages


@pytest.mark.parametrize(
    ("query", "passages"),
    [
        ("from.year=2019-01-01", ["a", "d"]),
        ("from.year=2020-01-01&to.year=2020-01-01", ["d"]),
        ("to.year=2019-12-31", ["a", "e"]),
        ("unknown.year=1", ["b", "c", "f"]),
    ],
)
def test_what_is_no_date_passes_no_range_of_dates(
    ask: Ask, query: str, passages: list[str]
) -> None:
    assert found(ask, query) == passages


def test_words_for_nothing_are_no_values(ask: Ask) -> None:
    assert found(ask, "unknown.region=1") == ["b", "c", "f"]
    assert 'value="nan"' not in ask(PAGE).text
    assert found(ask, "similarity_from=-1") == ["a", "b", "d", "e"]


def test_a_concept_without_its_file_is_called_by_its_id(ask: Ask) -> None:
    assert ask("/concepts/Q90").status == 200
    assert "<h1>Q90" in ask(PAGE).text


def test_predictions_that_are_not_there_are_told_as_such(ask: Ask, bucket: Bucket) -> None:
    bucket.write_json("Q91/handmade/classifier.json", {"id": "handmade"})
    answer = ask("/concepts/Q91/classifiers/handmade")
    assert answer.status == 404
    assert "Q91/handmade/predictions.jsonl" in answer.text
    bucket.client.delete_object(Bucket=bucket.name, Key="Q91/handmade/classifier.json")


def test_a_file_without_a_line_says_so(ask: Ask, bucket: Bucket) -> None:
    bucket.write("Q92/handmade/predictions.jsonl", b"")
    bucket.write_json("Q92/handmade/classifier.json", {"id": "handmade"})
    answer = ask("/concepts/Q92/classifiers/handmade")
    assert answer.status == 200
    assert "No passages" in answer.text
    bucket.client.delete_object(Bucket=bucket.name, Key="Q92/handmade/classifier.json")
