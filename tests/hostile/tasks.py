"""What is done with files from the bucket, as functions that a process of its own can be given."""

from pathlib import Path

import numpy as np
import pyarrow as pa

from functions.web.cards import Search, of_record
from vibe_checker import passages
from vibe_checker.classifiers import open_classifier
from vibe_checker.classifiers.directory import ModelDirectory
from vibe_checker.concept import Concept
from vibe_checker.embedder import Embedder
from vibe_checker.identifiers import ConceptId
from vibe_checker.passages import Passages
from vibe_checker.reading.downloads import as_csv
from vibe_checker.reading.filters import Filters, Selection
from vibe_checker.reading.predictions_file import open_file
from vibe_checker.retrieval import open_matrix, similarities

FLOOD = Concept(wikibase_id=ConceptId("Q420"), preferred_label="flood")
TEXTS = ["carbon tax and gas", "", "the " * 300]


def read_passages(path: Path) -> None:
    """Every passage with its metadata, as FindPassages would hand it on."""
    opened = Passages(path)
    rows = np.arange(min(opened.count, 1_000))
    scores = np.zeros(len(rows), np.float32)
    table = passages.candidates(opened.take(rows), rows, scores)
    passages.from_bytes(passages.to_bytes(table))


def read_embeddings(path: Path, rows: int) -> None:
    """The embeddings, and how similar each is to a concept."""
    matrix = open_matrix(path, rows)
    vector = np.zeros(matrix.shape[1], np.float32)
    vector[0] = 1
    assert len(similarities(matrix, vector)) == rows


def candidates_of(texts: list[str], dimension: int = 8) -> pa.Table:
    """Texts as ClassifyPassages is given them, with embeddings."""
    number = len(texts)
    table = pa.table({passages.TEXT: pa.array(texts, pa.string())})
    vectors = np.eye(number, dimension, dtype=np.float32)
    scores = np.zeros(number, np.float32)
    return passages.candidates(table, np.arange(number), scores, vectors)


def classify(directory: Path) -> None:
    """Some texts by a model, as ClassifyPassages would."""
    classifier = open_classifier("model", ModelDirectory("model", directory, 1), FLOOD)
    assert len(classifier.card.id) == 8
    assert len(classifier.predict(candidates_of(TEXTS))) == len(TEXTS)


def embed(directory: Path) -> None:
    """Some texts by an embedding model, as FindPassages would."""
    assert len(Embedder("model", directory, 1).embed(TEXTS)) == len(TEXTS)


def read_predictions(path: Path) -> None:
    """A predictions file as the page does: opened, filtered, shown, downloaded."""
    file = open_file(path)
    for sort in ("probability", "similarity-up"):
        rows = Selection(file, Filters(show="all", sort=sort, text="tax"), 0.5).rows()
        assert len(rows) <= len(file)
    everything = np.arange(len(file))
    for row in everything.tolist():
        card = of_record(file.record(row), row, Search("tax", match_case=False), room=4_000)
        shown = sum(len(part.text) for piece in card.pieces for part in piece.parts)
        skipped = sum(piece.skipped for piece in card.pieces)
        assert shown + skipped + card.after == card.length
    as_csv(file, everything, head=True)
