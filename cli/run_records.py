"""What is known of runs: from their summaries, their records, and for those that go on from AWS."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from cli import executions
from cli.errors import Unreachable
from cli.output import counted
from cli.where import Where
from vibe_checker import keys
from vibe_checker.errors import MissingInput
from vibe_checker.runs import progress

_READERS = 16
# An upload starts its run within a second or two; EventBridge promises no more than soon.
_START_SECONDS = 60
_SUMMED = ("concept", "passage", "positive")


def newest(where: Where, limit: int) -> list[dict[str, Any]]:
    """The newest runs, each as `one` tells it."""
    run_ids = progress.run_ids(where.bucket)[:limit]
    with ThreadPoolExecutor(_READERS) as pool:
        return list(pool.map(lambda run_id: one(where, run_id), run_ids))


def one(where: Where, run_id: str, arn: str | None = None) -> dict[str, Any]:
    """`{"run_id", "status", "started_at", "trigger", "concepts", "failed", "passages", ...}`.

    `status` is running, succeeded, failed, stopped, refused (nothing was run) or timed_out.
    """
    record = _read(where, keys.run_record(run_id)) or {}
    summary = _read(where, keys.run_summary(run_id))
    told = {
        "run_id": run_id,
        "status": "running",
        "started_at": record.get("started_at"),
        "trigger": record.get("trigger"),
        "concepts": record.get("concept_count"),
        "execution_arn": record.get("execution_arn", arn),
    }
    if summary:
        return {**told, **summary, "failed": len(summary["failed_concepts"])}
    if "error" in record:
        return {**told, "status": "refused", "error": record["error"]}
    return {**told, **_asked_of_aws(where, told["execution_arn"])}


def _read(where: Where, key: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = where.bucket.read_json(key)
        return found
    except MissingInput:
        return None


def _asked_of_aws(where: Where, arn: str | None) -> dict[str, Any]:
    """How a run without a summary stands: it goes on, or did not get to its end."""
    if arn is None:
        return {"status": "unknown"}
    described = executions.describe(where, arn)
    status = {"ABORTED": "stopped"}.get(described["status"], described["status"].lower())
    told: dict[str, Any] = {"status": status}
    if described.get("error"):
        told["error"] = {"class": described["error"], "message": described.get("cause", "")}
    return told


def sentence(record: dict[str, Any]) -> str:
    """How a run stands, in a line."""
    said = f"run {record['run_id']}: {record['status']}"
    if "seconds" in record:
        counts = ", ".join(counted(record[f"{noun}s"], noun) for noun in _SUMMED)
        said += f", {counts}, {record['seconds']:.1f} seconds"
    return said


def why(record: dict[str, Any]) -> str:
    """Why a run did not succeed, naming each failed concept."""
    failed = record.get("failed_concepts", [])
    if failed:
        asked = counted(record["concepts"], "concept")
        return f"{len(failed)} of {asked} failed: {', '.join(failed)}."
    if "error" in record:
        return f"{record['error']['class']}: {record['error']['message']}"
    return f"The run is {record['status']}."


def wait_for_new(where: Where, known: set[str], sleep: Callable[[float], None] = time.sleep) -> str:
    """The id of a run that is not among `known`, as soon as there is one."""
    for _ in range(_START_SECONDS):
        if new := [run for run in progress.run_ids(where.bucket) if run not in known]:
            return new[-1]
        sleep(1)
    raise Unreachable(
        f"The upload has started no run in {_START_SECONDS} seconds. `vibe-checker runs` tells "
        "whether it did later; `vibe-checker run` starts one."
    )
