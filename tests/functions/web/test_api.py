import re
import string
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.web.parameters import FILTERS, PAGING
from tests.functions.web.conftest import Ask, publish
from vibe_checker.bucket import Bucket

PREDICTIONS = "/api/concepts/Q69/classifiers/aaaaaaaa/predictions"


def total(ask: Ask, query: str) -> int:
    answer = ask(f"{PREDICTIONS}?{query}")
    assert answer.status == 200, answer.text
    return int(answer.json()["total"])


@pytest.mark.parametrize(
    ("query", "passages"),
    [
        ("", 60),
        ("show=positive", 20),
        ("show=negative", 40),
        ("probability_from=0.5", 30),
        ("similarity_to=0.6", 59),
        ("text=US%24+1.5", 60),
        ("text=C(2)", 60),
        ("text=.*", 0),
        ("text=CARBON", 60),
        ("text=CARBON&case=1", 0),
        ("is.region=Africa", 20),
        ("is.region=Africa&is.region=Asia", 40),
        ("unknown.region=1", 20),
        ("is.region=Africa&unknown.region=1", 40),
        ("has.region=fri", 20),
        ("from.published=2020-01-01&to.published=2020-01-01", 30),
        ("to.published=2019-12-31", 0),
        ("from.page=50", 10),
        ("passage=aaaabbbb-7", 1),
        ("show=positive&is.region=Africa&from.page=30", 10),
    ],
)
def test_filters_leave_what_they_say(ask: Ask, query: str, passages: int) -> None:
    assert total(ask, query) == passages


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("page=abc", "page"),
        ("page=0", "page"),
        ("page=9", "page"),
        ("page=%D9%A1", "page"),
        ("page_size=201", "page_size"),
        ("show=maybe", "show"),
        ("probability_from=nan", "probability_from"),
        ("probability_to=2", "probability_to"),
        ("from.published=2023-02-30", "from.published"),
        ("from.region=1", "from.region"),
        ("is.nothing=1", "is.nothing"),
        ("sort=id", "sort"),
        ("serach=1", "serach"),
        ("edition=../x", "edition"),
    ],
)
def test_a_bad_parameter_is_named(ask: Ask, query: str, name: str) -> None:
    answer = ask(f"{PREDICTIONS}?{query}")
    assert answer.status == 422
    assert answer.json()["error"]["parameter"] == name


NAMES = [p.name for p in [*FILTERS, *PAGING]] + ["is.region", "from.page", "to.published", "has.x"]
VALUES = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["1", "0.5", "positive", "2020-01-01", "Africa", "-1", "1e400", "٣", "\x00"]),
)


@given(st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=4))
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_parameters_break_it(ask: Ask, pairs: list[tuple[str, str]]) -> None:
    query = urlencode([(n, v.encode("utf-8", "replace")) for n, v in pairs])
    api = ask(f"{PREDICTIONS}?{query}")
    # 404 is an edition that there is not.
    assert api.status in (200, 404, 422)
    assert ask(f"/concepts/Q69/classifiers/aaaaaaaa?{query}").status in (200, 404, 422)
    if api.status == 200:
        assert len(api.json()["predictions"]) <= api.json()["page_size"]


@given(st.text(string.printable, min_size=1, max_size=30))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_no_id_reaches_beyond_its_place(ask: Ask, name: str) -> None:
    escaped = quote(name, safe="")
    for path in (f"/api/concepts/{escaped}", f"/concepts/Q69/classifiers/{escaped}"):
        assert ask(path).status in (404, 422)


@pytest.mark.parametrize(
    "path", ["/concepts/Q70", "/runs/none", "/nowhere", "/static/../handler.py"]
)
def test_what_is_not_there_is_a_page_with_the_right_status(ask: Ask, path: str) -> None:
    answer = ask(path)
    assert answer.status == 404
    assert "<h1>Nothing here</h1>" in answer.text


def test_a_broken_classifier_file_is_told_as_such(ask: Ask, bucket: Bucket) -> None:
    bucket.write("Q71/cccccccc/classifier.json", b"{")
    answer = ask("/concepts/Q71/classifiers/cccccccc")
    assert answer.status == 502
    assert "Q71/cccccccc/classifier.json" in answer.text
    assert ask("/").status == 200
    bucket.client.delete_object(Bucket=bucket.name, Key="Q71/cccccccc/classifier.json")


def test_every_answer_bears_the_security_headers(ask: Ask) -> None:
    for path in ("/", "/nowhere", "/api/concepts", "/static/x"):
        headers = ask(path).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"


def test_a_new_result_shows_at_once(ask: Ask, bucket: Bucket) -> None:
    assert total(ask, "show=positive") == 20
    publish(bucket, "aaaaaaaa", positive_every=1)
    assert total(ask, "show=positive") == 60
    editions = ask("/concepts/Q69").text
    assert "1 earlier edition" in editions
    publish(bucket, "aaaaaaaa", positive_every=3)


def test_two_classifiers_are_compared_by_passage(ask: Ask) -> None:
    page = ask("/concepts/Q69/compare?a=aaaaaaaa&b=bbbbbbbb").text
    assert "<b>1–25</b> of 30 passages" in page  # divisible by 3 or by 2, but not by both


def test_two_editions_of_a_classifier_are_read_and_compared(ask: Ask, bucket: Bucket) -> None:
    for positive_every in (3, 1):
        publish(bucket, "eeeeeeee", positive_every)
    found = re.search(r'classifiers/eeeeeeee\?edition=([^"]+)"', ask("/concepts/Q69").text)
    assert found
    earlier = "/api/concepts/Q69/classifiers/eeeeeeee/predictions?show=positive&edition=" + found[1]
    assert ask(earlier).json()["total"] == 20
    page = ask(f"/concepts/Q69/compare?a=eeeeeeee&a_edition={found[1]}&b=eeeeeeee").text
    assert "earlier edition" in page
    assert "+40 positive" in page
    assert page.count('<span class="verdict">only B</span>') == 25
    bucket.client.delete_object(Bucket=bucket.name, Key="Q69/eeeeeeee/classifier.json")
