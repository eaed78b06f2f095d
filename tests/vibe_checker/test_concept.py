import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from vibe_checker.concept import Concept, SourcedLabel
from vibe_checker.identifiers import ConceptId

PACKAGE = Path(__file__).parents[2] / "layers/core/python"

CARBON_TAX = {
    "wikibase_id": "Q69",
    "preferred_label": "carbon tax",
    "description": "A tax on the carbon content of fuels",
    "definition": "A price-based climate policy instrument.\n\nLevied per tonne.",
    "alternative_labels": ["carbon taxes", "tax on carbon", "carbon levy", "CO2 tax"],
    "negative_labels": ["carbon tax relief", "Carbon Tax Advisory Board"],
    "subconcept_labels": [{"label": "fuel levy", "source": "Q70"}],
    "negative_concept_labels": [{"label": "border levy", "source": "Q5"}],
    "has_subconcept": ["Q100", "Q70"],
    "negative_concepts": ["Q5"],
    "classifier_ids": ["abcd2345"],
    "revision": 108,
    "url": "https://wiki.example/wiki/Item:Q69",
}


def concept(**fields: object) -> Concept:
    return Concept.model_validate({"wikibase_id": "Q1", "preferred_label": "gas", **fields})


def sourced(label: str, source: str = "Q2") -> SourcedLabel:
    return SourcedLabel(label=label, source=ConceptId(source))


def test_markdown_has_every_section_with_its_lists_sorted_by_code_point():
    assert Concept.model_validate(CARBON_TAX).markdown() == (
        "# carbon tax\n\n"
        "## Description\n\nA tax on the carbon content of fuels\n\n"
        "## Definition\n\nA price-based climate policy instrument.\n\nLevied per tonne.\n\n"
        "## Alternative labels, synonyms, acronyms, and related terms\n\n"
        "- CO2 tax\n- carbon levy\n- carbon taxes\n- fuel levy\n- tax on carbon\n\n"
        "## Not to be confused with\n\n"
        "- Carbon Tax Advisory Board\n- border levy\n- carbon tax relief"
    )


def test_markdown_leaves_out_sections_without_content():
    assert concept(description="", definition="  ").markdown() == "# gas"


def test_lent_labels_are_told_apart_from_own_ones():
    carbon_tax = Concept.model_validate(CARBON_TAX)
    assert "fuel levy" not in carbon_tax.alternative_labels
    assert carbon_tax.subconcept_labels == (sourced("fuel levy", "Q70"),)
    assert "fuel levy" in carbon_tax.all_labels
    assert "border levy" not in carbon_tax.negative_labels
    assert "border levy" in carbon_tax.all_negative_labels


def test_labels_are_stripped_and_empty_or_repeated_ones_dropped():
    gas = concept(
        preferred_label=" gas\n",
        alternative_labels=["gases ", "", " ", "gases", "gas"],
        subconcept_labels=[sourced("methane"), sourced(" methane "), sourced(""), sourced("gas")],
    )
    assert gas.all_labels == ("gas", "gases", "methane")
    assert gas.alternative_labels == ("gases",)
    assert gas.subconcept_labels == (sourced("methane"),)


def test_one_label_lent_by_two_concepts_keeps_both_sources_but_is_one_label():
    gas = concept(subconcept_labels=[sourced("CH4", "Q10"), sourced("CH4", "Q9")])
    assert gas.subconcept_labels == (sourced("CH4", "Q9"), sourced("CH4", "Q10"))
    assert gas.all_labels == ("CH4", "gas")


@pytest.mark.parametrize(
    ("label", "negative", "why"),
    [
        ("duty", "duty", "the same label"),
        ("duty", " duty ", "the same label once it is stripped"),
        ("net zero", "net-zero", "hyphen and space match alike"),
        ("net zero", "net – zero", "and so do runs of dashes and spaces"),
        ("Turkey", "turkey", "the negative matches in any case, so always"),
    ],
)
def test_a_negative_label_that_would_undo_a_label_loses(label: str, negative: str, why: str):
    for place in ("alternative_labels", "preferred_label"):
        value = label if place == "preferred_label" else [label]
        assert concept(**{place: value}, negative_labels=[negative]).negative_labels == (), why
    assert (
        concept(
            subconcept_labels=[sourced(label)], negative_concept_labels=[sourced(negative, "Q5")]
        ).all_negative_labels
        == ()
    ), why


