"""Classifiers that give one probability for a passage: positive means a span over all of it."""

from itertools import repeat
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from vibe_checker.predictions import Prediction
from vibe_checker.spans import many_objects, spans_of

Probabilities = np.ndarray[Any, np.dtype[np.float32]]

# All that a float32 holds, without what it does not: 0.7 is written 0.7, not 0.699999988079071.
_DECIMALS = 7


def written(probabilities: Probabilities) -> list[float]:
    """Probabilities as they are written down: Python floats of 7 decimals."""
    rounded: list[float] = np.round(probabilities.astype(np.float64), _DECIMALS).tolist()
    return rounded


def whole_text_predictions(
    texts: pa.ChunkedArray, probabilities: Probabilities, threshold: float
) -> list[Prediction]:
    """A prediction for each text; positive from the threshold on. float32 [len(texts)]."""
    # In float32, so that a probability written 0.7 is not below a threshold of 0.7.
    positive = probabilities >= np.float32(threshold)
    lengths = pc.utf8_length(texts).to_numpy()
    with many_objects():
        shown = written(probabilities)
        spans = spans_of(repeat(0), lengths.tolist(), shown)
        hits = (positive & (lengths > 0)).tolist()
        found = ([span] if hit else [] for hit, span in zip(hits, spans, strict=True))
        pairs = zip(found, shown, strict=True)
        return list(map(tuple.__new__, repeat(Prediction), pairs))
