import json
import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_checker.classifiers.keyword import KeywordClassifier, KeywordMatcher
from vibe_checker.concept import Concept
from vibe_checker.predictions import Predictions
from vibe_checker.spans import Span, merge, without_overlaps

GOLDEN = json.loads((Path(__file__).parent / "golden/keyword_matching.json").read_text("utf-8"))
GOLDEN_CONCEPTS = {concept["index"]: concept for concept in GOLDEN["concepts"]}


def found(positive: Iterable[str], texts: list[str], negative: Iterable[str] = ()) -> list[str]:
    """The texts with their matches in brackets."""
    matcher = KeywordMatcher(list(positive), list(negative))
    return [_bracketed(*each) for each in zip(texts, spans(matcher, texts), strict=True)]


def spans(matcher: KeywordMatcher, texts: list[str]) -> list[list[Span]]:
    found = Predictions(len(texts), matcher.find(pa.array(texts, pa.large_string())))
    return [prediction.spans for prediction in found]


def _bracketed(text: str, spans: list[Span]) -> str:
    for span in reversed(spans):
        text = f"{text[: span.start]}[{text[span.start : span.end]}]{text[span.end :]}"
    return text


def pairs(matcher: KeywordMatcher, texts: list[str]) -> list[list[list[int]]]:
    """For each text the [start, end] of its matches."""
    return [[[span.start, span.end] for span in each] for each in spans(matcher, texts)]


@pytest.mark.parametrize("index", GOLDEN_CONCEPTS)
def test_matches_are_the_golden_ones(index: int):
    concept = GOLDEN_CONCEPTS[index]
    matcher = KeywordMatcher(
        [concept["preferred_label"], *concept["alternative_labels"]], concept["negative_labels"]
    )
    cases = [case for case in GOLDEN["cases"] if case["concept"] == index]

    texts = [case["text"] for case in cases]

    assert pairs(matcher, texts) == [case["spans"] for case in cases]


def test_a_lower_case_label_matches_in_any_case_others_to_the_letter():
    assert found(["gas", "GHG", "café"], ["Gas, GHG, ghg, café, Café, CAFÉ"]) == [
        "[Gas], [GHG], ghg, [café], Café, CAFÉ"
    ]


def test_any_run_of_separators_stands_for_any_other():
    assert found(
        ["net zero", "low-carbon"], ["net-zero  low\n–  carbon net\u00a0zero net\u2003—zero"]
    ) == ["[net-zero]  [low\n–  carbon] [net\u00a0zero] [net\u2003—zero]"]


def test_word_characters_on_either_side_prevent_a_match():
    assert found(["tax"], ["tax taxes _tax tax1 étax taxé (tax) tax’s 税tax x-tax"]) == [
        "[tax] taxes _tax tax1 étax taxé ([tax]) [tax]’s 税tax x-[tax]"
    ]


def test_the_longest_label_wins_and_a_shorter_one_where_the_longer_does_not_end():
    assert found(["carbon", "carbon tax"], ["carbon tax, carbon taxes"]) == [
        "[carbon tax], [carbon] taxes"
    ]


def test_overlapping_matches_of_both_kinds_of_label_become_one_span():
    assert found(["Carbon Tax", "Rate", "tax rate"], ["the Carbon Tax Rate applies"]) == [
        "the [Carbon Tax Rate] applies"
    ]


def test_a_match_that_touches_a_negative_match_is_dropped():
    assert found(["gas"], ["tear gas and natural  gas and gas"], ["tear gas", "natural-gas"]) == [
        "tear gas and natural  gas and [gas]"
    ]


def test_a_negative_label_equal_to_a_positive_one_loses():
    assert found(["duty", "levy"], ["duty levy"], ["duty"]) == ["[duty] [levy]"]


def test_matches_come_in_order_of_position():
    assert found(["gas", "GHG"], ["gas then GHG then gas"]) == ["[gas] then [GHG] then [gas]"]


def test_letters_that_only_look_like_a_plain_one_match_where_case_is_ignored():
    assert found(["risk"], ["riſk RİSK rıs\N{KELVIN SIGN} x"]) == [
        "[riſk] [RİSK] [rıs\N{KELVIN SIGN}] x"
    ]
    assert found(["Risk", "ığdır"], ["Rıſk Risk iğdir ığdır – ığdır"]) == [
        "Rıſk [Risk] iğdir [ığdır] – [ığdır]"
    ]


def test_places_are_code_points_also_behind_wide_characters_and_runs():
    assert found(["tax"], ["🌍🌍 –  “tax” — \r\n tax ", "tax", "\u2028é tax"]) == [
        "🌍🌍 –  “[tax]” — \r\n [tax] ",
        "[tax]",
        "\u2028é [tax]",
    ]


def test_a_match_never_reaches_over_the_border_between_two_passages():
    texts = ["carbon", " tax", "", "tax", "es carbon", "tax"]

    assert found(["carbon tax", "tax"], texts) == [
        "carbon", " [tax]", "", "[tax]", "es carbon", "[tax]"
    ]  # fmt: skip


