"""Classifiers that give one probability for a passage: positive means a span over all of it."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vibe_checker.predictions import Predictions, Spans

Probabilities = np.ndarray[Any, np.dtype[np.float32]]


def whole_text_predictions(
    texts: pa.ChunkedArray, probabilities: Probabilities, threshold: float
) -> Predictions:
    """A prediction for each text; positive from the threshold on. float32 [len(texts)].

    A text without characters has no place for a span.
    """
    lengths = pc.utf8_length(texts).to_numpy().astype(np.int64)
    # In float32, so that a probability written 0.7 is not below a threshold of 0.7.
    rows = np.flatnonzero((probabilities >= np.float32(threshold)) & (lengths > 0))
    spans = Spans(rows, np.zeros_like(rows), lengths[rows], probabilities[rows])
    return Predictions(len(texts), spans, probabilities)
