"""The classifiers of a concept: by keyword always, and every model uploaded for it.

    keyword     the concept's labels
    sequence    ONNX, tokens → one probability          config.json, tokenizer.json
    token       ONNX, tokens → a tag for each           config.json, tokenizer.json
    head        ONNX, the passage's embedding → one probability; no tokenizer.json

Which of them a directory holds is read from its graph.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from vibe_checker.concept import Concept
from vibe_checker.predictions import Card, Predictions

if TYPE_CHECKING:
    from vibe_checker.classifiers.directory import ModelDirectory


class Classifier(Protocol):
    """What every kind of classifier offers."""

    card: Card

    def predict(self, candidates: pa.Table) -> Predictions:
        """One prediction for each candidate (passages.CANDIDATE_SCHEMA), in their order."""


def takes_embeddings(files: Iterable[str]) -> bool:
    """Whether the classifier with these files is a head, told without opening any of them.

    The keyword classifier has no files; all others read text, and have a tokenizer for it.
    """
    names = {file.rsplit("/", 1)[-1] for file in files}
    return bool(names) and "tokenizer.json" not in names


def open_classifier(name: str, directory: "ModelDirectory | None", concept: Concept) -> Classifier:
    """The classifier `name` of a concept: by keyword where it has no `directory` of files.

    Raises InvalidModel naming what a directory that cannot work lacks.
    """
    # Each kind is loaded only where it is used: onnxruntime is of no use to the keyword matcher.
    if directory is None:
        from vibe_checker.classifiers.keyword import KeywordClassifier

        return KeywordClassifier(concept)
    names = {concept.wikibase_id, concept.preferred_label}
    if not directory.reads_text:
        from vibe_checker.classifiers.head import HeadClassifier

        return HeadClassifier(name, directory, names)
    from vibe_checker.classifiers.sequence import SequenceClassifier
    from vibe_checker.classifiers.token import TokenClassifier, gives_a_vector_for_each_token

    kind = TokenClassifier if gives_a_vector_for_each_token(directory) else SequenceClassifier
    return kind(name, directory, names)
