"""How concepts ended, and from that how the run ended."""

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from vibe_checker import keys
from vibe_checker.bucket import Bucket

# Step Functions takes a cause of at most 32,768 characters, S3 keeps the rest in the summary.
_LONGEST_MESSAGE_BYTES = 800
_LONGEST_CAUSE = 20_000
# Reading is waiting: 32 at once read 10,000 results in seconds.
_READERS = 32


@dataclass(frozen=True)
class Failure:
    """Why something ended: the error's class and its message."""

    error: str
    message: str

    @classmethod
    def caught(cls, caught: dict[str, str]) -> "Failure":
        """From what a state machine's Catch hands on: `{"Error", "Cause"}`.

        The cause of a Lambda error is JSON with the message in it; of others it is text.
        """
        error, cause = caught.get("Error", "Unknown"), caught.get("Cause", "")
        try:
            details = json.loads(cause)
            message = str(details["errorMessage"])
            error = str(details.get("errorType", error))
        except (ValueError, KeyError, TypeError):
            message = cause
        return cls(error, _cut(message) or _without_words(error))

    def as_json(self) -> dict[str, str]:
        """The failure as results, summaries and records hold it."""
        return {"class": self.error, "message": self.message}


def _cut(message: str) -> str:
    """The message's beginning: those of all of a concept's classifiers travel in one state."""
    return message.encode(errors="replace")[:_LONGEST_MESSAGE_BYTES].decode(errors="ignore")


def _without_words(error: str) -> str:
    if error in ("Sandbox.Timedout", "States.Timeout"):
        return "The step took longer than its time limit."
    return "The step ended without saying why; its log may tell."


def record_result(
    bucket: Bucket, run_id: str, concept_id: str, outcomes: list[dict[str, Any]], seconds: float
) -> None:
    """Write how each classifier of a concept ended; one failed classifier fails the concept."""
    failed = any("error" in outcome for outcome in outcomes)
    bucket.write_json(
        keys.run_result(run_id, concept_id),
        {
            "concept_id": concept_id,
            "status": "failed" if failed else "succeeded",
            "seconds": round(seconds, 3),
            "classifiers": outcomes,
        },
    )


def record_failure(
    bucket: Bucket, run_id: str, concept_id: str, failure: Failure, seconds: float
) -> None:
    """Write why a concept ended before its classifiers could run."""
    bucket.write_json(
        keys.run_result(run_id, concept_id),
        {
            "concept_id": concept_id,
            "status": "failed",
            "seconds": round(seconds, 3),
            "classifiers": [],
            "error": failure.as_json(),
        },
    )


def summarise(bucket: Bucket, run_id: str, finished_at: datetime) -> dict[str, Any]:
    """Write and return the summary of a run whose concepts have all ended.

    A concept without a result counts as failed: nothing is lost for want of a record.
    """
    record = bucket.read_json(keys.run_record(run_id))
    asked = [item["concept_id"] for item in bucket.read_json(keys.run_concepts(run_id))]
    results = _results(bucket, run_id, asked)
    failures = [failure for result in results for failure in _failures(result)]
    classifiers = [c for result in results for c in result["classifiers"] if "error" not in c]
    started_at = datetime.fromisoformat(record["started_at"])
    summary = {
        "run_id": run_id,
        "status": "failed" if failures else "succeeded",
        "started_at": record["started_at"],
        "finished_at": finished_at.isoformat(timespec="milliseconds"),
        "seconds": round((finished_at - started_at).total_seconds(), 3),
        "concepts": len(results),
        "failed_concepts": list(dict.fromkeys(f["concept_id"] for f in failures)),
        "classifiers": len(classifiers),
        "passages": sum(c["passages"] for c in classifiers),
        "positives": sum(c["positives"] for c in classifiers),
        "failures": failures,
    }
    bucket.write_json(keys.run_summary(run_id), summary)
    return summary


def cause(bucket_name: str, summary: dict[str, Any]) -> str:
    """One text that names every failed concept and why, cut to what Step Functions takes."""
    failed, total = len(summary["failed_concepts"]), summary["concepts"]
    link = f"s3://{bucket_name}/{keys.run_summary(summary['run_id'])}"
    lines = [f"{failed} of {total} concepts failed; see {link} for the whole."]
    lines += [f"{_name(f)}: {f['class']}: {f['message']}" for f in summary["failures"]]
    text = "\n".join(lines)
    if len(text) <= _LONGEST_CAUSE:
        return text
    # Too long to give every reason: every concept is still named.
    return (lines[0] + "\n" + ", ".join(summary["failed_concepts"]))[:_LONGEST_CAUSE]


def _name(failure: dict[str, str]) -> str:
    classifier = failure.get("classifier")
    return failure["concept_id"] + (f" ({classifier})" if classifier else "")


def _results(bucket: Bucket, run_id: str, asked: list[str]) -> list[dict[str, Any]]:
    there = set(bucket.keys(keys.run_results(run_id)))

    def read(concept_id: str) -> dict[str, Any]:
        key = keys.run_result(run_id, concept_id)
        if key in there:
            result: dict[str, Any] = bucket.read_json(key)
            return result
        lost = Failure("Unknown", "It ended without a result; the execution's history may tell.")
        return {"concept_id": concept_id, "classifiers": [], "error": lost.as_json()}

    with ThreadPoolExecutor(_READERS) as pool:
        return list(pool.map(read, asked))


def _failures(result: dict[str, Any]) -> Iterable[dict[str, str]]:
    if "error" in result:
        yield {"concept_id": result["concept_id"], **result["error"]}
    for classifier in result["classifiers"]:
        if "error" in classifier:
            named = {"concept_id": result["concept_id"], "classifier": classifier["name"]}
            yield {**named, **classifier["error"]}
