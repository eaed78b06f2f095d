"""Follow a run by what it leaves in the bucket."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from vibe_checker import keys
from vibe_checker.bucket import Bucket
from vibe_checker.errors import MissingInput

_READERS = 16


def run_ids(bucket: Bucket) -> list[str]:
    """Every run that the bucket knows of, the newest first."""
    return sorted((p.split("/")[1] for p in bucket.folders(keys.RUNS)), reverse=True)


class Progress:
    """A run as far as it is known; each result is read once, when it is new.

    `concept_count` is None until the run is planned; `results` maps a concept's id to its result.
    """

    def __init__(self, bucket: Bucket, run_id: str) -> None:
        self.run_id = run_id
        self.concept_count: int | None = None
        self.results: dict[str, dict[str, Any]] = {}
        self._bucket = bucket

    def update(self) -> list[dict[str, Any]]:
        """Look again; returns the results that are new, in the order of their ids."""
        if self.concept_count is None:
            try:
                record = self._bucket.read_json(keys.run_record(self.run_id))
            except MissingInput:
                return []
            self.concept_count = int(record.get("concept_count", 0))
        fresh = [key for key in self._result_keys() if _concept(key) not in self.results]
        with ThreadPoolExecutor(_READERS) as pool:
            results = list(pool.map(self._bucket.read_json, fresh))
        self.results.update({result["concept_id"]: result for result in results})
        return results

    def _result_keys(self) -> list[str]:
        return list(self._bucket.keys(keys.run_results(self.run_id)))

    @property
    def passages(self) -> int:
        """Passages classified so far, counted once for each classifier."""
        return sum(c.get("passages", 0) for r in self.results.values() for c in r["classifiers"])

    @property
    def failed(self) -> int:
        """Concepts that have failed so far."""
        return sum(result["status"] == "failed" for result in self.results.values())


def _concept(key: str) -> str:
    return key.rsplit("/", 1)[-1].removesuffix(".json")
