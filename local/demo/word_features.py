"""Texts as token ids, and words as short vectors: what the demo's classifiers see."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from tokenizers import Tokenizer

Matrix = NDArray[np.float32]
_WORDS = "embeddings.word_embeddings.weight"


@dataclass(frozen=True)
class Tokens:
    """Token ids int64 [texts, longest] and a mask of the same shape, 1.0 where a token is."""

    ids: NDArray[np.int64]
    mask: Matrix

    def __getitem__(self, rows: NDArray[np.int64]) -> "Tokens":
        """Some of the texts, without the columns that only longer texts need."""
        longest = int(self.mask[rows].sum(axis=1).max())
        return Tokens(self.ids[rows, :longest], self.mask[rows, :longest])


def tokens_of(tokenizer: Tokenizer, texts: Sequence[str]) -> Tokens:
    """The texts' tokens, padded on the right."""
    encoded = [encoding.ids for encoding in tokenizer.encode_batch(list(texts))]
    ids = np.zeros((len(encoded), max(map(len, encoded))), dtype=np.int64)
    mask = np.zeros(ids.shape, dtype=np.float32)
    for row, text in enumerate(encoded):
        ids[row, : len(text)] = text
        mask[row, : len(text)] = 1.0
    return Tokens(ids, mask)


def word_vectors(embedder: Path, size: int) -> Matrix:
    """The embedding model's word vectors in `size` dimensions: float32 [vocabulary, size].

    The principal components of the word embeddings that keep most of their variance, scaled to a
    standard deviation of 1 over all.
    """
    words = _word_embeddings(embedder).astype(np.float64)
    centred = words - words.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)  # in ascending order of variance
    reduced = centred @ directions[:, -size:]
    vectors: Matrix = (reduced / reduced.std()).astype(np.float32)
    return vectors


def _word_embeddings(embedder: Path) -> NDArray[Any]:
    graph = onnx.load(embedder / "onnx" / "model.onnx").graph
    return numpy_helper.to_array(next(w for w in graph.initializer if w.name == _WORDS))