@pytest.mark.parametrize(
    ("label", "negative"),
    [
        ("turkey", "Turkey"),  # takes only the capitalised matches away
        ("gas", "greenhouse gas"),
        ("leading hyphen", "- leading hyphen"),
    ],
)
def test_a_negative_label_that_leaves_some_matches_stays(label: str, negative: str):
    assert concept(preferred_label=label, negative_labels=[negative]).negative_labels == (negative,)


def test_json_loads_again_as_an_equal_concept_and_starts_with_its_id():
    carbon_tax = Concept.model_validate(CARBON_TAX)
    text = carbon_tax.model_dump_json()
    assert text.startswith(f'{{"id":"{carbon_tax.id}","wikibase_id":"Q69"')
    assert Concept.model_validate_json(text) == carbon_tax
    assert Concept.model_validate_json(text).model_dump_json() == text


def test_json_with_an_id_that_is_not_its_content_s_is_refused():
    fields = {**CARBON_TAX, "id": "abcd2345"}
    with pytest.raises(ValidationError, match="the id is 'abcd2345', but the content's id is"):
        Concept.model_validate(fields)


def test_the_order_of_what_was_read_changes_nothing():
    turned = {
        name: value[::-1] if isinstance(value, list) else value
        for name, value in CARBON_TAX.items()
    }
    assert Concept.model_validate(turned) == Concept.model_validate(CARBON_TAX)


def test_json_is_the_same_whatever_the_hash_seed():
    program = (
        "from vibe_checker.concept import Concept\n"
        f"print(Concept.model_validate({CARBON_TAX!r}).model_dump_json())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(PACKAGE)},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert outputs == {Concept.model_validate(CARBON_TAX).model_dump_json() + "\n"}


@pytest.mark.parametrize(
    "change",
    [
        {"wikibase_id": "Q2"},
        {"preferred_label": "fuel"},
        {"description": "a state of matter"},
        {"definition": "a state of matter"},
        {"alternative_labels": ["fume"]},
        {"subconcept_labels": [sourced("methane")]},
        {"negative_labels": ["gas mask"]},
        {"negative_concept_labels": [sourced("gasoline")]},
    ],
)
def test_the_id_changes_with_everything_that_changes_what_is_found(change: dict[str, object]):
    assert concept(**change).id != concept().id


def test_ids_differ_where_labels_merely_read_alike_when_run_together():
    ids = {
        concept(alternative_labels=["aa", "bb"]).id,
        concept(alternative_labels=["aa"], negative_labels=["bb"]).id,
        concept(alternative_labels=["aab", "b"]).id,
    }
    assert len(ids) == 3


def test_the_id_stays_when_only_revision_or_relations_change():
    assert concept(revision=7, related_concepts=["Q3"], classifier_ids=["x"]).id == concept().id


def test_relations_are_sorted_by_number_without_repeats():
    assert concept(has_subconcept=["Q100", "Q9", "Q100"]).has_subconcept == ("Q9", "Q100")


@pytest.mark.parametrize(
    "fields",
    [
        {"wikibase_id": "../../etc"},
        {"wikibase_id": "Q1\n"},
        {"preferred_label": " "},
        {"has_subconcept": ["P1"]},
        {"redirected_to": "Q0"},
        {"colour": "green"},
        {"preferred_label": "half a pair \ud83c"},
    ],
)
def test_what_is_no_concept_is_refused(fields: dict[str, object]):
    with pytest.raises(ValidationError):
        concept(**fields)


def test_a_changed_copy_is_validated_like_any_other_concept():
    changed = concept(negative_labels=["duty"]).model_copy(update={"preferred_label": "duty"})
    assert changed.negative_labels == ()
    with pytest.raises(ValidationError):
        concept().model_copy(update={"wikibase_id": "Q0"})


def test_a_concept_cannot_be_changed_in_place():
    with pytest.raises(ValidationError, match="frozen"):
        concept().preferred_label = "fuel"
