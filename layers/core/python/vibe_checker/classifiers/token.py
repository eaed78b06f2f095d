"""ONNX token classification: where in a passage the concept is.

    text     The  carbon  tax  of  2030
    tags     O    B-X     I-X  O   O        or plain: O X X O O
    P(X)     .1   .9      .7   .2  .0       the sum of X's tags, over a word's tokens their mean
    spans         └─── .8 ─┘                words of at least the threshold, side by side

A word is what the tokenizer's own first step makes of the text, so no span cuts one in half
(transformers calls this "average"). A word whose first token is rather B-X than I-X begins a new
span. A span's probability is the mean over its tokens, a passage's the highest of its words.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from tokenizers import Encoding

from vibe_checker.classifiers.directory import ModelDirectory, listed
from vibe_checker.errors import InvalidModel
from vibe_checker.onnx_text import Array, Batch, check_numbers, softmax
from vibe_checker.predictions import Card, Prediction, Predictions
from vibe_checker.spans import Span

TOKEN = "token"
_OUTSIDE = "O"


class _Tags(NamedTuple):
    """The places of an entity's tags among the model's labels; `begin` is None in plain tags."""

    all: list[int]
    begin: int | None
    inside: int | None


class _Word(NamedTuple):
    """A word's characters, what its tokens say, and whether it begins an entity."""

    start: int
    end: int
    probabilities: Array
    begins: bool

    @property
    def probability(self) -> float:
        return float(self.probabilities.mean())


class TokenClassifier:
    """A tagger, open and ready."""

    def __init__(self, name: str, directory: ModelDirectory, concept_names: Iterable[str]) -> None:
        """Raises InvalidModel naming what is missing or wrong.

        `concept_names` are names of the concept that an entity of the model may bear.
        """
        self._name = name
        self._model = directory.text_model
        self._threshold = directory.threshold
        self._labels = directory.labels or []
        entities = sorted({_entity(label) for label in self._labels} - {_OUTSIDE})
        if not entities:
            raise InvalidModel(
                f"{name}: config.json has the labels {listed(self._labels) or '(none)'}; a "
                'token classifier has "O" for what is outside and at least one other.'
            )
        entity = directory.positive(entities, concept_names)
        self._tags = _tags(self._labels, entity)
        self.card = Card(
            name,
            TOKEN,
            {"labels": [entity], "threshold": self._threshold, "files": directory.hashes},
        )

    def predict(self, candidates: pa.Table) -> Predictions:
        """The spans of the concept in each text, and the highest probability of its words."""
        texts: list[str] = candidates["text"].to_pylist()
        predictions: list[Prediction] = [Prediction([], 0.0)] * len(texts)
        for places, words in self._model.run(texts, self._words, offsets=True):
            for place, of_text in zip(places, words, strict=True):
                predictions[place] = self._prediction(texts[place], of_text)
        return Predictions.of(predictions)

    def _words(self, batch: Batch) -> list[list[_Word]]:
        logits = batch.outputs.get("logits", next(iter(batch.outputs.values())))
        if logits.ndim != 3 or logits.shape[2] != len(self._labels):
            raise InvalidModel(
                f"{self._name}: the graph gives {logits.shape[2:]} for a token where config.json "
                f"promises {len(self._labels)} labels."
            )
        check_numbers(self._name, logits)
        tags = softmax(logits)
        return [self._words_of(*pair) for pair in zip(batch.encodings, tags, strict=True)]

    def _words_of(self, encoding: Encoding, tags: Array) -> list[_Word]:
        """The words of one text; `tags` float32 [tokens, labels]."""
        probabilities = tags[:, self._tags.all].sum(axis=1)
        begins = np.zeros(len(tags), np.bool_)
        if self._tags.begin is not None and self._tags.inside is not None:
            begins = tags[:, self._tags.begin] > tags[:, self._tags.inside]
        words, offsets = encoding.word_ids, encoding.offsets
        found = []
        for word, group in groupby(range(len(words)), key=words.__getitem__):
            tokens = list(group)
            if word is not None:  # else a special token
                start, end = offsets[tokens[0]][0], offsets[tokens[-1]][1]
                found.append(_Word(start, end, probabilities[tokens], bool(begins[tokens[0]])))
        return found

    def _prediction(self, text: str, words: Sequence[_Word]) -> Prediction:
        runs: list[list[_Word]] = []
        joins = False
        for word in words:
            inside = np.float32(word.probability) >= np.float32(self._threshold)
            if inside and joins and not word.begins:
                runs[-1].append(word)
            elif inside:
                runs.append([word])
            joins = bool(inside)
        spans = [span for run in runs if (span := _span(text, run))]
        return Prediction(spans, max((word.probability for word in words), default=0.0))


def _span(text: str, words: Sequence[_Word]) -> Span | None:
    """The span over `words`; None where they hold nothing but whitespace."""
    # Byte-level tokenizers may count the space before a word as its own.
    start, end = words[0].start, words[-1].end
    inner = text[start:end]
    start += len(inner) - len(inner.lstrip())
    end -= len(inner) - len(inner.rstrip())
    # Those that leave out accents leave them out at a word's end, too.
    while end < len(text) and unicodedata.combining(text[end]):
        end += 1
    mean = np.concatenate([word.probabilities for word in words]).mean()
    return Span(start, end, float(mean)) if start < end else None


def _entity(label: str) -> str:
    """What a tag speaks of: "X" for B-X, I-X and plain X; "O" for what is outside."""
    prefix, dash, rest = label.partition("-")
    return rest if dash and prefix in ("B", "I", "E", "S", "L", "U") else label


def _tags(labels: list[str], entity: str) -> _Tags:
    places = {label: place for place, label in enumerate(labels)}
    return _Tags(
        [place for label, place in places.items() if _entity(label) == entity],
        places.get(f"B-{entity}"),
        places.get(f"I-{entity}"),
    )


def gives_a_vector_for_each_token(directory: ModelDirectory) -> bool:
    """Whether a text model's graph says something of each token and not of the whole text."""
    outputs: dict[str, Any] = {
        each.name: each.shape for each in directory.text_model.session.get_outputs()
    }
    shape = outputs.get("logits", next(iter(outputs.values())))
    if shape is not None and len(shape):
        return len(shape) == 3
    named = directory.config.get("architectures")
    return isinstance(named, list) and str(named[:1]).endswith("ForTokenClassification']")
