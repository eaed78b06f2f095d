"""Fetching concepts, against what a real Wikibase answered (wikibase_recordings/)."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest

from vibe_checker.concept import Concept
from vibe_checker.errors import ConceptUnusable, WikibaseRefused, WikibaseUnavailable
from vibe_checker.identifiers import ConceptId
from vibe_checker.wikibase import MOST_LEVELS, Credentials, Properties, WikibaseClient

RECORDINGS = Path(__file__).parent / "wikibase_recordings"
URL = "https://wiki.example"
AS_RECORDED = Properties(
    definition="P1",
    negative_label="P2",
    has_subconcept="P3",
    subconcept_of="P4",
    related_concept="P5",
    negative_concept="P6",
    classifier_id="P7",
)
BOT = Credentials("Reader@lambda", "the bot's password")

Handler = Callable[[httpx.Request], httpx.Response]


@cache
def recording(name: str) -> list[dict[str, Any]]:
    exchanges: list[dict[str, Any]] = json.loads((RECORDINGS / f"{name}.json").read_text())[
        "exchanges"
    ]
    return exchanges


def replay(exchange: dict[str, Any]) -> httpx.Response:
    sent = exchange["response"]
    return httpx.Response(
        sent["status"],
        headers=[(name, value) for name, value in sent["headers"]],
        content=sent["body"].encode(),
    )


def action(request: httpx.Request) -> str:
    form = httpx.QueryParams(request.content.decode()) if request.method == "POST" else {}
    return {**request.url.params, **form}["action"]


def client(
    handler: Handler, credentials: Credentials | None = None, slept: list[float] | None = None
) -> WikibaseClient:
    return WikibaseClient(
        httpx.Client(transport=httpx.MockTransport(handler)),
        URL,
        AS_RECORDED,
        credentials,
        sleep=(slept if slept is not None else []).append,
    )


class RecordedWiki:
    """Answers wbgetentities with all that was recorded of each item; the others are missing.

    `changes` adds to what was recorded of an item.
    """

    def __init__(self, changes: dict[str, dict[str, Any]] | None = None) -> None:
        self.asked: list[list[str]] = []
        self._entities: dict[str, dict[str, Any]] = {}
        for path in sorted(RECORDINGS.glob("*.json")):
            for exchange in recording(path.stem):
                self._learn(exchange["response"]["body"])
        for name, change in (changes or {}).items():
            self._entities.setdefault(name, {"type": "item", "id": name}).update(change)

    def _learn(self, body: str) -> None:
        if body.startswith('{"entities"'):
            for name, entity in json.loads(body)["entities"].items():
                known = self._entities.setdefault(name, {})
                known.update({key: value for key, value in entity.items() if value != {}})

    def __call__(self, request: httpx.Request) -> httpx.Response:
        ids = request.url.params["ids"].split("|")
        self.asked.append(ids)
        found = {name: self._entities.get(name, {"id": name, "missing": ""}) for name in ids}
        return httpx.Response(200, text=json.dumps({"entities": found, "success": 1}))


def statement(value: object, rank: str = "normal") -> dict[str, Any]:
    snak = {"snaktype": "value", "datavalue": {"value": value}}
    return {"mainsnak": snak, "rank": rank}


def links(*targets: str) -> list[dict[str, Any]]:
    return [statement({"entity-type": "item", "id": target}) for target in targets]


def named(label: str, *aliases: str, **claims: Any) -> dict[str, Any]:
    return {
        "labels": {"en": {"language": "en", "value": label}},
        "aliases": {"en": [{"language": "en", "value": alias} for alias in aliases]},
        "claims": claims,
    }


def test_a_rich_item_becomes_a_concept_with_all_that_it_says():
    fossil_fuel = client(RecordedWiki()).fetch_concept("Q1")
    assert fossil_fuel == Concept(
        wikibase_id=ConceptId("Q1"),
        preferred_label="fossil fuel",
        description="hydrocarbon-containing material of biological origin",
        definition=(
            "Fuel formed in the Earth's crust from the remains of dead organisms;"
            ' see "coal" & <oil>.'
        ),
        alternative_labels=("fossil fuels", "hydrocarbon fuel", "mineral fuel"),
        subconcept_labels=(
            lent("Coal", "Q2"),
            lent("black coal", "Q2"),
            lent("coal", "Q2"),
            # Linked to as Q7, which was merged into Q8; a negative concept as well, and loses.
            lent("green energy", "Q8"),
            lent("renewable energy", "Q8"),
        ),
        negative_labels=("Fossil Group plc", "fossil record"),
        has_subconcept=ids("Q2", "Q3", "Q4", "Q7", "Q9"),
        related_concepts=ids("Q69"),
        negative_concepts=ids("Q8"),
        # Q9 was deleted; of Q3 and Q4 no answer was recorded.
        missing_concepts=ids("Q3", "Q4", "Q9"),
        classifier_ids=("abcd2345", "wxyz6789"),
        revision=84,
        url="https://wiki.example/wiki/Item:Q1",
    )


def lent(label: str, source: str) -> Any:
    return {"label": label, "source": source}


def ids(*names: str) -> tuple[ConceptId, ...]:
    return tuple(ConceptId(name) for name in names)


def test_a_fetched_concept_loads_again_from_its_json():
    fetched = client(RecordedWiki()).fetch_concept("Q1")
    assert Concept.model_validate_json(fetched.model_dump_json()) == fetched


def test_a_concept_with_linked_ones_takes_one_request_for_each_level():
    wiki = RecordedWiki()
    client(wiki).fetch_concept("Q1")
    assert wiki.asked == [["Q1"], ["Q2", "Q3", "Q4", "Q7", "Q8", "Q9"]]


def test_a_plain_concept_takes_one_request():
    wiki = RecordedWiki()
    client(wiki).fetch_concept("Q15")
    assert wiki.asked == [["Q15"]]


def test_no_request_asks_for_more_than_fifty_items():
    below = [f"Q{number}" for number in range(1001, 1121)]
    wiki = RecordedWiki({"Q1000": named("root", P3=links(*below))})
    client(wiki).fetch_concept("Q1000")
    assert [len(asked) for asked in wiki.asked] == [1, 50, 50, 20]


def test_a_redirect_is_followed_under_the_id_asked_for_and_recorded():
    concept = client(RecordedWiki()).fetch_concept("Q7")
    assert (concept.wikibase_id, concept.redirected_to) == ("Q7", "Q8")
    assert concept.preferred_label == "renewable energy"
    assert concept.url == "https://wiki.example/wiki/Item:Q8"


def test_subconcepts_that_link_in_a_loop_are_read_once():
    wiki = RecordedWiki({"Q10": {"labels": {"en": {"language": "en", "value": "loop"}}}})
    concept = client(wiki).fetch_concept("Q10")
    assert wiki.asked == [["Q10"], ["Q11"]]
    assert concept.has_subconcept == ("Q10", "Q11")


def test_labels_come_from_subconcepts_at_every_depth_but_their_negative_labels_do_not():
    wiki = RecordedWiki(
        {
            "Q1000": named("energy", P3=links("Q1001")),
            "Q1001": named("solar power", P3=links("Q1002"), P2=[statement("solar plexus")]),
            "Q1002": named("photovoltaics", "PV"),
        }
    )
    concept = client(wiki).fetch_concept("Q1000")
    assert concept.all_labels == ("PV", "energy", "photovoltaics", "solar power")
    assert concept.all_negative_labels == ()


def test_a_negative_concept_lends_its_own_labels_and_not_its_subconcepts():
    wiki = RecordedWiki(
        {
            "Q1000": named("duty", P6=links("Q1001")),
            "Q1001": named("obligation", "duty", P3=links("Q1002")),
            "Q1002": named("vow"),
        }
    )
    concept = client(wiki).fetch_concept("Q1000")
    assert concept.all_negative_labels == ("obligation",)
    assert concept.all_labels == ("duty",)


def test_a_subconcept_without_an_english_label_lends_its_aliases():
    wiki = RecordedWiki({"Q1000": named("levy", P3=links("Q5"))})
    assert client(wiki).fetch_concept("Q1000").all_labels == ("CBAM", "levy")


def test_a_label_that_stands_only_in_the_language_mul_counts():
    concept = client(RecordedWiki()).fetch_concept("Q24")
    assert concept.all_labels == ("MULTI", "multi alias")


def test_unicode_labels_come_through_as_they_are():
    concept = client(RecordedWiki()).fetch_concept("Q15")
    assert concept.preferred_label == "café  economy"
    assert concept.alternative_labels == (
        '<b>bold</b> & "quotes"',
        "a|b",
        "no\u00a0break",
        "zero\u200bwidth",
    )
    assert concept.definition == "café with an emoji 🌍"


def test_of_two_preferred_definitions_the_first_counts():
    wiki = RecordedWiki({"Q18": {"labels": {"en": {"language": "en", "value": "ranked"}}}})
    assert client(wiki).fetch_concept("Q18").definition == "pref one"


def test_deprecated_statements_do_not_count():
    wiki = RecordedWiki({"Q17": {"labels": {"en": {"language": "en", "value": "outdated"}}}})
    concept = client(wiki).fetch_concept("Q17")
    assert (concept.definition, concept.subconcept_of) == (None, ())


def test_a_statement_of_a_property_that_was_deleted_is_read_like_any_other():
    wiki = RecordedWiki()
    deleted = Properties(definition="P13")
    http = httpx.Client(transport=httpx.MockTransport(wiki))
    concept = WikibaseClient(http, URL, deleted).fetch_concept("Q23")
    assert concept.definition == "value of a property deleted since"


def test_a_definition_may_be_monolingual_text():
    texts = [{"text": "en français", "language": "fr"}, {"text": "in English", "language": "en"}]
    wiki = RecordedWiki({"Q1000": named("word", P1=[statement(text) for text in texts])})
    assert client(wiki).fetch_concept("Q1000").definition == "in English"


def test_empty_maps_may_come_as_empty_lists():
    empty: dict[str, Any] = {"descriptions": [], "aliases": [], "claims": []}
    concept = client(RecordedWiki({"Q1000": {**named("bare"), **empty}})).fetch_concept("Q1000")
    assert (concept.all_labels, concept.description) == (("bare",), None)


@pytest.mark.parametrize(
    ("concept_id", "message"),
    [
        ("Q9", "Q9 is not in the Wikibase at https://wiki.example: it was deleted or never"),
        ("Q9999", "Q9999 is not in the Wikibase"),
        ("Q13", "or it is a redirect to such an item or to another redirect"),
        ("Q21", "Q21 is not in the Wikibase"),
        ("Q5", "Q5 has no label in en or mul"),
        ("Q6", "Q6 has no label in en or mul"),
        ("q69", "'q69' is no Wikibase item id"),
        ("Q1\n", "is no Wikibase item id"),
        ("Q1|Q2", "is no Wikibase item id"),
    ],
)
def test_an_item_that_cannot_be_a_concept_is_refused_with_the_reason(concept_id: str, message: str):
    with pytest.raises(ConceptUnusable, match=message.replace("|", r"\|")):
        client(RecordedWiki()).fetch_concept(concept_id)


def test_text_that_no_file_can_hold_makes_the_concept_unusable():
    with pytest.raises(ConceptUnusable, match="Q1000 cannot be read"):
        client(RecordedWiki({"Q1000": named("half a pair \ud83c")})).fetch_concept("Q1000")


def test_a_concept_linked_to_half_of_the_wiki_is_refused():
    below = [f"Q{number}" for number in range(1001, 12_001)]
    with pytest.raises(ConceptUnusable, match="more than 10,000 subconcepts"):
        client(RecordedWiki({"Q1000": named("root", P3=links(*below))})).fetch_concept("Q1000")


def test_an_endless_chain_of_subconcepts_is_refused():
    chain = {
        f"Q{number}": named(f"link {number}", P3=links(f"Q{number + 1}"))
        for number in range(1000, 1000 + 2 * MOST_LEVELS)
    }
    with pytest.raises(ConceptUnusable, match="more than 50 levels deep"):
        client(RecordedWiki(chain)).fetch_concept("Q1000")


def test_existing_tells_which_ids_wikibase_has_also_by_redirect():
    found = client(RecordedWiki()).existing(ids("Q1", "Q7", "Q9", "Q13"))
    assert found == {"Q1", "Q7"}


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("invalid_id_fv2", ConceptUnusable, "no-such-entity: Could not find an entity"),
        ("invalid_among_valid", ConceptUnusable, "banana"),
        ("private_anonymous", WikibaseRefused, "readapidenied: You need read permission"),
        ("private_anonymous_fv2", WikibaseRefused, "readapidenied: You need read permission"),
        ("getentities_51_too_many", WikibaseRefused, "The limit is 50"),
        ("ids_absent", WikibaseRefused, "param-missing"),
        ("http_404", WikibaseRefused, r"https://wiki\.example/w/api\.php answers with .* 404"),
        ("internal_error", WikibaseUnavailable, "internal_api_error_RuntimeException"),
        ("database_down", WikibaseUnavailable, "HTTP status 500"),
        ("format_missing_html", WikibaseUnavailable, "no JSON object .*text/html.*Either"),
        ("maxlag_lagged_fv2", WikibaseUnavailable, r"7\.3 seconds lagged.* again after 5 s"),
        ("maxlag_error_minus2", WikibaseUnavailable, "maxlag"),
        ("getentities_50", WikibaseUnavailable, "says nothing about Q1"),
    ],
)
def test_an_answer_that_is_none_is_named_by_its_class(
    name: str, error: type[Exception], message: str
):
    (exchange,) = recording(name)
    with pytest.raises(error, match=message) as raised:
        client(lambda _: replay(exchange)).fetch_concept("Q1")
    assert type(raised.value) is error


def test_a_lag_is_waited_out_as_long_as_the_wiki_asks():
    (lagged,) = recording("maxlag_lagged_fv2")
    wiki, slept = RecordedWiki(), []
    answers = iter([replay(lagged), replay(lagged)])
    concept = client(lambda request: next(answers, None) or wiki(request), slept=slept)
    assert concept.fetch_concept("Q15").preferred_label == "café  economy"
    assert slept == [5.0, 5.0]


def test_waiting_ends_after_thirty_seconds_in_all():
    (lagged,) = recording("maxlag_lagged_fv2")
    slept: list[float] = []
    with pytest.raises(WikibaseUnavailable):
        client(lambda _: replay(lagged), slept=slept).fetch_concept("Q1")
    assert sum(slept) == 30


def test_a_long_retry_after_is_told_and_not_waited_for():
    slept: list[float] = []
    busy = httpx.Response(429, headers={"Retry-After": "600"})
    with pytest.raises(WikibaseUnavailable, match="status 429. It asks to try again after 600 s"):
        client(lambda _: busy, slept=slept).fetch_concept("Q1")
    assert slept == []


@pytest.mark.parametrize(
    ("retry_after", "waits"),
    [
        ("0", [1.0]),  # never ask again at once, or without end
        ("Wed, 21 Oct 2015 07:28:00 GMT", [1.0]),
        ("Wed, 21 Oct 2215 07:28:00 GMT", []),
        ("soon", []),
        ("-5", []),
    ],
)
def test_retry_after_may_be_a_date_and_may_be_wrong(retry_after: str, waits: list[float]):
    wiki, slept = RecordedWiki(), []
    answers = iter([httpx.Response(503, headers={"Retry-After": retry_after})])
    one = client(lambda request: next(answers, None) or wiki(request), slept=slept)
    if waits:
        one.fetch_concept("Q15")
    else:
        with pytest.raises(WikibaseUnavailable, match="503"):
            one.fetch_concept("Q15")
    assert slept == waits


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_statuses_that_pass_are_unavailable(status: int):
    with pytest.raises(WikibaseUnavailable, match=str(status)):
        client(lambda _: httpx.Response(status)).fetch_concept("Q1")


@pytest.mark.parametrize("status", [301, 401, 403, 404, 410])
def test_statuses_that_stay_are_refusals(status: int):
    moved = httpx.Response(status, headers={"Location": "https://new.example/"})
    with pytest.raises(WikibaseRefused, match=str(status)):
        client(lambda _: moved).fetch_concept("Q1")


@pytest.mark.parametrize("body", [b"", b"[]", b'{"entities":', b"\xff", b"[" * 100_000, b"{}"])
def test_a_body_that_is_no_answer_is_unavailable(body: bytes):
    with pytest.raises(WikibaseUnavailable):
        client(lambda _: httpx.Response(200, content=body)).fetch_concept("Q1")


@pytest.mark.parametrize(
    "failure", [httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError]
)
def test_a_connection_that_fails_is_unavailable(failure: type[httpx.TransportError]):
    def fail(request: httpx.Request) -> httpx.Response:
        raise failure("it failed", request=request)

    with pytest.raises(WikibaseUnavailable, match=f"{failure.__name__}: it failed"):
        client(fail).fetch_concept("Q1")


def test_an_answer_beyond_all_bounds_is_not_read_to_its_end():
    read = []

    def endless(request: httpx.Request) -> httpx.Response:
        def parts() -> Any:
            for _ in range(1000):
                read.append(1)
                yield b" " * 1024 * 1024

        return httpx.Response(200, content=parts())

    with pytest.raises(WikibaseRefused, match="more than 16,777,216 bytes"):
        client(endless).fetch_concept("Q1")
    assert len(read) == 17


@pytest.mark.parametrize(
    "url",
    [
        "wiki.example",
        "ftp://wiki.example",
        "https://",
        "https://wiki.example:port",
        "https://w.example/?a=b",
    ],
)
def test_an_address_that_is_none_is_refused(url: str):
    with pytest.raises(WikibaseRefused, match="address"):
        WikibaseClient(httpx.Client(), url)


def test_a_password_in_the_address_is_refused_and_not_shown():
    with pytest.raises(WikibaseRefused) as raised:
        WikibaseClient(httpx.Client(), "https://me:secret@wiki.example")
    assert "secret" not in str(raised.value)


def test_a_question_says_who_asks_and_what_lag_is_too_much():
    seen: list[httpx.Request] = []
    wiki = RecordedWiki()

    def watch(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return wiki(request)

    client(watch).fetch_concept("Q15")
    assert seen[0].headers["User-Agent"].startswith("VibeChecker/")
    assert "gzip" in seen[0].headers["Accept-Encoding"]
    assert dict(seen[0].url.params) == {
        "action": "wbgetentities",
        "ids": "Q15",
        "props": "info|labels|aliases|descriptions|claims",
        "languages": "en|en-gb|en-us|mul",
        "maxlag": "5",
        "format": "json",
        "formatversion": "2",
    }


class PrivateWiki:
    """Reads for a session that logged in as recorded; `end_session` forgets it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._token, self._login, *_ = recording("login_botpassword_ok")
        self._denied, self._not_asserted = recording("private_stale_session")
        self._open = False
        self._wiki = RecordedWiki()

    def end_session(self) -> None:
        self._open = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(action(request))
        if action(request) == "query":
            return replay(self._token)
        if action(request) == "login":
            self._open = "wiki_session=" in request.headers.get("Cookie", "")
            return replay(self._login)
        if self._open and "wiki_BPsession=" in request.headers.get("Cookie", ""):
            assert request.url.params["assert"] == "user"
            return self._wiki(request)
        return replay(self._not_asserted if "assert" in request.url.params else self._denied)


