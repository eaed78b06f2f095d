"""Whatever a Wikibase answers, a concept comes of it or one of our own errors."""

import gzip
import json
import zlib
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hostile.conftest import mutated
from tests.vibe_checker.test_wikibase import RECORDINGS, client, recording, replay
from vibe_checker.concept import Concept
from vibe_checker.errors import VibeCheckerError, WikibaseRefused, WikibaseUnavailable
from vibe_checker.mediawiki import Credentials

NAMES = sorted(path.stem for path in RECORDINGS.glob("*.json"))
BODIES = sorted(
    {
        exchange["response"]["body"].encode()
        for name in NAMES
        for exchange in recording(name)
        if exchange["response"]["body"]
    }
)
ITEMS = [json.loads(body) for body in BODIES if body.startswith(b'{"entities":{"Q')]
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8)
    | st.sampled_from(["Q1", "\ud800", "en", "value", [], {}]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
)


def _fetched(answer: Callable[[httpx.Request], httpx.Response], credentials: Any = None) -> str:
    """ "concept", or the name of the error of our own."""
    try:
        concept = client(answer, credentials).fetch_concept("Q1")
    except VibeCheckerError as error:
        assert 0 < len(str(error)) < 2_000
        return type(error).__name__
    # What was made of it can be staged, published and loaded again.
    text = json.dumps(concept.model_dump(mode="json"), ensure_ascii=False).encode()
    assert Concept.model_validate(json.loads(text)) == concept
    return "concept"


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value inside `value`."""
    inner: list[Any] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [path] * bool(path) + [p for key, each in inner for p in _places(each, (*path, key))]


def _replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    """A copy of `value` with what stands at `path` replaced, or left out where that is None."""
    copy: Any = json.loads(json.dumps(value))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    if new is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = new
    return copy


def _as_q1(answer: Any) -> Any:
    """The answer as one about Q1."""
    entities = answer["entities"]
    return {**answer, "entities": {**entities, "Q1": next(iter(entities.values()))}}


@given(st.sampled_from(BODIES).flatmap(mutated), st.sampled_from([200, 200, 200, 404, 429, 503]))
def test_a_spoilt_recorded_reply(body: bytes, status: int) -> None:
    _fetched(lambda request: httpx.Response(status, content=body))


@given(st.data())
def test_a_recorded_item_with_any_value_in_any_place(data: Any) -> None:
    answer = _as_q1(data.draw(st.sampled_from(ITEMS)))
    for _ in range(data.draw(st.integers(1, 3))):
        places = _places(answer)
        if places:
            answer = _replaced(answer, data.draw(st.sampled_from(places)), data.draw(JSON))
    assert _fetched(lambda request: httpx.Response(200, text=json.dumps(answer)))


@given(
    st.dictionaries(
        st.sampled_from(["entities", "error", "errors", "login", "query", "success"]), JSON
    )
)
def test_an_answer_of_any_content(answer: dict[str, Any]) -> None:
    body = json.dumps(answer)
    for credentials in (None, Credentials("bot", "word")):
        assert _fetched(lambda request: httpx.Response(200, text=body), credentials)


@given(
    st.sampled_from([429, 503, 200]),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40)
    | st.sampled_from(["9" * 400, "-5", "1e999", "Mon, 01 Jan 0001 00:00:00 -9999"])
    | st.integers().map(str),
)
def test_a_retry_after_of_any_content(status: int, retry_after: str) -> None:
    slept: list[float] = []
    headers = [("Retry-After", retry_after)]
    wiki = client(lambda request: httpx.Response(status, headers=headers, text="busy"), slept=slept)
    with pytest.raises(WikibaseUnavailable):
        wiki.fetch_concept("Q1")
    assert sum(slept) <= 30


def test_every_recording_is_one_outcome_or_the_other() -> None:
    for name in NAMES:
        for exchange in recording(name):
            assert _fetched(lambda request, exchange=exchange: replay(exchange))


@pytest.mark.parametrize(
    "body",
    [b"[" * 1_000_000, b'{"entities":' * 100_000, b'{"entities":{"Q1":' + b"9" * 10_000 + b"}}"],
)
def test_json_beyond_measure_is_no_answer(body: bytes) -> None:
    assert _fetched(lambda request: httpx.Response(200, content=body)) == "WikibaseUnavailable"


def _packed(layers: int) -> bytes:
    body = b" " * (64 << 20)
    for _ in range(layers):
        body = gzip.compress(body)
    return body


def test_an_answer_that_unpacks_beyond_measure_is_not_unpacked_to_its_end() -> None:
    headers = {"Content-Encoding": "gzip"}
    body = _packed(1)
    found = _fetched(lambda request: httpx.Response(200, headers=headers, stream=_Parts(body)))
    assert found == "WikibaseRefused"


def test_an_answer_packed_several_times_is_not_unpacked_at_all() -> None:
    headers = {"Content-Encoding": "gzip, gzip, gzip"}
    body = _packed(3)
    assert len(body) < 1_000
    with pytest.raises(WikibaseRefused, match="packs its answer more than once"):
        client(
            lambda request: httpx.Response(200, headers=headers, stream=_Parts(body))
        ).fetch_concept("Q1")


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_an_answer_that_is_not_packed_as_it_says_is_tried_again(encoding: str) -> None:
    body = zlib.compress(b"{}")[:-3] + b"\xff" * 10
    headers = {"Content-Encoding": encoding}
    found = _fetched(lambda request: httpx.Response(200, headers=headers, stream=_Parts(body)))
    assert found == "WikibaseUnavailable"


class _Parts(httpx.SyncByteStream):
    """A body as it comes from the network, in stretches of 64 KB."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def __iter__(self) -> Any:
        yield from (self._body[n : n + 65_536] for n in range(0, len(self._body), 65_536))
