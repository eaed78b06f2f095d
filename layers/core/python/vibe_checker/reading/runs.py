"""Runs as people look at them: what was asked, how far they are, how they ended, what they cost."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from vibe_checker import keys
from vibe_checker.bucket import Bucket, Pin
from vibe_checker.errors import InvalidInput, MissingInput
from vibe_checker.runs.progress import run_ids

_READERS = 32
# The state machine ends whatever takes longer.
_LONGEST = timedelta(hours=24)


@dataclass(frozen=True)
class RunView:
    """A run: its record, its summary once it has ended, and how many concepts have ended."""

    id: str
    record: dict[str, Any]
    summary: dict[str, Any]
    ended: int

    @property
    def status(self) -> str:
        """running, succeeded, failed; refused if it was not begun, unfinished if it was stopped."""
        if "error" in self.record:
            return "refused"
        if self.summary:
            return str(self.summary.get("status") or "failed")
        return "unfinished" if self._is_over() else "running"

    def _is_over(self) -> bool:
        """Whether it cannot go on any more, though nothing says how it ended."""
        try:
            started = datetime.fromisoformat(str(self.record.get("started_at")))
        except ValueError:
            return False
        return datetime.now(UTC) - started.astimezone(UTC) > _LONGEST

    @property
    def trigger(self) -> str:
        """What made it start, in words."""
        words = {"concept_ids": "by id", "upload": "upload of concepts.yml"}
        trigger = str(self.record.get("trigger") or "")
        return words.get(trigger, trigger) or "unknown"

    @property
    def concepts(self) -> int:
        """How many concepts it has."""
        return int(self.record.get("concept_count") or 0)

    @property
    def share(self) -> float:
        """The share of its concepts that have ended."""
        return min(self.ended / self.concepts, 1.0) if self.concepts else 0.0

    @property
    def failures(self) -> list[dict[str, str]]:
        """What failed and why, as the summary has it."""
        return list(self.summary.get("failures") or [])


class Runs:
    """The runs in a bucket; a file is kept in memory while its ETag is the one listed."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._kept: dict[str, tuple[str, dict[str, Any]]] = {}

    def ids(self) -> list[str]:
        """The id of every run, the newest first."""
        return run_ids(self._bucket)

    def views(self, ids: list[str]) -> list[RunView]:
        """These runs, in this order."""
        with ThreadPoolExecutor(_READERS) as pool:
            return list(pool.map(self._view, ids))

    def view(self, run_id: str) -> RunView:
        """One run; raises MissingInput where there is none."""
        view = self._view(run_id)
        if not view.record and not view.ended:
            raise MissingInput(f"There is no run {run_id}.")
        return view

    def results(self, run_id: str, start: int, count: int) -> list[dict[str, Any]]:
        """How concepts of a run ended: `count` of them from the one at `start` on, by key."""
        pins = list(self._bucket.listed(keys.run_results(run_id)))[start : start + count]
        with ThreadPoolExecutor(_READERS) as pool:
            return list(pool.map(self._object, pins))

    def _view(self, run_id: str) -> RunView:
        # What is there is asked of the listing, so that nothing is read before it is written.
        there = {pin.key: pin for pin in self._bucket.listed(f"{keys.RUNS}{run_id}/", deep=False)}
        record = self._object(there.get(keys.run_record(run_id)))
        summary = self._object(there.get(keys.run_summary(run_id)))
        ended = summary.get("concepts")
        if ended is None:
            ended = sum(1 for _ in self._bucket.keys(keys.run_results(run_id)))
        return RunView(run_id, record, summary, int(ended))

    def _object(self, pin: Pin | None) -> dict[str, Any]:
        """A file's JSON, read again only when it is another; empty where there is no file."""
        if pin is None:
            return {}
        kept = self._kept.get(pin.key)
        if kept and kept[0] == pin.etag:
            return kept[1]
        value = self._bucket.read_json(pin.key)
        if not isinstance(value, dict):
            raise InvalidInput(f"{pin.key} holds no object.")
        self._kept[pin.key] = (pin.etag, value)
        return value
