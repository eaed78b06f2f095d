import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import yaml
from tokenizers import Tokenizer

from local.demo import cached
from local.demo.classifiers import CLASSIFIERS, Split, f1_score, missed_by_keywords, split
from local.demo.corpus import Passage, passages
from local.demo.training import Network, forward, gradients
from local.demo.word_features import Tokens

Array = np.ndarray[Any, Any]

CORPUS: list[Passage] = passages()
SPLIT: Split = split(CORPUS)


def directory_of(concept: str) -> Path:
    return cached() / "models/classifiers" / concept / CLASSIFIERS[concept][0]


def probabilities(concept: str, texts: list[str]) -> Array:
    """As anyone would run such a directory, by its own files alone."""
    directory = directory_of(concept)
    config = json.loads((directory / "config.json").read_text())
    tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.enable_padding()
    encodings = tokenizer.encode_batch(texts)
    feed = {
        "input_ids": np.array([encoding.ids for encoding in encodings]),
        "attention_mask": np.array([encoding.attention_mask for encoding in encodings]),
    }
    session = onnxruntime.InferenceSession(
        directory / "model.onnx", providers=["CPUExecutionProvider"]
    )
    logits: Array = session.run(["logits"], feed)[0]
    assert logits.shape == (len(texts), config["num_labels"])
    if config["num_labels"] == 1:
        return np.asarray(1 / (1 + np.exp(-logits[:, 0])))
    exponentials = np.exp(logits)
    return np.asarray(exponentials[:, 1] / exponentials.sum(axis=1))


def found(concept: str, rows: Array) -> Array:
    texts = [CORPUS[row].text for row in rows]
    threshold = yaml.safe_load((directory_of(concept) / "classifier.yml").read_text())["threshold"]
    return np.asarray(probabilities(concept, texts) >= threshold)


def truth(concept: str, rows: Array) -> Array:
    return np.array([concept in CORPUS[row].concepts for row in rows])


def test_what_is_held_out_was_never_trained_on() -> None:
    parts = [SPLIT.train, SPLIT.passages, SPLIT.sentences]
    assert sorted(np.concatenate(parts)) == list(range(len(CORPUS)))
    assert 0.15 <= 1 - len(SPLIT.train) / len(CORPUS) <= 0.3
    trained = {core for row in SPLIT.train for core in CORPUS[row].cores}
    assert all(set(CORPUS[row].cores) - trained for row in SPLIT.sentences)
    assert all(set(CORPUS[row].cores) <= trained for row in SPLIT.passages)


@pytest.mark.parametrize("concept", CLASSIFIERS)
def test_a_classifier_tells_held_out_passages_apart(concept: str) -> None:
    rows = SPLIT.passages
    assert f1_score(found(concept, rows), truth(concept, rows)) > 0.8


@pytest.mark.parametrize("concept", CLASSIFIERS)
def test_a_classifier_finds_what_keywords_miss(concept: str) -> None:
    missed = missed_by_keywords(CORPUS, concept)
    reworded, unseen = (rows[missed[rows]] for rows in (SPLIT.passages, SPLIT.sentences))
    assert found(concept, reworded).mean() > 0.8
    assert found(concept, unseen).any()


@pytest.mark.parametrize("concept", CLASSIFIERS)
def test_padding_changes_no_probability(concept: str) -> None:
    short, long = "The river burst its banks.", "A levy is due for each tonne. " * 12
    together = probabilities(concept, [short, long])
    alone = [probabilities(concept, [text])[0] for text in (short, long)]
    np.testing.assert_allclose(together, alone, atol=1e-6)


def test_both_kinds_of_sequence_classifier_are_there() -> None:
    configs = [json.loads((directory_of(c) / "config.json").read_text()) for c in CLASSIFIERS]
    assert {config["num_labels"] for config in configs} == {1, 2}
    for concept, config in zip(CLASSIFIERS, configs, strict=True):
        assert config["architectures"][0].endswith("ForSequenceClassification")
        settings = yaml.safe_load((directory_of(concept) / "classifier.yml").read_text())
        assert settings["positive_label"] in config["label2id"]


def test_gradients_are_those_of_small_differences() -> None:
    draw = np.random.default_rng(5)
    vectors = draw.standard_normal((30, 6)).astype(np.float32)
    shapes = (6, 4), (4,), (8, 2), (2,)
    network = Network(*(draw.standard_normal(s).astype(np.float32) for s in shapes))
    mask = np.ones((5, 7), np.float32)
    mask[2, 4:] = 0
    tokens = Tokens(draw.integers(0, 30, (5, 7)), mask)
    truth = draw.integers(0, 2, (5, 2)).astype(np.float32)

    def loss() -> float:
        logits = forward(network, vectors, tokens).logits.astype(np.float64)
        each = np.logaddexp(0, logits) - truth * logits
        return float((each * np.where(truth > 0, 3, 1)).sum() / 5)

    for part, gradient in zip(
        network.parts(), gradients(network, vectors, tokens, truth), strict=True
    ):
        for place in np.ndindex(part.shape):
            kept = part[place]
            part[place] = kept + 1e-3
            above = loss()
            part[place] = kept - 1e-3
            below = loss()
            part[place] = kept
            assert gradient[place] == pytest.approx((above - below) / 2e-3, abs=2e-2)
