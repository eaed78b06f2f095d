"""An ONNX classifier's directory: its graph, and what its other files say.

    model.onnx      or onnx/model.onnx; large ones with their weights in a file beside it
    tokenizer.json  of a model that reads text; a head, which reads embeddings, has none
    config.json     labels and problem type, in Hugging Face's words
    classifier.yml  optional: `positive_label`, `threshold`

As `optimum-cli export onnx` writes it for text-classification and token-classification; a head
may be a model.onnx alone.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import onnxruntime as ort

from vibe_checker.errors import InvalidModel
from vibe_checker.onnx_text import TextModel, max_length, open_session, read_json
from vibe_checker.parsing import yaml_value

TOKENIZER = "tokenizer.json"
_OPTIONS = {"positive_label", "threshold"}
_LARGEST_OPTIONS_BYTES = 10_000
_DEFAULT_THRESHOLD = 0.5
# The largest known set of classes, ImageNet-21k's, has 21,843.
_MOST_LABELS = 50_000
# Names that say which of a model's labels means "the concept is there", besides the concept's own.
_POSITIVE_NAMES = {"label_1", "1", "positive", "pos", "yes", "true"}
# What YAML makes True and False of, where no quotes stand around it.
_YAML_TRUTHS = {True: {"yes", "true", "on"}, False: {"no", "false", "off"}}


class ModelDirectory:
    """A classifier's files. The graph is opened on first use and kept, so one instance serves
    every concept that shares the files; `name` names the classifier in errors."""

    def __init__(self, name: str, path: Path, threads: int) -> None:
        self.name = name
        self.path = path
        self._threads = threads

    @property
    def reads_text(self) -> bool:
        """Whether the graph takes tokens; else it takes a passage's embedding."""
        return (self.path / TOKENIZER).is_file()

    @cached_property
    def config(self) -> dict[str, Any]:
        """config.json; {} where there is none."""
        return read_json(self.name, self.path / "config.json")

    @cached_property
    def options(self) -> dict[str, Any]:
        """classifier.yml; {} where there is none."""
        return _read_options(self.name, self.path / "classifier.yml")

    @cached_property
    def text_model(self) -> TextModel:
        """The graph with its tokenizer."""
        if not self.config:
            raise InvalidModel(f"{self.name} has no config.json; it must name the model's labels.")
        length = max_length(self.name, self.path)
        return TextModel(self.name, self._graph, self.path / TOKENIZER, length, self._threads)

    @cached_property
    def session(self) -> ort.InferenceSession:
        """The graph alone."""
        return open_session(self.name, self._graph, self._threads)

    @cached_property
    def hashes(self) -> dict[str, str]:
        """Each file's SHA-256."""
        files = sorted(path for path in self.path.rglob("*") if path.is_file())
        return {path.relative_to(self.path).as_posix(): _sha256(path) for path in files}

    @property
    def threshold(self) -> float:
        """From which probability on the concept is there; from classifier.yml or config.json."""
        value = self.options.get("threshold", self.config.get("threshold", _DEFAULT_THRESHOLD))
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1:
            return float(value)
        source = "classifier.yml" if "threshold" in self.options else "config.json"
        raise InvalidModel(
            f"{self.name}: {source} has the threshold {value!r}; it must be a number from 0 to 1."
        )

    @property
    def labels(self) -> list[str] | None:
        """The model's labels by their place, from config.json's id2label or num_labels."""
        named = self.config.get("id2label")
        if named is None:
            number = self.config.get("num_labels")
            return [f"LABEL_{i}" for i in range(self._checked_number(number))] if number else None
        try:
            return [str(named[str(i)]) for i in range(len(named))]
        except (KeyError, TypeError) as error:
            raise InvalidModel(
                f"{self.name}: id2label in config.json is {str(named)[:100]}; it must number the "
                'labels from "0" on.'
            ) from error

    def _checked_number(self, number: object) -> int:
        if isinstance(number, int) and 1 <= number <= _MOST_LABELS:
            return number
        raise InvalidModel(
            f"{self.name}: config.json has the num_labels {str(number)[:100]!r}; it must be a "
            f"number from 1 to {_MOST_LABELS:,}."
        )

    def positive(self, labels: Sequence[str], concept_names: Iterable[str]) -> str:
        """The one of `labels` that means "the concept is there".

        What classifier.yml says; else the only label; else the only one that is named like the
        concept or says yes.
        """
        asked = self.options.get("positive_label")
        if isinstance(asked, bool):
            asked = next((each for each in labels if each.lower() in _YAML_TRUTHS[asked]), asked)
        if asked is not None:
            return self._asked(str(asked), labels)
        known = {name.lower() for name in concept_names} | _POSITIVE_NAMES
        found = [label for label in labels if len(labels) == 1 or label.lower() in known]
        if len(found) == 1:
            return found[0]
        raise InvalidModel(
            f"{self.name}: which of the labels {listed(labels)} is the positive one? Say it in "
            "classifier.yml: `positive_label: ...`."
        )

    def _asked(self, asked: str, labels: Collection[str]) -> str:
        if asked in labels:
            return asked
        raise InvalidModel(
            f"{self.name}: classifier.yml has the positive_label {asked[:100]!r}; the model's "
            f"labels are {listed(labels)}."
        )

    def activation(self, labels: int) -> str:
        """How logits of so many labels become probabilities, as transformers' pipeline chooses."""
        problem = self.config.get("problem_type")
        if problem == "regression":
            raise InvalidModel(f"{self.name}: config.json says regression; a classifier is needed.")
        independent = problem == "multi_label_classification" or labels == 1
        return "sigmoid" if independent else "softmax"

    @property
    def _graph(self) -> Path:
        nested = self.path / "onnx" / "model.onnx"
        return nested if nested.is_file() else self.path / "model.onnx"


def listed(names: Iterable[str]) -> str:
    """Names for a message, not more of them than somebody reads."""
    text = ", ".join(names)
    return text if len(text) <= 500 else f"{text[:500]}…"


def _read_options(name: str, path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    if path.stat().st_size > _LARGEST_OPTIONS_BYTES:
        raise InvalidModel(f"{name}: classifier.yml is larger than two options can be.")
    try:
        options = yaml_value(path.read_bytes())
    except ValueError as error:
        raise InvalidModel(f"{name}: classifier.yml is not valid YAML: {error}") from error
    if not isinstance(options, dict) or set(options) - _OPTIONS:
        raise InvalidModel(
            f"{name}: classifier.yml holds {str(options)[:100]}; it may hold positive_label and "
            "threshold."
        )
    return options


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
