"""The classifiers of a concept: by keyword always, and every model uploaded for it.

    keyword     the concept's labels
    sequence    ONNX, tokens → one probability          config.json, tokenizer.json
    token       ONNX, tokens → a tag for each           config.json, tokenizer.json
    head        ONNX, the passage's embedding → one probability; no tokenizer.json

Which of them a directory holds is read from its graph.
"""

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from vibe_checker.bucket import Pin
from vibe_checker.concept import Concept
from vibe_checker.errors import InvalidModel, TooLarge
from vibe_checker.identifiers import KEYWORD
from vibe_checker.predictions import Card, Predictions

if TYPE_CHECKING:
    from vibe_checker.classifiers.directory import ModelDirectory


# Opening a graph of 472 MB took 508 MB; twice its size leaves room for weights that onnxruntime
# packs anew. Beside it stand Python with its libraries (170 MB), a shard of passages and what
# passes between the layers.
_MEMORY_OF_A_MODEL, _MEMORY_BESIDE = 2, 600 << 20
# A name is part of S3 keys and is shown on pages and in file names.
_NAME = re.compile(r"\w[\w .()+-]{0,99}")


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


def checked_model_name(name: str) -> str:
    """`name` if a model may be called so; else raises InvalidModel."""
    if name == KEYWORD or not _NAME.fullmatch(name):
        raise InvalidModel(
            f"A model cannot be called {name[:100]!r}: use up to 100 letters, digits, blanks, '-', "
            f"'_', '.', '+' and parentheses, and not {KEYWORD!r}, which every concept has. Upload "
            "its directory under another name."
        )
    return name


def check_size(name: str, files: Sequence[Pin], memory: int) -> None:
    """Raise TooLarge, before anything is fetched, for a model that `memory` bytes cannot hold."""
    size = sum(pin.size for pin in files)
    if size * _MEMORY_OF_A_MODEL + _MEMORY_BESIDE > memory:
        most = (memory - _MEMORY_BESIDE) // _MEMORY_OF_A_MODEL
        raise TooLarge(
            f"{name} has {size / 1e6:,.0f} MB of files; a function of {memory / 1e6:,.0f} MB runs "
            f"models of at most {most / 1e6:,.0f} MB. Export it in float16 or a smaller one."
        )


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
