"""Predictions that were made elsewhere: read, checked line by line, published like our own."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from cli.errors import Wrong
from vibe_checker import keys
from vibe_checker.bucket import Bucket
from vibe_checker.concept import Concept
from vibe_checker.identifiers import ALPHABET, SHORT_ID_LENGTH
from vibe_checker.predictions import Card
from vibe_checker.publication import CLASSIFIER, CONCEPT, PREDICTIONS

# Faults that are told; the rest are only counted.
_TOLD = 10
# What classifier.json says of one making of the predictions and not of the classifier.
_OF_THE_RUN = {"id", "name", "kind", "date", "counts", "versions", "run_id", "settings", "inputs"}


@dataclass(frozen=True)
class Pushed:
    """Checked predictions in the published form, and what is said of their classifier."""

    lines: list[bytes]
    positives: int
    stated: dict[str, Any]
    concept: Concept | None


def read(directory: Path, concept_id: str, name: str | None) -> Pushed:
    """What `directory` holds; raises Wrong naming each bad line by its number."""
    path = directory / PREDICTIONS
    if not path.is_file():
        raise Wrong(f"{directory} has no {PREDICTIONS}.")
    stated = _stated(directory / CLASSIFIER, name)
    concept = _concept(directory / CONCEPT, concept_id)
    lines, faults, ids, positives = [], [], set(), 0
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            if not raw.strip():
                continue
            try:
                line = _checked(raw, concept_id)
                if line["id"] in ids:
                    raise ValueError(f"the id {line['id']!r} stands in an earlier line")
            except ValueError as error:
                faults.append(f"line {number}: {error}")
                continue
            ids.add(line["id"])
            positives += bool(line["spans"])
            lines.append(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    if faults:
        more = f"; and {len(faults) - _TOLD:,} more" if len(faults) > _TOLD else ""
        raise Wrong(f"Nothing is pushed. {path}: {'; '.join(faults[:_TOLD])}{more}.")
    if not lines:
        raise Wrong(f"{path} holds no predictions.")
    return Pushed(lines, positives, stated, concept)


def publish(bucket: Bucket, pushed: Pushed, concept: Concept) -> dict[str, Any]:
    """Write the three files, classifier.json last; returns what it holds."""
    stated = pushed.stated
    behaviour = {key: value for key, value in stated.items() if key not in _OF_THE_RUN}
    card = Card(stated["name"], stated.get("kind", "external"), behaviour)
    classifier_id = stated.get("id", card.id)
    prefix = keys.output_prefix(concept.wikibase_id, classifier_id)
    predictions = bucket.write(prefix + PREDICTIONS, b"".join(pushed.lines), "application/jsonl")
    described = bucket.write_json(prefix + CONCEPT, concept.model_dump(mode="json"))
    record = {
        "id": classifier_id,
        "name": card.name,
        "date": stated.get("date", datetime.now(UTC).date().isoformat()),
        "kind": card.kind,
        **behaviour,
        "counts": {"passages": len(pushed.lines), "positives": pushed.positives},
        "versions": {PREDICTIONS: predictions, CONCEPT: described},
    }
    bucket.write_json(prefix + CLASSIFIER, record)
    return record


def _stated(path: Path, name: str | None) -> dict[str, Any]:
    """classifier.json, with the name given; checked where readers rely on it."""
    try:
        stated = orjson.loads(path.read_bytes()) if path.is_file() else {}
        if not isinstance(stated, dict):
            raise ValueError("it must hold an object")
        if name:
            stated["name"] = name
        if not isinstance(stated.get("name"), str) or not stated["name"]:
            raise ValueError("the classifier has no name; give it one with --name")
        if "date" in stated:
            date.fromisoformat(stated["date"])
        if "id" in stated and not _is_short_id(stated["id"]):
            raise ValueError(f"the id {stated['id']!r} is not {SHORT_ID_LENGTH} of {ALPHABET}")
    except (ValueError, TypeError) as error:
        raise Wrong(f"{path}: {error}.") from error
    return stated


def _is_short_id(value: object) -> bool:
    return isinstance(value, str) and len(value) == SHORT_ID_LENGTH and set(value) <= set(ALPHABET)


def _concept(path: Path, concept_id: str) -> Concept | None:
    if not path.is_file():
        return None
    try:
        concept = Concept.model_validate_json(path.read_bytes())
    except ValidationError as error:
        raise Wrong(f"{path} is no concept.json: {' '.join(str(error).split())[:300]}") from error
    if concept.wikibase_id != concept_id:
        raise Wrong(f"{path} is of {concept.wikibase_id}, not of {concept_id}.")
    return concept


def _checked(raw: bytes, concept_id: str) -> dict[str, Any]:
    """One line in the published form; raises ValueError saying what is wrong with it."""
    line = orjson.loads(raw)
    if not isinstance(line, dict):
        raise ValueError("it is not a JSON object")
    for name in ("id", "text"):
        if not isinstance(line.get(name), str) or not line[name]:
            raise ValueError(f"{name!r} must be text")
    metadata = line.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise ValueError("'metadata' must be an object")
    return {
        "id": line["id"],
        "text": line["text"],
        "spans": list(_spans(line.get("spans"), line["text"], concept_id)),
        "prediction_probability": _number(line, "prediction_probability", 0, 1),
        "similarity": _number(line, "similarity", -1.001, 1.001),
        "metadata": metadata,
    }


def _spans(spans: object, text: str, concept_id: str) -> Iterable[dict[str, Any]]:
    if not isinstance(spans, list):
        raise ValueError("'spans' must be a list, empty for a negative")
    before = 0
    for span in spans:
        if not isinstance(span, dict):
            raise ValueError("each of 'spans' must be an object")
        start, end = span.get("start_index"), span.get("end_index")
        if type(start) is not int or type(end) is not int or not before <= start < end <= len(text):
            raise ValueError(
                f"the span {start} to {end} must lie in the text (0 to {len(text)}), behind the "
                "span before it"
            )
        if span.get("labelled_text") not in (None, text[start:end]):
            raise ValueError(f"the text at {start} to {end} is {text[start:end]!r}")
        if span.get("concept_id", concept_id) != concept_id:
            raise ValueError(f"a span is of {span['concept_id']!r}, not of {concept_id}")
        before = end
        whole = (start, end) == (0, len(text))
        yield {
            "start_index": start,
            "end_index": end,
            "labelled_text": None if whole else text[start:end],
            "prediction_probability": _number(span, "prediction_probability", 0, 1),
            "concept_id": concept_id,
        }


def _number(line: dict[str, Any], name: str, lowest: float, highest: float) -> float | None:
    value = line.get(name)
    if value is None:
        return None
    if isinstance(value, int | float) and type(value) is not bool and lowest <= value <= highest:
        return value
    raise ValueError(f"{name!r} is {value!r}; it must be a number from {lowest:g} to {highest:g}")
