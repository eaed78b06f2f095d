"""The three input files and their model together: from a concept to its candidates."""

from pathlib import Path
from typing import Any

import pyarrow as pa

from vibe_checker import retrieval
from vibe_checker.concept import Concept
from vibe_checker.embedder import Embedder
from vibe_checker.errors import InvalidEmbeddings
from vibe_checker.keys import EMBEDDINGS_METADATA, PASSAGES
from vibe_checker.passages import Passages, candidates, shuffled
from vibe_checker.runs.plan import Settings


class DataSet:
    """Passages, their embeddings and the model that made them, open and seen to fit together."""

    def __init__(
        self, passages: Path, embeddings: Path, metadata: dict[str, Any], embedder: Embedder
    ) -> None:
        """Raises InvalidPassages or InvalidEmbeddings naming the file and the numbers."""
        self._passages = Passages(passages)
        self._check_count(metadata.get("passages_count"))
        self._matrix = retrieval.open_matrix(embeddings, self._passages.count)
        self._embedder = embedder

    def _check_count(self, stated: object) -> None:
        if stated is not None and stated != self._passages.count:
            raise InvalidEmbeddings(
                f"{EMBEDDINGS_METADATA} states passages_count {stated!r}, but {PASSAGES} has "
                f"{self._passages.count:,} rows; the files come from different data sets."
            )

    def candidates(
        self, concept: Concept, settings: Settings, with_embeddings: bool = False
    ) -> pa.Table:
        """The passages that may be about `concept` (passages.CANDIDATE_SCHEMA), shuffled.

        With their embeddings where one of the concept's classifiers takes them.
        """
        vector = self._embedder.embed([concept.markdown()])[0]
        scores = retrieval.similarities(self._matrix, vector)
        rows = retrieval.select(scores, settings.threshold, settings.minimum, settings.maximum)
        embeddings = self._matrix[rows] if with_embeddings else None
        found = candidates(self._passages.take(rows), rows, scores[rows], embeddings)
        return found.take(shuffled(rows, concept.wikibase_id)).combine_chunks()
