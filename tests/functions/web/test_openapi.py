"""The document, and that the API keeps to it."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from functions.web.openapi import document
from tests.functions.web.conftest import Answer, Ask, publish_run
from vibe_checker.bucket import Bucket

DOCUMENT = document()
RUN = "2026-01-31T10-00-00-abcdefgh"
IDS = {"concept_id": "Q69", "classifier_id": "aaaaaaaa", "run_id": RUN}
JUNK = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["", "0", "-1", "1", "1e400", "nan", "٣", "\x00", "A" * 600, "../../x"]),
)


@pytest.fixture(scope="module", autouse=True)
def run(bucket: Bucket) -> Iterator[None]:
    publish_run(bucket, RUN)
    yield


def test_the_document_is_valid(ask: Ask) -> None:
    answered = ask("/api/openapi.json").json()
    assert answered == DOCUMENT
    validate(answered)


def kept(path: str, answer: Answer) -> None:
    """That an answer is one of those that the document promises for its path."""
    promised: dict[str, Any] = DOCUMENT["paths"][path]["get"]["responses"]
    assert str(answer.status) in promised, answer.text
    content = promised[str(answer.status)].get("content", {})
    kind = answer.headers["Content-Type"].split(";")[0]
    if content:
        assert kind in content
    if kind == "application/json":
        schema = {**content[kind]["schema"], "components": DOCUMENT["components"]}
        OAS31Validator(schema).validate(answer.json())


@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_every_answer_is_as_the_document_says(ask: Ask, path: str) -> None:
    answer = ask(path.format(**IDS))
    assert answer.status == (303 if path.endswith("download") else 200)
    kept(path, answer)


@pytest.mark.parametrize("path", DOCUMENT["paths"])
def test_a_parameter_that_there_is_not_is_named(ask: Ask, path: str) -> None:
    answer = ask(path.format(**IDS) + "?serach=1")
    if path not in ("/api/health", "/api/openapi.json"):
        assert (answer.status, answer.json()["error"]["parameter"]) == (422, "serach")


@st.composite
def questions(draw: st.DrawFn) -> tuple[str, str]:
    """A path of the document, and it with values that its parameters may or may not take."""
    path = draw(st.sampled_from(sorted(DOCUMENT["paths"])))
    operation = DOCUMENT["paths"][path]["get"]
    query = [p for p in operation["parameters"] if p["in"] == "query"]
    asked = draw(st.lists(st.sampled_from(query), max_size=4)) if query else []
    pairs = [(p["name"], draw(st.one_of(JUNK, _meant(p["schema"])))) for p in asked]
    return path, urlencode([(name, value.encode("utf-8", "replace")) for name, value in pairs])


def _meant(schema: dict[str, Any]) -> st.SearchStrategy[str]:
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if schema["type"] == "integer":
        return st.integers(1, 3).map(str)
    if schema["type"] == "number":
        return st.floats(schema["minimum"], schema["maximum"]).map(str)
    return st.text("carbon tx1-", max_size=5)


@given(questions())
@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_is_asked_the_answer_is_one_of_those_promised(
    ask: Ask, question: tuple[str, str]
) -> None:
    path, query = question
    kept(path, ask(f"{path.format(**IDS)}?{query}"))
