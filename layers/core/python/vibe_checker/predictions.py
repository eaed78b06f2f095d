"""What a classifier says of a passage, one JSON line each; and what the classifier is.

A line of predictions.jsonl:

    {"id", "text", "spans": [{"start_index", "end_index", "labelled_text",
     "prediction_probability", "concept_id"}], "prediction_probability", "similarity", "metadata"}

`labelled_text` is null where a span covers the whole passage: no line holds its text twice.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise, repeat
from typing import Any, NamedTuple

import numpy as np
import orjson
import pyarrow as pa

from vibe_checker.identifiers import short_id
from vibe_checker.spans import Span

Places = np.ndarray[Any, np.dtype[np.int64]]
Floats = np.ndarray[Any, np.dtype[np.float32]]

_LINE = (
    b'{"id":"%b","text":%b,"spans":[%b],'
    b'"prediction_probability":%b,"similarity":%b,"metadata":%b}\n'
)
_SPAN = (
    b'{"start_index":%d,"end_index":%d,"labelled_text":%b,"prediction_probability":%b,'
    b'"concept_id":%b}'
)


class Prediction(NamedTuple):
    """What a classifier says of one passage, which is positive where it has spans.

    `probability` is given for negatives too where the classifier has one, else it is None.
    """

    spans: list[Span]
    probability: float | None


class Spans(NamedTuple):
    """The spans of many passages, sorted by passage and place, side by side.

    `rows`, `starts` and `ends` (int64 [spans]) are the passages' numbers and code points of
    them, `probabilities` (float32 [spans]) is None where the classifier gives none.
    """

    rows: Places
    starts: Places
    ends: Places
    probabilities: Floats | None = None


@dataclass(frozen=True)
class Predictions:
    """What a classifier says of many passages, column by column until it is written as lines:
    an object for each of 100,000 passages takes three times as long as scoring them.

    `probabilities` (float32 [passages]) is None where the classifier gives none. Iterating gives
    a Prediction for each passage.
    """

    passages: int
    spans: Spans
    probabilities: Floats | None = None

    @classmethod
    def of(cls, predictions: list[Prediction]) -> "Predictions":
        """The columns of predictions that all have probabilities."""
        spans = [(row, *span) for row, each in enumerate(predictions) for span in each.spans]
        rows, starts, ends, of_spans = zip(*spans, strict=True) if spans else ((), (), (), ())
        columns = Spans(
            np.array(rows, np.int64),
            np.array(starts, np.int64),
            np.array(ends, np.int64),
            np.array(of_spans, np.float32),
        )
        probabilities = np.array([each.probability for each in predictions], np.float32)
        return cls(len(predictions), columns, probabilities)

    @property
    def positives(self) -> int:
        """How many passages have spans."""
        return len(np.unique(self.spans.rows))

    def __len__(self) -> int:
        return self.passages

    def __iter__(self) -> Iterator[Prediction]:
        numbers = [
            map(orjson.loads, _numbers(column, count))
            for column, count in (
                (self.spans.probabilities, len(self.spans.rows)),
                (self.probabilities, self.passages),
            )
        ]
        spans = list(map(Span, self.spans.starts.tolist(), self.spans.ends.tolist(), numbers[0]))
        return map(Prediction, _by_row(spans, self.spans.rows, self.passages), numbers[1])


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


def lines(candidates: pa.Table, predictions: Predictions, concept_id: str) -> Iterator[bytes]:
    """One line for each candidate (passages.CANDIDATE_SCHEMA) and its prediction.

    Numbers have as many digits as a float32 needs: 0.7 is written 0.7. NaN is null.
    """
    texts: list[str] = candidates["text"].to_pylist()
    spans = list(_spans(texts, predictions.spans, concept_id))
    columns: tuple[Iterable[bytes], ...] = (
        candidates["id"].cast(pa.binary()).to_pylist(),  # letters, digits, a hyphen
        map(orjson.dumps, texts),
        map(b",".join, _by_row(spans, predictions.spans.rows, len(texts))),
        _numbers(predictions.probabilities, len(predictions)),
        _numbers(candidates["similarity"].to_numpy(), len(texts)),
        candidates["metadata"].to_pylist(),
    )
    # A pattern for all is filled in twice as fast as a dictionary for each is serialised.
    return map(_LINE.__mod__, zip(*columns, strict=True))


def _spans(texts: list[str], spans: Spans, concept_id: str) -> Iterator[bytes]:
    concept = orjson.dumps(concept_id)
    places = (column.tolist() for column in (spans.rows, spans.starts, spans.ends))
    numbers = _numbers(spans.probabilities, len(spans.rows))
    for row, start, end, probability in zip(*places, numbers, strict=True):
        text = texts[row]
        whole = start == 0 and end == len(text)
        labelled = None if whole else text[start:end]
        yield _SPAN % (start, end, orjson.dumps(labelled), probability, concept)


def _by_row(values: list[Any], rows: Places, count: int) -> Iterator[list[Any]]:
    """The values of each of `count` rows; `rows` (ascending) says which each belongs to."""
    borders = np.searchsorted(rows, np.arange(count + 1)).tolist()
    return (values[start:end] for start, end in pairwise(borders))


def _numbers(values: Floats | None, count: int) -> Iterable[bytes]:
    """`count` numbers as JSON, null for each where there are none."""
    if values is None or not count:
        return repeat(b"null", count)
    listed = orjson.dumps(np.ascontiguousarray(values), option=orjson.OPT_SERIALIZE_NUMPY)
    return listed[1:-1].split(b",")
