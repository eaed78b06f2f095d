"""The list of concepts: what it shows, what it reads for that."""

import re
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from functions.web.auth.gates import OpenGate
from tests.functions.web.conftest import Ask, asking
from vibe_checker.bucket import Bucket

COUNT = 110


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    """So many concepts, and more keys than S3 lists at a time."""
    with mock_aws():
        client = boto3.client(
            "s3", "us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        client.create_bucket(Bucket="outputs")
        bucket = Bucket(client, "outputs")
        for number in range(1, COUNT + 1):
            publish(bucket, number)
            for more in range(7):
                bucket.write(f"Q{number}/abcdefgh/{more}", b"")
        yield bucket


def publish(bucket: Bucket, number: int, **record: Any) -> None:
    prefix = f"Q{number}/abcdefgh/"
    concept = {"preferred_label": f"concept {number}", "description": f"number {number}"}
    bucket.write(prefix + "predictions.jsonl", b"")
    bucket.write_json(prefix + "concept.json", concept)
    counts = {"passages": 1000, "positives": number}
    classifier = {"id": "abcdefgh", "name": "keyword", "date": "2026-01-31", "counts": counts}
    told = {"concept": concept, **record}
    bucket.write_json(prefix + "classifier.json", {**classifier, **told})


@pytest.fixture
def reads(bucket: Bucket) -> Iterator[list[str]]:
    """The key of every object that is read."""
    keys: list[str] = []
    read = bucket.read

    def counting(key: str, version_id: str | None = None) -> bytes:
        keys.append(key)
        return read(key, version_id)

    bucket.read = counting  # type: ignore[method-assign]
    yield keys
    del bucket.read  # type: ignore[method-assign]


@pytest.fixture(scope="module")
def ask(bucket: Bucket) -> Ask:
    return asking(bucket, OpenGate())


def ids(ask: Ask, query: str = "") -> list[str]:
    return [each["id"] for each in ask(f"/api/concepts?page_size=200&{query}").json()["concepts"]]


def test_all_are_there_by_number_though_s3_lists_a_thousand_keys_at_a_time(ask: Ask) -> None:
    assert ids(ask) == [f"Q{number}" for number in range(1, COUNT + 1)]


def test_a_page_reads_the_files_of_its_own_concepts_alone(bucket: Bucket, reads: list[str]) -> None:
    assert asking(bucket, OpenGate())("/?page=2").status == 200
    assert {key.split("/")[0] for key in reads} == {f"Q{number}" for number in range(51, 101)}


def test_a_label_that_the_classifier_does_not_tell_is_read_from_the_concept(
    ask: Ask, bucket: Bucket, reads: list[str]
) -> None:
    publish(bucket, 1, concept=None)
    assert ask("/api/concepts?page_size=1").json()["concepts"][0]["label"] == "concept 1"
    assert reads == ["Q1/abcdefgh/classifier.json", "Q1/abcdefgh/concept.json"]
    publish(bucket, 1)


def test_a_second_look_reads_nothing_and_sees_what_is_new(
    ask: Ask, bucket: Bucket, reads: list[str]
) -> None:
    ids(ask, "q=number")
    reads.clear()
    publish(bucket, 7, counts={"passages": 10, "positives": 10})
    assert ids(ask, "sort=share")[0] == "Q7"
    assert reads == ["Q7/abcdefgh/classifier.json"]
    publish(bucket, 7)


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        ("id", "Q1"),
        ("id-down", "Q110"),
        ("label", "Q1"),
        ("label-down", "Q99"),
        ("share", "Q110"),
        ("share-up", "Q1"),
    ],
)
def test_it_is_sorted_both_ways(ask: Ask, sort: str, first: str) -> None:
    assert ids(ask, f"sort={sort}")[0] == first


@pytest.mark.parametrize("q", ["Q107", "concept 107", "NUMBER 107", " number 107 "])
def test_a_search_looks_at_id_label_and_description(ask: Ask, q: str) -> None:
    assert ids(ask, f"q={q.replace(' ', '+')}") == ["Q107"]


def test_the_head_of_a_column_turns_its_order_round(ask: Ask) -> None:
    assert "?sort=share-up" in ask("/?sort=share").text
    assert 'aria-sort="descending"' in ask("/?sort=share").text
    assert re.search(r'href="\?sort=id-down"', ask("/").text)


def test_a_file_that_is_missing_or_broken_costs_its_own_row_alone(ask: Ask, bucket: Bucket) -> None:
    publish(bucket, 2, concept=None)
    bucket.client.delete_object(Bucket=bucket.name, Key="Q2/abcdefgh/concept.json")
    bucket.write("Q3/abcdefgh/classifier.json", b"{")
    page = ask("/").text
    assert ">Q2</a>" in page
    assert "abcdefgh cannot be read" in page
    assert "concept 4" in page
    assert ask("/concepts/Q2").status == 200
    assert "Q3/abcdefgh/classifier.json is not valid JSON" in ask("/concepts/Q3").text
    publish(bucket, 2)
    publish(bucket, 3)


@pytest.mark.parametrize("code", ["AccessDenied", "InvalidArgument"])
def test_what_may_not_be_read_costs_its_own_row_alone(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    read = bucket.read

    def denying(key: str, version_id: str | None = None) -> bytes:
        if key.startswith("Q2/"):
            raise ClientError({"Error": {"Code": code}}, "GetObject")
        return read(key, version_id)

    monkeypatch.setattr(bucket, "read", denying)
    page = asking(bucket, OpenGate())("/")
    assert page.status == 200
    assert "abcdefgh cannot be read" in page.text
    assert "concept 3" in page.text


def test_what_has_no_classifier_file_is_not_published(ask: Ask, bucket: Bucket) -> None:
    bucket.write("Q999/abcdefgh/predictions.jsonl", b"")
    assert ids(ask, "q=Q999") == []
    assert ask("/concepts/Q999").status == 404
