"""Embedding heads: classifiers that take a passage's embedding in place of its text.

The embeddings are there already, so 100,000 passages take milliseconds. A graph with one input
[N, d] that gives probabilities or logits: what skl2onnx makes of a scikit-learn classifier works
as it is, and so does a linear layer from PyTorch.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa

from vibe_checker.classifiers.directory import ModelDirectory
from vibe_checker.classifiers.whole_text import Probabilities, whole_text_predictions
from vibe_checker.errors import InvalidModel
from vibe_checker.onnx_text import Array, run_graph, sigmoid, softmax
from vibe_checker.passages import embeddings_of
from vibe_checker.predictions import Card, Predictions

HEAD = "head"
_INPUT_TYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
}
# skl2onnx calls a classifier's outputs "label" and "probabilities", a pipeline's "output_label"
# and "output_probability"; exporters of neural networks call theirs "logits".
_LOGITS = "logits"
# No embedding model gives more than some thousands.
_LONGEST_EMBEDDING = 100_000
_LABEL_TYPES = {"tensor(int64)", "tensor(string)"}
# Looked at to see which classes a graph gives: directions, each at three lengths.
_PROBES = 500
_LENGTHS = (1, 10, 100)
_ROUNDING = 1e-4


class HeadClassifier:
    """A head, open and ready."""

    def __init__(self, name: str, directory: ModelDirectory, concept_names: Iterable[str]) -> None:
        """Raises InvalidModel naming what is missing or wrong.

        `concept_names` are names of the concept that a label of the model may bear.
        """
        self._name = name
        self._session = directory.session
        self._input, self._type, self._dimension = self._check_input()
        self._output = self._find_output()
        self._threshold = directory.threshold
        classes = self._classes(directory)
        labels = [str(each) for each in classes]
        label = directory.positive(labels, concept_names)
        self._column = labels.index(label)
        self._class = classes[self._column]
        logits = self._output == _LOGITS
        self._activation = directory.activation(len(labels)) if logits else "none"
        self.card = Card(
            name,
            HEAD,
            {
                "activation": self._activation,
                "labels": [label],
                "threshold": self._threshold,
                "files": directory.hashes,
            },
        )

    def predict(self, candidates: pa.Table) -> Predictions:
        """A probability for each passage; positive, over all of it, from the threshold on."""
        if "embedding" not in candidates.column_names:
            raise InvalidModel(
                f"{self._name} takes a passage's embedding, but the candidates came without."
            )
        embeddings = embeddings_of(candidates)
        if self._dimension != embeddings.shape[1]:
            raise InvalidModel(
                f"{self._name}: the graph takes {self._dimension} numbers a passage; this data "
                f"set's embeddings have {embeddings.shape[1]}. It was trained for another model."
            )
        probabilities = self._probabilities(embeddings)
        return whole_text_predictions(candidates["text"], probabilities, self._threshold)

    def _probabilities(self, embeddings: Array) -> Probabilities:
        if not len(embeddings):
            return np.empty(0, np.float32)
        found = self._run(embeddings)
        if isinstance(found, list):  # skl2onnx's ZipMap: a dictionary for each passage
            of_class = (row.get(self._class, np.nan) for row in found)
            return self._checked(np.array(list(of_class), np.float32))
        if found.size % len(embeddings) or found.size // len(embeddings) <= self._column:
            raise InvalidModel(
                f"{self._name}: the graph gives an array of the shape {found.shape} for "
                f"{len(embeddings):,} passages; it must give a row for each."
            )
        columns = found.reshape(len(embeddings), -1)
        if self._activation == "softmax":
            columns = softmax(columns)
        elif self._activation == "sigmoid":
            columns = sigmoid(columns)
        return self._checked(np.ascontiguousarray(columns[:, self._column], np.float32))

    def _checked(self, probabilities: Probabilities) -> Probabilities:
        """As they are, if they are any: some of scikit-learn's classifiers only give margins."""
        wrong = ~((probabilities >= -_ROUNDING) & (probabilities <= 1 + _ROUNDING))
        if wrong.any():
            raise InvalidModel(
                f"{self._name}: {self._output} of a passage is {probabilities[wrong][0]:.4g}; it "
                "must lie between 0 and 1. Export a classifier with predict_proba, such as "
                "CalibratedClassifierCV(...), or call the output logits if it is one."
            )
        return probabilities

    def _run(self, embeddings: Array) -> Any:
        values = embeddings.astype(self._type, copy=False)
        found = run_graph(self._name, self._session, [self._output], {self._input: values})[0]
        rows = found if isinstance(found, list) else []
        numbers = isinstance(found, np.ndarray) and np.issubdtype(found.dtype, np.floating)
        if numbers or (rows and all(isinstance(row, dict) for row in rows)):
            return found
        raise InvalidModel(
            f"{self._name}: the output {self._output} holds neither numbers nor a number for each "
            "class."
        )

    def _check_input(self) -> tuple[str, Any, int]:
        """The input's name, its dtype and how many numbers it takes."""
        inputs = self._session.get_inputs()
        usable = [i for i in inputs if i.type in _INPUT_TYPES and len(i.shape) == 2]
        if len(inputs) != 1 or not usable:
            taken = ", ".join(f"{each.name} {each.type}{each.shape}" for each in inputs)
            raise InvalidModel(
                f"{self._name}: the graph takes {taken}. Without a tokenizer.json it must take "
                "one input of floats [passages, dimension]; a text model needs its tokenizer.json."
            )
        first = usable[0]
        if not isinstance(first.shape[1], int) or not 1 <= first.shape[1] <= _LONGEST_EMBEDDING:
            raise InvalidModel(
                f"{self._name}: the graph does not say how long the embeddings are that it takes; "
                f"its input has the shape {first.shape}. Export it with [None, dimension]."
            )
        return first.name, _INPUT_TYPES[first.type], first.shape[1]

    def _find_output(self) -> str:
        names = [str(each.name) for each in self._session.get_outputs()]
        for name in names:
            if name == _LOGITS or "prob" in name:
                return name
        raise InvalidModel(
            f"{self._name}: the graph gives {', '.join(names)}; one output must be called "
            "probabilities or logits, so that it is clear what the numbers are."
        )

    def _classes(self, directory: ModelDirectory) -> list[Any]:
        """The model's classes by column: as config.json names them or the graph itself does."""
        # One passage tells what neither shape nor type of the output says for sure.
        sample = self._run(np.zeros((1, self._dimension), np.float32))
        if isinstance(sample, list):
            return list(sample[0])
        columns = sample.reshape(1, -1).shape[1]
        labels = directory.labels or self._classes_given(columns)
        if len(labels) != columns:
            raise InvalidModel(
                f"{self._name}: the graph gives {columns} numbers for a passage, config.json names "
                f"{len(labels)} labels."
            )
        return labels

    def _classes_given(self, columns: int) -> list[str]:
        """The classes as the graph's label output gives them, by column.

        Without ZipMap only that output says what they are called; scikit-learn sorts them
        (`classes_`), so all of them sorted are the columns. A graph without such an output has
        its columns numbered.
        """
        numbered = [str(number) for number in range(columns)]
        names = [each.name for each in self._session.get_outputs() if each.type in _LABEL_TYPES]
        if not names:
            return numbered
        draw = np.random.default_rng(0)
        directions = draw.standard_normal((_PROBES, self._dimension)).astype(self._type)
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        probes = np.concatenate([directions * self._type(length) for length in _LENGTHS])
        found = run_graph(self._name, self._session, names, {self._input: probes})[0]
        given = [str(each) for each in np.unique(found)]
        if len(given) == columns:
            return given
        if set(given) <= set(numbered):
            return numbered
        raise InvalidModel(
            f"{self._name}: the graph does not say which of its {columns} columns is whose. Export "
            "it with ZipMap (skl2onnx's default) or name the classes in order in a config.json: "
            '{"id2label": {"0": ...}}.'
        )
