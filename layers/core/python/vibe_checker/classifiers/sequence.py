"""ONNX sequence classification: one probability for a passage, and a span over all of it."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa

from vibe_checker.classifiers.directory import ModelDirectory
from vibe_checker.classifiers.whole_text import whole_text_predictions
from vibe_checker.errors import InvalidModel
from vibe_checker.onnx_text import Array, Batch, check_numbers, sigmoid, softmax
from vibe_checker.predictions import Card, Predictions

SEQUENCE = "sequence"


class SequenceClassifier:
    """A text classifier, open and ready."""

    def __init__(self, name: str, directory: ModelDirectory, concept_names: Iterable[str]) -> None:
        """Raises InvalidModel naming what is missing or wrong.

        `concept_names` are names of the concept that a label of the model may bear.
        """
        self._name = name
        self._model = directory.text_model
        self._threshold = directory.threshold
        # What transformers takes for granted where config.json says nothing.
        labels = directory.labels or ["LABEL_0", "LABEL_1"]
        self._labels = len(labels)
        self._activation = directory.activation(len(labels))
        label = directory.positive(labels, concept_names)
        self._positive = labels.index(label)
        self.card = Card(name, SEQUENCE, self._behaviour(directory, label))

    def predict(self, candidates: pa.Table) -> Predictions:
        """A probability for each text; positive, over all of it, from the threshold on."""
        texts = candidates["text"]
        probabilities = np.empty(len(texts), np.float32)
        for places, found in self._model.run(texts.to_pylist(), self._probabilities):
            probabilities[places] = found
        return whole_text_predictions(texts, probabilities, self._threshold)

    def _probabilities(self, batch: Batch) -> Array:
        logits = batch.outputs.get("logits", next(iter(batch.outputs.values())))
        if logits.ndim != 2 or logits.shape[1] != self._labels:
            raise InvalidModel(
                f"{self._name}: the graph gives {logits.shape[1:]} for a passage where config.json "
                f"promises {self._labels} labels."
            )
        check_numbers(self._name, logits)
        if self._activation == "sigmoid":
            return sigmoid(logits[:, self._positive])
        return np.asarray(softmax(logits)[:, self._positive])

    def _behaviour(self, directory: ModelDirectory, label: str) -> dict[str, Any]:
        return {
            "activation": self._activation,
            "labels": [label],
            "threshold": self._threshold,
            "files": directory.hashes,
        }
