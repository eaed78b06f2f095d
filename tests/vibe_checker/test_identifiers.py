import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_checker.errors import InvalidRequest
from vibe_checker.identifiers import ALPHABET, concept_ids, is_concept_id, short_id

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@pytest.mark.parametrize("value", ["Q1", "Q69", "Q2147483647"])
def test_an_item_id_is_q_and_a_number(value: str) -> None:
    assert is_concept_id(value)


@pytest.mark.parametrize(
    "value",
    [
        "q69",
        "Q0",
        "Q069",
        "Q1\n",
        " Q1",
        "Q",
        "69",
        "P7",
        "Q2147483648",
        "Q٣",
        "../Q1",
        "",
        69,
        None,
    ],
)
def test_what_only_looks_like_an_id_is_none(value: object) -> None:
    assert not is_concept_id(value)


def test_ids_are_deduplicated_and_sorted_by_number() -> None:
    assert concept_ids(["Q420", "Q69", "Q420"], where="here") == ["Q69", "Q420"]


def test_every_bad_id_is_named_with_its_place() -> None:
    with pytest.raises(InvalidRequest, match=r"concepts.yml holds .*item 2: 'q69'; item 4: 7"):
        concept_ids(["Q1", "q69", "Q2", 7], where="concepts.yml")


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(InvalidRequest, match=r"concepts.yml names no concepts"):
        concept_ids([], where="concepts.yml")


def test_a_thousand_bad_ids_make_a_short_message() -> None:
    with pytest.raises(InvalidRequest, match="and 980 more") as caught:
        concept_ids(["bad"] * 1000, where="concepts.yml")
    assert len(str(caught.value)) < 1000


@given(JSON)
def test_a_short_id_is_eight_characters_that_nobody_mistakes(value: object) -> None:
    assert len(short_id(value)) == 8
    assert set(short_id(value)) <= set(ALPHABET)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"labels": ["ab", "c"]}, {"labels": ["a", "bc"]}),
        ({"labels": ["aa", "bb"], "negative": []}, {"labels": ["aa"], "negative": ["bb"]}),
        ({"threshold": 0}, {"threshold": None}),
        (["1"], [1]),
    ],
)
def test_values_that_read_alike_run_together_have_different_ids(one: object, other: object) -> None:
    assert short_id(one) != short_id(other)


def test_a_short_id_does_not_depend_on_the_order_of_keys() -> None:
    assert short_id({"a": 1, "b": 2}) == short_id({"b": 2, "a": 1})
