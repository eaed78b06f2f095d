"""Which classifiers the demo has: trained, measured on what they have not seen, exported.

The network learns every concept at once; three of them get a classifier of their own, so that
in a run some concepts have one beside the keywords and others have not.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from local.demo import entities
from local.demo.classifier_onnx import Form, classifier_model, write_classifier
from local.demo.corpus import Passage
from local.demo.embedding_model import read_tokenizer
from local.demo.training import Network, forward, train
from local.demo.word_features import Matrix, Tokens, tokens_of, word_vectors

# Concept → the classifier's name, its form and the threshold.
CLASSIFIERS: dict[str, tuple[str, Callable[[str], Form], float]] = {
    "Q69": ("pooled-words", Form.two_labels, 0.5),
    "Q420": ("pooled-words-sigmoid", Form.one_label, 0.5),
    "Q912": ("pooled-words", Form.two_labels, 0.6),
}

# Of 384. With 64 the classifiers find less, with 128 they learn their sentences by heart.
_WORD_SIZE = 96
_SEED = 11
# One sentence in seven, so that each concept has some of each kind.
_HELD_OUT_SENTENCES = 0.14
_HELD_OUT_PASSAGES = 0.1

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """Rows of the corpus: to train on, and held out in two ways, about a fifth of all.

    passages   other passages of sentences that were trained on, with other names and numbers
    sentences  passages of sentences that no training passage has
    """

    train: Rows
    passages: Rows
    sentences: Rows


def split(corpus: list[Passage]) -> Split:
    """The same split every time; sentences are drawn from each concept and kind alike."""
    draw = np.random.default_rng(_SEED)
    groups: dict[tuple[str | None, str], set[str]] = {}
    for passage in corpus:
        groups.setdefault((passage.about, passage.kind), set()).add(passage.cores[0])
    hidden = {core for group in groups.values() for core in _drawn(draw, sorted(group))}
    unseen = np.array([not hidden.isdisjoint(passage.cores) for passage in corpus])
    drawn = (draw.random(len(corpus)) < _HELD_OUT_PASSAGES) & ~unseen
    return Split(*(np.flatnonzero(rows) for rows in (~unseen & ~drawn, drawn, unseen)))


def _drawn(draw: np.random.Generator, sentences: list[str]) -> list[str]:
    number = round(len(sentences) * _HELD_OUT_SENTENCES)
    return [sentences[place] for place in draw.permutation(len(sentences))[:number]]


def truth_of(corpus: list[Passage], concepts: list[str]) -> Matrix:
    """float32 [passages, concepts], 1 where the passage is about the concept."""
    rows = [[concept in passage.concepts for concept in concepts] for passage in corpus]
    return np.array(rows, dtype=np.float32)


def write_classifiers(
    corpus: list[Passage], embedder: Path, directory: Path, progress: Callable[[str], None]
) -> None:
    """Train, say how good the classifiers are and write `{concept_id}/{name}/` for each."""
    vectors = word_vectors(embedder, _WORD_SIZE)
    tokens = tokens_of(read_tokenizer(embedder), [passage.text for passage in corpus])
    parts, concepts = split(corpus), entities.concepts_to_run()
    truth = truth_of(corpus, concepts)
    progress(f"training classifiers on {len(parts.train):,} passages")
    network = train(vectors, tokens[parts.train], truth[parts.train])
    for concept, (name, form_of, threshold) in CLASSIFIERS.items():
        form, column = form_of(entities.read_entities()[concept]["label"]), concepts.index(concept)
        found = _found(network, vectors, tokens, column, threshold)
        progress(f"classifier {concept}/{name}: {_measured(corpus, concept, found, parts)}")
        model = classifier_model(network, vectors, column, form)
        write_classifier(directory / concept / name, form, model, threshold, embedder)


def _found(
    network: Network, vectors: Matrix, tokens: Tokens, column: int, threshold: float
) -> NDArray[np.bool_]:
    """Whether each passage is found, bool [passages]."""
    rows = np.array_split(np.arange(len(tokens.ids)), max(1, len(tokens.ids) // 256))
    logits = [forward(network, vectors, tokens[part]).logits[:, column] for part in rows]
    found: NDArray[np.bool_] = 1.0 / (1.0 + np.exp(-np.concatenate(logits))) >= threshold
    return found


def f1_score(found: NDArray[np.bool_], truth: NDArray[np.bool_]) -> float:
    """2 · true positives / (found + true), the harmonic mean of precision and recall."""
    return float(2 * (found & truth).sum() / max(1, found.sum() + truth.sum()))


def missed_by_keywords(corpus: list[Passage], concept: str) -> NDArray[np.bool_]:
    """Whether a passage is about the concept without saying any of its labels."""
    labels = sorted(entities.labels_of(concept), key=len, reverse=True)
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, labels))})\b", re.IGNORECASE)
    return np.array([concept in p.concepts and not pattern.search(p.text) for p in corpus])


def _measured(corpus: list[Passage], concept: str, found: NDArray[np.bool_], parts: Split) -> str:
    truth = np.array([concept in passage.concepts for passage in corpus])
    seen, unseen = (
        f1_score(found[rows], truth[rows]) for rows in (parts.passages, parts.sentences)
    )
    held_out = np.concatenate([parts.passages, parts.sentences])
    missed = missed_by_keywords(corpus, concept)[held_out]
    return (
        f"F1 {seen:.2f} on held-out passages, {unseen:.2f} on sentences never seen; "
        f"finds {(missed & found[held_out]).sum()} of {missed.sum()} that keywords miss"
    )
