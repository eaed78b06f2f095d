"""The classifiers of a concept: by keyword always, and every model uploaded for it."""

from pathlib import Path
from typing import Protocol

import pyarrow as pa

from vibe_checker.concept import Concept
from vibe_checker.predictions import Card, Prediction


class Classifier(Protocol):
    """What every kind of classifier offers."""

    card: Card

    def predict(self, candidates: pa.Table) -> list[Prediction]:
        """One prediction for each candidate (passages.CANDIDATE_SCHEMA), in their order."""


def open_classifier(
    name: str, directory: Path | None, concept: Concept, threads: int
) -> Classifier:
    """The classifier `name` of a concept: by keyword where it has no `directory` of files."""
    # Each kind is loaded only where it is used: onnxruntime is of no use to the keyword matcher.
    if directory is None:
        from vibe_checker.classifiers.keyword import KeywordClassifier

        return KeywordClassifier(concept)
    from vibe_checker.classifiers.sequence import SequenceClassifier

    names = {concept.wikibase_id, concept.preferred_label}
    return SequenceClassifier(name, directory, names, threads)
