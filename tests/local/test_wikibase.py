"""The local Wikibase: the package's client must not be able to tell it from a real one."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from local.wikibase import LocalWikibase, busy, dead, failing, html, lagging
from vibe_checker.errors import (
    ConceptUnusable,
    InvalidInput,
    VibeCheckerError,
    WikibaseRefused,
    WikibaseUnavailable,
)
from vibe_checker.wikibase import Credentials, WikibaseClient

REPOSITORY = Path(__file__).parents[2]
RECORDINGS = REPOSITORY / "tests/vibe_checker/wikibase_recordings"


def term(value: str, language: str = "en") -> dict[str, str]:
    return {"language": language, "value": value}


def link(property_id: str, target: str) -> dict[str, Any]:
    value = {"entity-type": "item", "id": target}
    snak = {"snaktype": "value", "property": property_id, "datavalue": {"value": value}}
    return {"mainsnak": snak, "rank": "normal", "type": "statement"}


ITEMS: dict[str, Any] = {
    "Q69": {
        "type": "item",
        "id": "Q69",
        "lastrevid": 108,
        "labels": {"en": term("carbon tax"), "fr": term("taxe carbone", "fr")},
        "descriptions": {"en": term("tax on carbon emissions")},
        "aliases": {"en": [term("CO2 tax"), term("carbon levy")]},
        "claims": {"P1": [link("P1", "Q70"), link("P1", "Q71")]},
    },
    "Q70": {"type": "item", "id": "Q70", "labels": {"en": term("fuel levy")}, "claims": []},
    "Q7": {"entity": "Q7", "redirect": "Q69"},
    "Q12": {"entity": "Q12", "redirect": "Q7"},
    "Q13": {"entity": "Q13", "redirect": "Q9999"},
    "Q14": {"entities": {"Q14": {"type": "item", "id": "Q14", "labels": {"en": term("solar")}}}},
}


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    for name, item in ITEMS.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(item))
    return tmp_path


@pytest.fixture
def wikibase(directory: Path) -> Iterator[LocalWikibase]:
    with LocalWikibase(directory) as server:
        yield server


@pytest.fixture
def http() -> Iterator[httpx.Client]:
    with httpx.Client() as client:
        yield client


def recorded_bodies(name: str) -> list[tuple[dict[str, str], Any]]:
    exchanges = json.loads((RECORDINGS / f"{name}.json").read_text())["exchanges"]
    return [
        (
            dict(parse_qsl(urlsplit(exchange["request"]["path"]).query, keep_blank_values=True)),
            json.loads(exchange["response"]["body"]),
        )
        for exchange in exchanges
    ]


def test_a_concept_is_fetched_with_its_subconcepts(wikibase: LocalWikibase, http: httpx.Client):
    concept = WikibaseClient(http, wikibase.url).fetch_concept("Q69")
    assert concept.all_labels == ("CO2 tax", "carbon levy", "carbon tax", "fuel levy")
    assert (concept.revision, concept.missing_concepts) == (108, ("Q71",))
    assert concept.url == f"{wikibase.url}/wiki/Item:Q69"
    assert [question["ids"] for question in wikibase.questions] == ["Q69", "Q70|Q71"]


def test_one_redirect_is_followed_as_by_a_real_server(wikibase: LocalWikibase, http: httpx.Client):
    client = WikibaseClient(http, wikibase.url)
    assert client.fetch_concept("Q7").redirected_to == "Q69"
    for concept_id in ("Q12", "Q13"):
        with pytest.raises(ConceptUnusable, match="is not in the Wikibase"):
            client.fetch_concept(concept_id)


def test_an_item_saved_from_special_entitydata_is_served(
    wikibase: LocalWikibase, http: httpx.Client
):
    assert WikibaseClient(http, wikibase.url).fetch_concept("Q14").preferred_label == "solar"


@pytest.mark.parametrize(
    "name",
    [
        "getentities_one_full_fv2",
        "getentities_50",
        "getentities_empty_item_fv2",
        "getentities_no_english_label_all",
        "mul_label_explicit",
        "alias_equal_to_label",
        "redirect_followed_fv2",
        "redirect_with_target",
        "redirect_double",
        "redirect_double_first_hop",
        "redirect_to_deleted",
        "missing_id_fv2",
        "deleted_item_fv2",
    ],
)
def test_recorded_items_are_served_as_they_were_recorded(
    name: str, tmp_path: Path, http: httpx.Client
):
    ((parameters, expected),) = recorded_bodies(name)
    for asked, entity in expected["entities"].items():
        if "missing" not in entity:
            item = {key: value for key, value in entity.items() if key != "redirects"}
            (tmp_path / f"{entity['id']}.json").write_text(json.dumps(item))
            if asked != entity["id"]:
                redirect = {"entity": asked, "redirect": entity["id"]}
                (tmp_path / f"{asked}.json").write_text(json.dumps(redirect))
    (tmp_path / "Q424242.json").write_text(json.dumps({"type": "item", "id": "Q424242"}))
    with LocalWikibase(tmp_path) as server:
        answer = http.get(
            f"{server.url}/w/api.php", params={**parameters, "formatversion": "2"}
        ).json()
    assert answer == expected
    assert list(map(list, answer["entities"].values())) == list(
        map(list, expected["entities"].values())
    ), "the same order within"


@pytest.mark.parametrize("name", ["invalid_id_fv2", "getentities_51_too_many", "ids_absent"])
def test_questions_that_are_wrong_get_the_recorded_error(
    name: str, wikibase: LocalWikibase, http: httpx.Client
):
    ((parameters, expected),) = recorded_bodies(name)
    response = http.get(f"{wikibase.url}/w/api.php", params={**parameters, "formatversion": "2"})
    error, recorded = response.json()["error"], expected["error"]
    assert response.status_code == 200
    assert response.headers["MediaWiki-API-Error"] == error["code"]
    assert (error["code"], error["info"]) == (recorded["code"], recorded["info"])


def test_lag_is_reported_in_the_recorded_shape(wikibase: LocalWikibase, http: httpx.Client):
    ((parameters, expected),) = recorded_bodies("maxlag_lagged_fv2")
    wikibase.answer_with(lagging(7.3))
    response = http.get(f"{wikibase.url}/w/api.php", params=parameters)
    assert response.headers["Retry-After"] == "5"
    assert response.json()["error"]["code"] == expected["errors"][0]["code"]
    assert response.json()["error"]["info"] == expected["errors"][0]["text"]
    del parameters["maxlag"]
    assert "entities" in http.get(f"{wikibase.url}/w/api.php", params=parameters).json()


def test_trouble_passes_after_as_many_questions_as_said(
    wikibase: LocalWikibase, http: httpx.Client
):
    wikibase.answer_with(lagging(), times=2)
    slept: list[float] = []
    client = WikibaseClient(http, wikibase.url, sleep=slept.append)
    assert client.fetch_concept("Q14").preferred_label == "solar"
    assert slept == [5.0, 5.0]


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        (busy(600), "429.* after 600 s"),
        (busy(None), "429"),
        (failing(502), "502"),
        (html(), "no JSON object"),
    ],
)
def test_every_trouble_is_one_that_the_client_knows(
    trouble: Any, message: str, wikibase: LocalWikibase, http: httpx.Client
):
    wikibase.answer_with(trouble)
    with pytest.raises(WikibaseUnavailable, match=message):
        WikibaseClient(http, wikibase.url).fetch_concept("Q69")
    wikibase.answer_with(None)
    assert WikibaseClient(http, wikibase.url).fetch_concept("Q69").id


def test_a_question_never_answered_ends_when_the_server_stops(directory: Path):
    raised: list[VibeCheckerError] = []

    def ask(url: str) -> None:
        with httpx.Client() as http:
            try:
                WikibaseClient(http, url).fetch_concept("Q69")
            except VibeCheckerError as error:
                raised.append(error)

    with LocalWikibase(directory) as server:
        server.answer_with(dead())
        asking = threading.Thread(target=ask, args=(server.url,))
        asking.start()
        asking.join(timeout=0.3)
        assert asking.is_alive(), "it waits for the answer"
    asking.join(timeout=10)
    assert [type(error) for error in raised] == [WikibaseUnavailable]


def test_it_knows_no_accounts_so_a_login_is_refused(wikibase: LocalWikibase, http: httpx.Client):
    bot = WikibaseClient(http, wikibase.url, credentials=Credentials("Reader@lambda", "x"))
    with pytest.raises(WikibaseRefused, match="gives no login token"):
        bot.fetch_concept("Q69")


def test_other_addresses_are_not_found(wikibase: LocalWikibase, http: httpx.Client):
    assert http.get(f"{wikibase.url}/api.php").status_code == 404
    with pytest.raises(WikibaseRefused, match="404"):
        WikibaseClient(http, f"{wikibase.url}/wiki").fetch_concept("Q69")


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("carbon.json", "{}", "carbon.json: an item's file is named by its id"),
        ("Q069.json", "{}", "Q069.json: an item's file is named by its id"),
        ("Q1.json", '{"type":', "Q1.json is not JSON"),
        ("Q1.json", "[]", "Q1.json is no Wikibase item"),
        ("Q1.json", '{"type": "item"}', "Q1.json is no Wikibase item: .*\nid\n"),
        ("Q1.json", '{"type": "property", "id": "Q1"}', "\ntype\n"),
        ("Q1.json", '{"type": "item", "id": "Q2"}', "Q1.json holds Q2"),
        ("Q1.json", '{"type": "item", "id": "Q1", "labels": {"en": "x"}}', "\nlabels.en\n"),
        ("Q1.json", '{"entity": "Q1", "redirect": "Item:Q2"}', "\nredirect\n"),
        (
            "Q1.json",
            '{"type": "item", "id": "Q1", "claims": {"P1": [{"rank": "normal"}]}}',
            "\nclaims.P1.0.mainsnak\n",
        ),
    ],
)
def test_a_file_that_is_no_item_is_named_with_its_problem(
    name: str, content: str, problem: str, tmp_path: Path
):
    (tmp_path / name).write_text(content)
    with pytest.raises(InvalidInput, match=problem.replace(".json", r"\.json")):
        LocalWikibase(tmp_path)


def test_a_directory_without_items_is_refused(tmp_path: Path):
    with pytest.raises(InvalidInput, match="holds no items"):
        LocalWikibase(tmp_path)


def test_it_can_be_started_by_hand(directory: Path):
    command = [sys.executable, "-m", "local.wikibase", str(directory)]
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
        env={"PYTHONPATH": "layers/core/python"},
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        process.terminate()
    assert line.startswith("6 items at http://127.0.0.1:")
