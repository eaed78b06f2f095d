from typing import Any

import pytest

from local.demo.entities import concepts_to_run, entity, labels_of, read_entities

ENTITIES = {concept: entity(concept, record) for concept, record in read_entities().items()}


def statements(concept: str, property_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ENTITIES[concept]["claims"].get(property_id, [])
    return found


def targets(concept: str, property_id: str) -> list[str]:
    return [
        statement["mainsnak"]["datavalue"]["value"]["id"]
        for statement in statements(concept, property_id)
        if statement["mainsnak"]["snaktype"] == "value"
    ]


@pytest.mark.parametrize("concept", ENTITIES)
def test_an_entity_has_what_the_api_gives(concept: str) -> None:
    found = ENTITIES[concept]
    assert found["id"] == concept
    assert found["title"] == f"Item:{concept}"
    assert found["labels"]["en"]["value"]
    assert found["lastrevid"] > 0
    for property_id, claims in found["claims"].items():
        for statement in claims:
            assert statement["type"] == "statement"
            assert statement["id"].startswith(f"{concept}$")
            assert statement["rank"] in {"normal", "deprecated"}
            assert statement["mainsnak"]["property"] == property_id


def test_statement_ids_are_unique() -> None:
    ids = [
        statement["id"]
        for found in ENTITIES.values()
        for claims in found["claims"].values()
        for statement in claims
    ]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("concept", ENTITIES)
def test_entities_point_only_at_entities_that_are_there(concept: str) -> None:
    assert {t for p in ("P1", "P2", "P3", "P11") for t in targets(concept, p)} <= set(ENTITIES)


@pytest.mark.parametrize("concept", ENTITIES)
def test_subconcepts_point_back(concept: str) -> None:
    assert all(concept in targets(child, "P2") for child in targets(concept, "P1"))


def test_subconcepts_go_two_levels_down() -> None:
    assert "storm surge" in labels_of("Q420")
    assert "offshore wind" in labels_of("Q117")


def test_a_concept_has_negative_labels_and_a_negative_concept() -> None:
    values = [s["mainsnak"]["datavalue"]["value"] for s in statements("Q69", "P9")]
    assert "carbon tax relief" in values
    assert targets("Q69", "P11") == ["Q70"]


def test_a_deprecated_statement_would_silence_a_label() -> None:
    deprecated = [s for s in statements("Q69", "P9") if s["rank"] == "deprecated"]
    assert [s["mainsnak"]["datavalue"]["value"] for s in deprecated] == ["CO2 tax"]
    assert "CO2 tax" in labels_of("Q69")


def test_a_statement_without_a_known_value_is_among_them() -> None:
    unknown = [s for s in statements("Q420", "P3") if s["mainsnak"]["snaktype"] == "somevalue"]
    assert len(unknown) == 1
    assert "datavalue" not in unknown[0]["mainsnak"]


def test_a_dozen_concepts_are_run() -> None:
    assert len(concepts_to_run()) == 12
    assert {"Q69", "Q420"} <= set(concepts_to_run())
