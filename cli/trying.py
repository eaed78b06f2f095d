"""Run a classifier's directory on a few passages, here and without uploading anything."""

import os
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa

from cli.inputs import caching
from cli.where import Where
from vibe_checker import keys
from vibe_checker.bucket import Bucket
from vibe_checker.classifiers import Classifier, open_classifier
from vibe_checker.classifiers.directory import ModelDirectory
from vibe_checker.concept import Concept
from vibe_checker.embedder import Embedder
from vibe_checker.errors import InvalidModel, MissingInput
from vibe_checker.identifiers import KEYWORD, ConceptId
from vibe_checker.passages import candidates
from vibe_checker.predictions import Prediction
from vibe_checker.publication import PREDICTIONS

# Passages that are no concept's in particular, for when there are no others.
_ANY = [
    "The committee shall meet twice a year and report to the minister.",
    "Heavy rainfall led to flooding in three provinces and damaged roads and bridges.",
    "A levy on fossil fuels shall finance the transition to renewable energy.",
]


def open_directory(
    name: str, directory: Path, concept_id: str, concept: Callable[[], Concept]
) -> Classifier:
    """The classifier in `directory`; `concept` is asked only where its label is needed."""
    opened = ModelDirectory(name, directory, threads=os.cpu_count() or 1)
    bare = Concept(wikibase_id=ConceptId(concept_id), preferred_label=concept_id)
    try:
        return open_classifier(name, opened, bare)
    except InvalidModel:
        # A graph that cannot be loaded says so again, and Wikibase is not asked.
        _ = opened.text_model if opened.reads_text else opened.session
        # Perhaps one of the model's labels is named like the concept.
        return open_classifier(name, opened, concept())


def predict(
    classifier: Classifier,
    directory: Path,
    texts: list[str],
    embedder: Callable[[], Embedder],
) -> list[Prediction]:
    """What the classifier says of each text; a head is given embeddings of them."""
    reads_text = ModelDirectory(classifier.card.name, directory, threads=1).reads_text
    vectors = None if reads_text else embedder().embed(texts)
    table = pa.table({"text_block.text": pa.array(texts, pa.large_string())})
    zeros = np.zeros(len(texts), np.float32)
    return list(classifier.predict(candidates(table, np.arange(len(texts)), zeros, vectors)))


def samples(bucket: Bucket, concept_id: str, count: int) -> list[str]:
    """Passages to try a classifier on: half with, half without the concept by its labels.

    From what is published by keyword, which stands in a fair order; else passages of no concept.
    """
    from cli import published

    records = published.classifiers(bucket, [concept_id])
    for record in (each for each in records if each["name"] == KEYWORD):
        lines = list(islice(read_lines(bucket, record), 2_000))
        found = [line["text"] for line in lines if line["spans"]][: count // 2]
        rest = [line["text"] for line in lines if not line["spans"]][: count - len(found)]
        return found + rest
    return _ANY


def read_lines(bucket: Bucket, record: dict[str, Any]) -> Any:
    """The lines of a published classifier's predictions, as they arrive."""
    key = keys.output_prefix(record["concept_id"], record["id"]) + PREDICTIONS
    version = record.get("versions", {}).get(PREDICTIONS)
    named = {"VersionId": version} if version else {}
    try:
        body = bucket.client.get_object(Bucket=bucket.name, Key=key, **named)["Body"]
    except bucket.client.exceptions.NoSuchKey:
        raise MissingInput(f"{key} is not in the bucket {bucket.name}.") from None
    for line in body.iter_lines(1 << 16):
        yield orjson.loads(line)


def embedder_of(where: Where, directory: Path | None) -> Embedder:
    """The model in `directory`, or the one that the bucket's embeddings were made with."""
    threads = os.cpu_count() or 1
    if directory:
        return Embedder(directory.name, directory, threads)
    name, path = caching.embedder(where.bucket)
    return Embedder(name, path, threads)
