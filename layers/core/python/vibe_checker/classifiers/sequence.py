"""ONNX sequence classification: one probability for a passage, and a span over all of it.

A directory as `optimum-cli export onnx --task text-classification` writes it: model.onnx,
tokenizer.json, config.json; and, where the files do not say it, a classifier.yml with
`positive_label` and `threshold`.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import yaml

from vibe_checker.errors import InvalidModel
from vibe_checker.onnx_text import Array, TextModel, max_length, read_json
from vibe_checker.predictions import Card, Prediction
from vibe_checker.spans import Span

SEQUENCE = "sequence"
_DEFAULT_THRESHOLD = 0.5
# Names that say which of a model's labels means "the concept is there", besides the concept's own.
_POSITIVE_NAMES = {"label_1", "1", "positive", "pos", "yes", "true"}


@dataclass(frozen=True)
class _Reading:
    """How logits become the probability: `activation` is "softmax" or "sigmoid"."""

    activation: str
    positive: int
    label: str
    threshold: float


class SequenceClassifier:
    """A text classifier, open and ready."""

    def __init__(self, name: str, directory: Path, concept_names: set[str], threads: int) -> None:
        """Open the model in `directory`; raises InvalidModel naming what is missing or wrong.

        `concept_names` are names of the concept that a label of the model may bear.
        """
        self._reading = _reading(name, directory, concept_names)
        self._model = TextModel(
            name,
            directory / "model.onnx",
            directory / "tokenizer.json",
            max_length(name, directory),
            threads,
        )
        self.card = Card(name, SEQUENCE, _behaviour(directory, self._reading))

    def predict(self, candidates: pa.Table) -> list[Prediction]:
        """A probability for each text; positive, over all of it, from the threshold on."""
        texts = candidates["text"].to_pylist()
        probabilities = np.empty(len(texts), np.float32)
        for batch in self._model.run(texts):
            probabilities[batch.indices] = self._probabilities(batch.outputs)
        return [
            self._prediction(text, float(str(p)))
            for text, p in zip(texts, probabilities, strict=True)
        ]

    def _probabilities(self, outputs: dict[str, Array]) -> Array:
        logits = outputs.get("logits", next(iter(outputs.values())))
        if logits.ndim != 2 or logits.shape[1] <= self._reading.positive:
            raise InvalidModel(
                f"{self._model.name}: the graph gives {logits.shape[1:]} for a passage where "
                f"config.json promises at least {self._reading.positive + 1} labels."
            )
        if self._reading.activation == "sigmoid":
            return _sigmoid(logits[:, self._reading.positive])
        return _softmax(logits)[:, self._reading.positive]

    def _prediction(self, text: str, probability: float) -> Prediction:
        positive = probability >= self._reading.threshold and text
        spans = [Span(0, len(text), probability)] if positive else []
        return Prediction(spans, probability)


def _sigmoid(logits: Array) -> Array:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * logits.astype(np.float32))))


def _softmax(logits: Array) -> Array:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _reading(name: str, directory: Path, concept_names: set[str]) -> _Reading:
    config = read_json(name, directory / "config.json")
    if not config:
        raise InvalidModel(f"{name} has no config.json; it must name the model's labels.")
    labels = _labels(name, config)
    options = _options(name, directory / "classifier.yml")
    positive = _positive(name, labels, options.get("positive_label"), concept_names)
    return _Reading(
        _activation(name, config, len(labels)),
        positive,
        labels[positive],
        _threshold(name, options.get("threshold", _DEFAULT_THRESHOLD)),
    )


def _labels(name: str, config: dict[str, Any]) -> list[str]:
    """The model's labels by their place, from id2label, or as many as num_labels says."""
    named = config.get("id2label")
    if named is None:
        return [f"LABEL_{i}" for i in range(int(config.get("num_labels", 2)))]
    try:
        return [str(named[str(i)]) for i in range(len(named))]
    except (KeyError, TypeError) as error:
        raise InvalidModel(
            f"{name}: id2label in config.json is {str(named)[:100]}; it must number the labels "
            'from "0" on.'
        ) from error


def _activation(name: str, config: dict[str, Any], labels: int) -> str:
    """As transformers' text-classification pipeline chooses it."""
    problem = config.get("problem_type")
    if problem == "regression":
        raise InvalidModel(f"{name}: config.json says regression; a classifier is needed.")
    return "sigmoid" if problem == "multi_label_classification" or labels == 1 else "softmax"


def _positive(name: str, labels: list[str], asked: object, concept_names: set[str]) -> int:
    """The place of the label that means "the concept is there"."""
    if asked is not None:
        if str(asked) in labels:
            return labels.index(str(asked))
        raise InvalidModel(
            f"{name}: classifier.yml has the positive_label {asked!r}; the model's labels are "
            f"{', '.join(labels)}."
        )
    if len(labels) == 1:
        return 0
    known = {each.lower() for each in concept_names} | _POSITIVE_NAMES
    found = [place for place, label in enumerate(labels) if label.lower() in known]
    if len(found) == 1:
        return found[0]
    raise InvalidModel(
        f"{name}: which of the labels {', '.join(labels)} is the positive one? Say it in "
        "classifier.yml: `positive_label: ...`."
    )


def _options(name: str, path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        options = yaml.safe_load(path.read_bytes())
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidModel(
            f"{name}: classifier.yml is not valid YAML: {' '.join(str(error).split())[:300]}"
        ) from error
    if not isinstance(options, dict) or set(options) - {"positive_label", "threshold"}:
        raise InvalidModel(
            f"{name}: classifier.yml holds {str(options)[:100]}; it may hold positive_label and "
            "threshold."
        )
    return options


def _threshold(name: str, value: object) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
        return float(value)
    raise InvalidModel(
        f"{name}: classifier.yml has the threshold {value!r}; it must be a number from 0 to 1."
    )


def _behaviour(directory: Path, reading: _Reading) -> dict[str, Any]:
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return {
        "activation": reading.activation,
        "labels": [reading.label],
        "threshold": reading.threshold,
        "files": {path.relative_to(directory).as_posix(): _sha256(path) for path in files},
    }


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
