"""Directories that `optimum-cli export onnx` wrote (golden/make_optimum.py), used as they are."""

import json
import shutil
from pathlib import Path

import pytest

from tests.vibe_checker.test_sequence import options, predict, probabilities

EXPORTS = Path(__file__).parent / "golden/optimum"
GOLDEN = json.loads((EXPORTS / "golden.json").read_text())
TEXTS = GOLDEN["texts"]


def joined(words: list[tuple[int, int, float]], threshold: float) -> list[list[int]]:
    """[start, end] of the words from the threshold on; those side by side together."""
    spans: list[list[int]] = []
    last = None
    for place, (start, end, probability) in enumerate(words):
        if probability >= threshold and last == place - 1 and spans:
            spans[-1][1] = end
        elif probability >= threshold:
            spans.append([start, end])
        last = place if probability >= threshold else last
    return spans


def test_an_exported_text_classifier_says_what_transformers_says():
    assert probabilities(EXPORTS / "distilbert", TEXTS) == pytest.approx(
        GOLDEN["distilbert"], abs=1e-5
    )


@pytest.mark.parametrize(("name", "threshold"), [("roberta", 0.55), ("xlm-roberta", 0.375)])
def test_an_exported_tagger_finds_the_words_that_transformers_finds(
    tmp_path: Path, name: str, threshold: float
):
    directory = Path(shutil.copytree(EXPORTS / name, tmp_path / name))

    found = predict(options(directory, threshold=threshold), TEXTS)

    for text, prediction, words in zip(TEXTS, found, GOLDEN[name], strict=True):
        spans = [[span.start, span.end] for span in prediction.spans]
        # Some tokenizers count the space before a word as its own; no span begins with one.
        trimmed = [
            [end - len(text[start:end].lstrip()), start + len(text[start:end].rstrip())]
            for start, end in joined(words, threshold)
        ]
        assert spans == [[start, end] for start, end in trimmed if start < end]
        highest = max((word[2] for word in words), default=0)
        assert prediction.probability == pytest.approx(highest, abs=1e-5)
