import json
from pathlib import Path

import numpy as np
import pytest

from tests.vibe_checker.test_sequence import opened, options, predict, refusal
from tests.vibe_checker.tiny_models import TEXTS, tags_model, token_model
from vibe_checker.classifiers.token import TokenClassifier
from vibe_checker.predictions import Prediction

GOLDEN = json.loads((Path(__file__).parent / "golden/transformers.json").read_text())
BIO = ["O", "B-X", "I-X"]
SURE, BEGIN, INSIDE = [20.0, -20, -20], [-20.0, 20, -20], [-20.0, -20, 20]


def spans(directory: Path, text: str) -> list[str]:
    [prediction] = predict(directory, [text])
    return [text[span.start : span.end] for span in prediction.spans]


def test_spans_and_probabilities_follow_from_what_transformers_says_of_each_token(tmp_path: Path):
    directory = token_model(tmp_path, GOLDEN["tags"])

    for tokens, prediction in zip(GOLDEN["tokens"], predict(directory, TEXTS), strict=True):
        for span in prediction.spans:
            inside = [t for t in tokens if span.start <= t["start"] and t["end"] <= span.end]
            mean = np.mean([sum(token["probabilities"][1:]) for token in inside])
            assert span.probability == pytest.approx(mean, abs=1e-5)
            assert {span.start, span.end} <= {t[end] for t in inside for end in ("start", "end")}


def test_plain_tags_make_the_entities_of_the_pipeline_that_averages_over_words(tmp_path: Path):
    directory = token_model(tmp_path, ["O", "CONCEPT"])
    texts = [text for text in TEXTS if text]

    found = [
        [[span.start, span.end] for span in prediction.spans]
        for prediction in predict(directory, texts)
    ]

    assert found == [
        [[each["start"], each["end"]] for each in entities if each["entity_group"] != "O"]
        for entities in GOLDEN["average"]
    ]


def test_a_begun_and_continued_entity_is_one_span(tmp_path: Path):
    directory = tags_model(tmp_path, BIO, {"carbon": BEGIN, "tax": INSIDE})

    assert spans(directory, "The carbon\n tax of 2030") == ["carbon\n tax"]


def test_entities_that_begin_side_by_side_stay_apart(tmp_path: Path):
    directory = tags_model(tmp_path, BIO, {"carbon": BEGIN, "tax": BEGIN})

    assert spans(directory, "carbon tax") == ["carbon", "tax"]


def test_an_inside_tag_without_a_beginning_counts(tmp_path: Path):
    directory = tags_model(tmp_path, BIO, {"tax": INSIDE})

    assert spans(directory, "The tax, tax tax") == ["tax", "tax tax"]


def test_plain_tags_join_words_side_by_side(tmp_path: Path):
    directory = tags_model(tmp_path, ["O", "X"], {"carbon": [-9, 9], "tax": [-9, 9]})

    assert spans(directory, "the carbon tax of carbon") == ["carbon tax", "carbon"]


def test_a_word_is_in_or_out_as_a_whole(tmp_path: Path):
    directory = tags_model(tmp_path, BIO, {"tax": BEGIN, "##ation": [1.0, -20, 0]})

    [prediction] = predict(directory, ["taxation"])

    assert [(span.start, span.end) for span in prediction.spans] == [(0, 8)]
    part = 1 / (1 + np.e)  # what the second half says
    assert prediction.spans[0].probability == pytest.approx((1 + part) / 2, abs=1e-6)


def test_probability_is_given_for_negatives_too(tmp_path: Path):
    directory = tags_model(tmp_path, ["O", "X"], {"tax": [1, 0]})

    [negative, empty] = predict(directory, ["the tax", ""])

    assert negative.spans == [] and empty == ([], 0.0)
    assert negative.probability == pytest.approx(1 / (1 + np.e), abs=1e-6)


def test_a_threshold_of_0_takes_every_word_and_of_1_only_the_certain(tmp_path: Path):
    directory = tags_model(tmp_path, ["O", "X"], {"tax": [-40, 40], "gas": [-1, 1]})

    assert spans(options(directory, threshold=0), "the gas tax") == ["the gas tax"]
    assert spans(options(directory, threshold=1), "the gas tax") == ["tax"]


def test_offsets_are_code_points_of_the_raw_text(tmp_path: Path):
    directory = tags_model(tmp_path, BIO, {"tax": BEGIN})

    assert spans(directory, "🌍 É – “TAX” naïve tax") == ["TAX", "tax"]


def test_an_accent_written_as_a_character_of_its_own_stays_with_its_letter(tmp_path: Path):
    directory = tags_model(tmp_path, BIO, {"e": BEGIN})

    assert spans(directory, "the e\u0301 tax e\u0301") == ["e\u0301", "e\u0301"]


def test_the_entity_named_like_the_concept_or_asked_for_counts_alone(tmp_path: Path):
    labels = ["O", "B-GAS", "B-carbon tax", "I-carbon tax"]
    directory = tags_model(tmp_path, labels, {"gas": [-9, 9, -9, -9], "levy": [-9, -9, 9, -9]})

    assert spans(directory, "gas levy") == ["levy"]
    assert spans(options(directory, positive_label="GAS"), "gas levy") == ["gas"]


def test_several_entities_without_a_hint_are_refused(tmp_path: Path):
    directory = tags_model(tmp_path, ["O", "B-GAS", "B-OIL"], {})

    assert "which of the labels GAS, OIL is the positive one?" in refusal(directory)


def test_a_tagger_with_nothing_but_outside_is_refused(tmp_path: Path):
    assert 'has the labels O; a token classifier has "O"' in refusal(
        tags_model(tmp_path, ["O"], {})
    )


def test_batches_and_order_change_no_span(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    directory, texts = token_model(tmp_path, GOLDEN["tags"]), TEXTS * 2
    together = predict(directory, texts)

    def same(others: list[Prediction]) -> bool:
        return [(o.probability, *(s[:2] for s in o.spans)) for o in others] == [
            (pytest.approx(t.probability, abs=1e-6), *(s[:2] for s in t.spans)) for t in together
        ]

    assert same(predict(directory, texts[::-1])[::-1])
    assert same([predict(directory, [text])[0] for text in texts])
    monkeypatch.setattr("vibe_checker.onnx_text._BATCH_TOKENS", 16)
    assert same(predict(directory, texts))


def test_the_kind_is_read_from_the_graph(tmp_path: Path):
    classifier = opened(token_model(tmp_path, BIO))

    assert isinstance(classifier, TokenClassifier)
    assert classifier.card.kind == "token"
