"""Two classifiers, or two editions of one, over the same passages: where they disagree."""

from collections import defaultdict, deque
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.compute as pc

from vibe_checker.reading.columns import Counts, Mask
from vibe_checker.reading.predictions_file import PredictionsFile

SHOWN = ("disagree", "only-a", "only-b", "both", "neither", "all")


@dataclass(frozen=True)
class Comparison:
    """Passages that both files have: row `a_rows[i]` of `a` is row `b_rows[i]` of `b`."""

    a: PredictionsFile
    b: PredictionsFile
    a_rows: Counts
    b_rows: Counts

    @classmethod
    def of(cls, a: PredictionsFile, b: PredictionsFile) -> "Comparison":
        """Match passages by id; of equal ids (older files have them) first with first."""
        if a.ids.equals(b.ids):
            rows = np.arange(len(a))
            return cls(a, b, rows, rows)
        places: dict[str, deque[int]] = defaultdict(deque)
        for row, passage in enumerate(b.ids.to_pylist()):
            places[passage].append(row)
        pairs = [
            (row, places[passage].popleft())
            for row, passage in enumerate(a.ids.to_pylist())
            if places.get(passage)
        ]
        matched = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        return cls(a, b, matched[:, 0], matched[:, 1])

    @property
    def positive(self) -> tuple[Mask, Mask]:
        """Which of the common passages each finds positive."""
        return self.a.positive[self.a_rows], self.b.positive[self.b_rows]

    def masks(self) -> dict[str, Mask]:
        """The common passages by how the two judge them."""
        a, b = self.positive
        return {
            "disagree": a != b,
            "only-a": a & ~b,
            "only-b": b & ~a,
            "both": a & b,
            "neither": ~a & ~b,
            "all": np.ones(len(a), dtype=bool),
        }

    def select(self, show: str, text: str) -> Counts:
        """Places of the common passages to show, in the order of `a`; `text` is literal."""
        mask = self.masks()[show]
        if text:
            hits: Any = pc.match_substring(self.a.texts, text, ignore_case=True)
            mask = mask & np.asarray(hits.to_numpy(), dtype=bool)[self.a_rows]
        return np.flatnonzero(mask)

    def kappa(self) -> float | None:
        """Agreement beyond chance (Cohen 1960): 1 is full, 0 what chance gives; None undefined."""
        a, b = self.positive
        if not len(a):
            return None
        agreed, p, q = float((a == b).mean()), float(a.mean()), float(b.mean())
        by_chance = p * q + (1 - p) * (1 - q)
        return None if by_chance == 1 else (agreed - by_chance) / (1 - by_chance)
