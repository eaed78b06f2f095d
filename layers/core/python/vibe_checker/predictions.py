"""What a classifier says of a passage, one JSON line each; and what the classifier is.

A line of predictions.jsonl:

    {"id", "text", "spans": [{"start_index", "end_index", "labelled_text",
     "prediction_probability", "concept_id"}], "prediction_probability", "similarity", "metadata"}

`labelled_text` is null where a span covers the whole passage: no line holds its text twice.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson
import pyarrow as pa

from vibe_checker.identifiers import short_id
from vibe_checker.spans import Span


class Prediction(NamedTuple):
    """A passage is positive where it has spans.

    `probability` is given for negatives too where the classifier has one, else it is None.
    """

    spans: list[Span]
    probability: float | None


@dataclass(frozen=True)
class Card:
    """What a classifier is.

    `behaviour` holds everything that can change a prediction (labels, threshold, the SHA-256 of
    each model file ...); the id is made of it, so two classifiers never share one.
    """

    name: str
    kind: str
    behaviour: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Eight characters that stand for name, kind and behaviour."""
        return short_id({"name": self.name, "kind": self.kind, "behaviour": dict(self.behaviour)})

    def as_json(self) -> dict[str, Any]:
        """The card as the staging classifier.json holds it."""
        return {"id": self.id, "name": self.name, "kind": self.kind, **self.behaviour}


def lines(
    candidates: pa.Table, predictions: Iterable[Prediction], concept_id: str
) -> Iterator[bytes]:
    """One line for each candidate (passages.CANDIDATE_SCHEMA) and its prediction."""
    columns = [candidates[name].to_pylist() for name in ("id", "text", "metadata")]
    similarities = candidates["similarity"].to_numpy()
    dump, options = orjson.dumps, orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY
    for row in zip(*columns, similarities, predictions, strict=True):
        passage_id, text, metadata, similarity, (spans, probability) = row
        line = {
            "id": passage_id,
            "text": text,
            "spans": [_span(span, text, concept_id) for span in spans],
            "prediction_probability": probability,
            "similarity": similarity,
            "metadata": orjson.Fragment(metadata),
        }
        yield dump(line, option=options)


def _span(span: Span, text: str, concept_id: str) -> dict[str, Any]:
    whole = span.start == 0 and span.end == len(text)
    return {
        "start_index": span.start,
        "end_index": span.end,
        "labelled_text": None if whole else text[span.start : span.end],
        "prediction_probability": span.probability,
        "concept_id": concept_id,
    }
