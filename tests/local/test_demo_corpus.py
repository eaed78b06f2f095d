import re
from collections import Counter

import pytest

from local.demo import entities
from local.demo.classifiers import missed_by_keywords
from local.demo.corpus import Passage, passages
from local.demo.templates import CORPUS, read_templates

CONCEPTS = entities.concepts_to_run()


@pytest.fixture(scope="module")
def corpus() -> list[Passage]:
    return passages()


def test_a_corpus_is_the_same_every_time(corpus: list[Passage]) -> None:
    assert passages() == corpus
    assert 2_500 <= len(corpus) <= 3_200


def test_passages_are_as_long_as_passages_are(corpus: list[Passage]) -> None:
    words = sorted(len(passage.text.split()) for passage in corpus)
    assert 25 <= words[len(words) // 2] <= 60
    assert words[-1] <= 160


def test_no_slot_is_left_unfilled(corpus: list[Passage]) -> None:
    assert not [p.text for p in corpus if re.search(r"[{}\[\]]| \+Q\d", p.text)]


@pytest.mark.parametrize("concept", CONCEPTS)
def test_a_concept_has_passages_that_keywords_find_miss_and_mistake(
    concept: str, corpus: list[Passage]
) -> None:
    kinds = Counter(passage.kind for passage in corpus if passage.about == concept)
    assert kinds["labelled"] >= 40
    assert kinds["paraphrased"] >= 40
    assert kinds["near_miss"] >= 30
    assert missed_by_keywords(corpus, concept).sum() >= 30


@pytest.mark.parametrize("concept", CONCEPTS)
def test_a_label_is_sometimes_said_about_something_else(concept: str) -> None:
    labels = [label.lower() for label in entities.labels_of(concept)]
    misses = [t for t in read_templates(CORPUS / "concepts.txt") if t.kind == "near_miss"]
    assert any(label in t.text.lower() for t in misses if t.about == concept for label in labels)


@pytest.mark.parametrize("concept", CONCEPTS)
def test_labelled_sentences_say_a_label_and_paraphrases_none(concept: str) -> None:
    labels = "|".join(re.escape(label) for label in entities.labels_of(concept))
    pattern = re.compile(rf"\b(?:{labels})\b", re.IGNORECASE)
    for template in read_templates(CORPUS / "concepts.txt"):
        if template.about == concept and template.kind != "near_miss":
            says = bool(pattern.search(re.sub("[-\u2013]", " ", template.text)))
            says = says or bool(pattern.search(template.text))
            assert says == (template.kind == "labelled"), template.text


@pytest.mark.parametrize(
    "seen",
    ["&amp;", "R&amp;D", "<b>", "<p>", "&#39;", "\n", "-\n", "\u00a0", "\u2011", "🌊", " < "],
)
def test_text_is_as_untidy_as_extracted_text(seen: str, corpus: list[Passage]) -> None:
    assert any(seen in passage.text for passage in corpus)


def test_boilerplate_stands_in_several_documents(corpus: list[Passage]) -> None:
    documents: dict[str, set[str]] = {}
    for passage in corpus:
        documents.setdefault(passage.text, set()).add(passage.metadata["document_id"])
    assert max(map(len, documents.values())) >= 15


def test_some_passages_are_in_other_languages(corpus: list[Passage]) -> None:
    languages = Counter(passage.metadata["text_block.language"] for passage in corpus)
    assert languages["fr"] >= 20
    assert languages["es"] >= 20
    assert languages[None] >= 20