def test_labels_of_separators_alone_and_no_labels_match_nothing():
    assert found(["-", " ", "—"], ["a - b", ""]) == ["a - b", ""]
    assert found([], ["a"]) == ["a"]
    assert found(["a"], []) == []


def test_a_classifier_gives_no_probability_and_shows_its_labels():
    concept = Concept(
        wikibase_id="Q1", preferred_label="gas", alternative_labels=("GHG",), negative_labels=("a",)
    )
    classifier = KeywordClassifier(concept)

    predictions = classifier.predict(pa.table({"text": pa.array(["GHG", "x"], pa.large_string())}))

    assert list(predictions) == [([Span(0, 3)], None), ([], None)]
    assert classifier.card.as_json()["labels"] == ["GHG", "gas"]
    assert classifier.card.as_json()["negative_labels"] == ["a"]


# A second implementation, by Python's re, of the rules as they are stated.

SEPARATOR = r"[\s\-–—]+"


def by_re(positive: list[str], negative: list[str], text: str) -> list[list[int]]:
    wanted = {_normal(label) for label in positive}
    negative = [label for label in negative if _normal(label) not in wanted]
    kept = without_overlaps(_spans(positive, text), _spans(negative, text))
    return [[span.start, span.end] for span in merge(kept)]


def _normal(label: str) -> str:
    return re.sub(SEPARATOR, " ", label).strip(" ")


def _spans(labels: list[str], text: str) -> list[Span]:
    spans: list[Span] = []
    for any_case in (True, False):
        chosen = {_normal(label) for label in labels if _in_any_case(label) == any_case} - {""}
        if chosen:
            ordered = sorted(chosen, key=lambda label: (-len(label), label))
            words = (SEPARATOR.join(map(re.escape, label.split(" "))) for label in ordered)
            pattern = rf"(?<!\w)(?:{'|'.join(words)})(?!\w)"
            found = re.finditer(pattern, text, re.IGNORECASE if any_case else 0)
            spans += [Span(*match.span()) for match in found]
    return spans


def _in_any_case(label: str) -> bool:
    return label.isascii() and label == label.lower()


WORDS = st.sampled_from(
    ["gas", "Gas", "GAS", "tax", "é", "É", "s", "ſ", "K", "\N{KELVIN SIGN}", "k", "i", "ı", "İ"]
    + ["税", "_", "1", "’", "(", "🌍", "gases"]
)
GAPS = st.sampled_from(["", " ", " ", "-", "–", "—", "  ", " - ", "\n", "\u00a0", "\u2003", "\x1c"])
TEXTS = st.lists(st.tuples(WORDS, GAPS), max_size=8).map(
    lambda parts: "".join(part for pair in parts for part in pair)
)


@given(
    positive=st.lists(TEXTS, max_size=4),
    negative=st.lists(TEXTS, max_size=2),
    texts=st.lists(TEXTS, max_size=5),
)
def test_any_labels_in_any_texts_are_found_as_regular_expressions_find_them(
    positive: list[str], negative: list[str], texts: list[str]
):
    matcher = KeywordMatcher(positive, negative)

    assert pairs(matcher, texts) == [by_re(positive, negative, text) for text in texts]


def test_order_and_company_of_the_passages_change_nothing():
    texts = [case["text"] for case in GOLDEN["cases"]]
    matcher = KeywordMatcher(["gas", "carbon tax", "économie verte", "GHG"], ["tear gas"])
    together = pairs(matcher, texts)

    assert pairs(matcher, texts[::-1]) == together[::-1]
    assert [pairs(matcher, [text])[0] for text in texts] == together
    assert pairs(matcher, texts[:7]) + pairs(matcher, texts[7:]) == together


def test_a_part_of_an_arrow_table_is_read_from_where_it_begins():
    texts = pa.array(["é gas", "é  gas", "no", "gas – gas", "gas"], pa.large_string())

    rows, starts, ends, _ = KeywordMatcher(["gas"], []).find(texts.slice(1, 3))

    assert np.stack([rows, starts, ends], 1).tolist() == [[0, 3, 6], [2, 0, 3], [2, 6, 9]]


def test_a_text_of_very_many_matches_is_done():
    # Met pairwise, 64,000 matches would be two billion steps: nobody would wait for this test.
    matcher = KeywordMatcher(["tax", "tax tax", "Tax"], ["duty"])
    [found] = spans(matcher, ["tax – " * 64_000 + "duty é"])
    assert len(found) == 32_000
    assert found[0] == Span(0, 9)


def test_every_character_that_python_takes_for_whitespace_separates_words():
    spaces = [chr(point) for point in range(0x110000) if chr(point).isspace()]

    assert found(["net zero"], [f"net{space}zero" for space in spaces]) == [
        f"[net{space}zero]" for space in spaces
    ]