def test_a_bot_logs_in_once_for_all_its_concepts():
    wiki = PrivateWiki()
    bot = client(wiki, BOT)
    bot.fetch_concept("Q15")
    bot.fetch_concept("Q24")
    assert wiki.asked == ["query", "login", "wbgetentities", "wbgetentities"]


def test_a_session_that_ended_is_renewed_once():
    wiki = PrivateWiki()
    bot = client(wiki, BOT)
    bot.fetch_concept("Q15")
    wiki.end_session()
    bot.fetch_concept("Q24")
    assert wiki.asked[3:] == ["wbgetentities", "query", "login", "wbgetentities"]


def test_a_bot_without_the_right_to_read_does_not_log_in_again_and_again():
    token, login, *_ = recording("login_botpassword_ok")
    (denied,) = recording("private_anonymous_fv2")
    answers = {"query": token, "login": login, "wbgetentities": denied}
    asked: list[str] = []

    def deny(request: httpx.Request) -> httpx.Response:
        asked.append(action(request))
        return replay(answers[action(request)])

    bot = client(deny, BOT)
    for _ in range(2):
        with pytest.raises(WikibaseRefused, match="readapidenied"):
            bot.fetch_concept("Q1")
    assert asked.count("login") == 2


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("login_wrong_password", WikibaseRefused, "Incorrect username or password"),
        ("login_throttled", WikibaseRefused, "too many recent login attempts"),
        ("login_bad_token", WikibaseRefused, "WrongToken"),
        ("readonly_login", WikibaseUnavailable, "readonly"),
    ],
)
def test_a_login_that_fails_says_why_and_never_with_what(
    name: str, error: type[Exception], message: str
):
    token = recording("login_botpassword_ok")[0]
    login = recording(name)[-1]

    def answer(request: httpx.Request) -> httpx.Response:
        return replay(token if action(request) == "query" else login)

    with pytest.raises(error, match=message) as raised:
        client(answer, BOT).fetch_concept("Q1")
    assert BOT.password not in str(raised.value)
    assert BOT.username not in str(raised.value)


def test_credentials_are_sent_in_the_body_and_hidden_from_repr():
    requests: list[httpx.Request] = []
    wiki = PrivateWiki()

    def watch(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return wiki(request)

    client(watch, BOT).fetch_concept("Q15")
    assert not any("password" in str(request.url) for request in requests)
    assert httpx.QueryParams(requests[1].content.decode())["lgpassword"] == BOT.password
    assert repr(BOT) == "Credentials()"


def test_every_recording_is_answered_or_refused_by_an_error_of_ours():
    for path in sorted(RECORDINGS.glob("*.json")):
        for exchange in recording(path.stem):
            try:
                client(lambda _, exchange=exchange: replay(exchange)).fetch_concept("Q1")
            except (ConceptUnusable, WikibaseRefused, WikibaseUnavailable):
                pass
