"""What is downloaded is all of what is filtered, however large, and never a mix of two files."""

import csv
import io
import json
import re
from urllib.parse import quote

import pytest

from tests.functions.web.conftest import Ask, publish
from vibe_checker.bucket import Bucket

LAMBDA_BYTES = 6_291_556
PATH = "/api/concepts/Q80/classifiers/dddddddd/download"


@pytest.fixture(scope="module")
def large(bucket: Bucket) -> list[str]:
    """12 MB in 60 lines, every second positive; the lines as they were written."""
    return publish(bucket, "dddddddd", 2, concept_id="Q80", padding="ü" * 100_000)


def parts(ask: Ask, query: str) -> tuple[list[str], str]:
    """The text of each part, following the links from one to the next."""
    texts, last = [], ""
    following = f"?{query}"
    while following:
        answer = ask(PATH + following)
        assert answer.status == 200, answer.text
        assert answer.size < LAMBDA_BYTES
        texts.append(answer.text)
        last = following
        link = re.fullmatch(r'<(.+)>; rel="next"', answer.headers.get("Link", "<>"))
        following = link[1] if link else ""
    assert answer.headers["X-Parts"] == str(len(texts))
    return texts, last


def test_a_selection_beyond_what_lambda_hands_back_comes_whole(ask: Ask, large: list[str]) -> None:
    texts, _ = parts(ask, "show=positive&format=jsonl")
    assert len(texts) > 1
    wanted = [line for line in large if json.loads(line)["spans"]]
    assert "".join(texts).splitlines() == wanted


def test_csv_in_parts_has_one_head_and_every_row(ask: Ask, large: list[str]) -> None:
    texts, _ = parts(ask, "format=csv")
    rows = list(csv.DictReader(io.StringIO("".join(texts), newline="")))
    assert [row["id"] for row in rows] == [json.loads(line)["id"] for line in large]
    assert [row["text"] for row in rows] == [json.loads(line)["text"] for line in large]


def test_parts_of_two_files_are_never_mixed(ask: Ask, bucket: Bucket, large: list[str]) -> None:
    _, second = parts(ask, "show=positive")
    publish(bucket, "dddddddd", 1, concept_id="Q80", padding="ü" * 100_000)
    answer = ask(PATH + second)
    assert answer.status == 409
    assert "begin the download again" in answer.json()["error"]["message"]
    publish(bucket, "dddddddd", 2, concept_id="Q80", padding="ü" * 100_000)


def test_a_part_too_many_is_a_bad_parameter(ask: Ask, large: list[str]) -> None:
    answer = ask(f"{PATH}?show=positive&part=99")
    assert answer.json()["error"]["parameter"] == "part"


def test_all_of_it_is_a_link_to_the_bucket_that_ends_soon(ask: Ask, large: list[str]) -> None:
    answer = ask(PATH)
    assert answer.status == 303
    assert "Expires=" in answer.headers["Location"]
    assert "versionId=" in answer.headers["Location"]


def test_csv_defuses_formulas(ask: Ask) -> None:
    answer = ask("/api/concepts/Q69/classifiers/aaaaaaaa/download?format=csv&show=positive")
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert len(rows) == 20
    assert rows[0]["spans"] == "2-12"
    assert rows[0]["'=formula"] == "'=1+1"


def test_a_filtered_download_is_made_of_the_file_s_own_lines(ask: Ask, bucket: Bucket) -> None:
    path = "/api/concepts/Q69/classifiers/aaaaaaaa/download?show=positive"
    plain, packed = ask(path), ask(path, **{"accept-encoding": "gzip"})
    assert plain.text == packed.text
    written = bucket.read("Q69/aaaaaaaa/predictions.jsonl").decode().splitlines()
    assert plain.text.splitlines() == [text for text in written if json.loads(text)["spans"]]


def test_an_empty_selection_is_an_empty_file(ask: Ask, large: list[str]) -> None:
    answer = ask(f"{PATH}?text={quote('not in any of them')}")
    assert (answer.status, answer.text, answer.headers["X-Parts"]) == (200, "", "1")
