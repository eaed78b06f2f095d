import json
from datetime import UTC, datetime
from typing import Any

import pytest

from vibe_checker import keys
from vibe_checker.bucket import Bucket
from vibe_checker.runs.progress import Progress, run_ids
from vibe_checker.runs.results import Failure, cause, record_failure, record_result, summarise

RUN = "2026-03-01T08-00-00-abcdefgh"
NOW = datetime(2026, 3, 1, 8, 1, tzinfo=UTC)


@pytest.fixture
def run(bucket: Bucket) -> Bucket:
    """A planned run of three concepts."""
    record = {"run_id": RUN, "started_at": "2026-03-01T08:00:00.000Z", "concept_count": 3}
    bucket.write_json(keys.run_record(RUN), record)
    items = [{"concept_id": concept, "classifiers": []} for concept in ("Q9", "Q69", "Q420")]
    bucket.write_json(keys.run_concepts(RUN), items)
    return bucket


def _outcome(name: str = "keyword", positives: int = 2) -> dict[str, Any]:
    return {
        "name": name,
        "classifier_id": "abcdefgh",
        "kind": "keyword",
        "passages": 10,
        "positives": positives,
        "seconds": 0.5,
    }


def test_a_run_whose_concepts_all_succeeded_has_succeeded(run: Bucket) -> None:
    for concept in ("Q9", "Q69", "Q420"):
        record_result(run, RUN, concept, [_outcome()], seconds=1.5)
    summary = summarise(run, RUN, NOW)
    assert summary["status"] == "succeeded"
    assert (summary["concepts"], summary["passages"], summary["positives"]) == (3, 30, 6)
    assert summary["seconds"] == 60
    assert run.read_json(keys.run_summary(RUN)) == summary


def test_a_failed_classifier_fails_its_concept_and_leaves_the_others_outcomes(run: Bucket) -> None:
    failure = {"name": "bert", "error": {"class": "InvalidModel", "message": "no graph"}}
    record_result(run, RUN, "Q9", [_outcome(), failure], seconds=1)
    result = run.read_json(keys.run_result(RUN, "Q9"))
    assert result["status"] == "failed"
    assert [c["name"] for c in result["classifiers"]] == ["keyword", "bert"]


def test_a_summary_names_each_failed_concept_and_why(run: Bucket) -> None:
    bad = {"name": "bert", "error": {"class": "InvalidModel", "message": "no graph"}}
    record_result(run, RUN, "Q9", [_outcome(), bad], seconds=1)
    record_failure(run, RUN, "Q69", Failure("ConceptUnusable", "Q69 was deleted"), seconds=1)
    record_result(run, RUN, "Q420", [_outcome()], seconds=1)
    summary = summarise(run, RUN, NOW)
    assert summary["failed_concepts"] == ["Q9", "Q69"]
    assert cause("b", summary).splitlines() == [
        f"2 of 3 concepts failed; see s3://b/runs/{RUN}/summary.json for the whole.",
        "Q9 (bert): InvalidModel: no graph",
        "Q69: ConceptUnusable: Q69 was deleted",
    ]


def test_a_concept_that_left_no_result_counts_as_failed(run: Bucket) -> None:
    record_result(run, RUN, "Q9", [_outcome()], seconds=1)
    summary = summarise(run, RUN, NOW)
    assert summary["failed_concepts"] == ["Q69", "Q420"]
    assert "ended without a result" in cause("b", summary)


def test_ten_thousand_failures_are_all_named_within_what_step_functions_takes() -> None:
    concepts = [f"Q{number}" for number in range(1, 10_001)]
    failures = [{"concept_id": c, "class": "X", "message": "m" * 2000} for c in concepts[:400]]
    summary = {"run_id": RUN, "concepts": 10_000, "failed_concepts": concepts[:400]}
    text = cause("b", {**summary, "failures": failures})
    assert len(text) <= 32_768
    assert all(concept in text for concept in concepts[:400])


@pytest.mark.parametrize(
    ("caught", "failure"),
    [
        (
            {
                "Error": "InvalidModel",
                "Cause": json.dumps({"errorMessage": "bad", "errorType": "InvalidModel"}),
            },
            Failure("InvalidModel", "bad"),
        ),
        (
            {"Error": "Sandbox.Timedout", "Cause": "Task timed out after 3.00 seconds"},
            Failure("Sandbox.Timedout", "Task timed out after 3.00 seconds"),
        ),
        (
            {"Error": "States.Timeout"},
            Failure("States.Timeout", "The step took longer than its time limit."),
        ),
        ({"Error": "X", "Cause": "[1]"}, Failure("X", "[1]")),
        ({"Error": "X", "Cause": "{}"}, Failure("X", "{}")),
    ],
)
def test_what_a_catch_hands_on_becomes_class_and_message(
    caught: dict[str, str], failure: Failure
) -> None:
    assert Failure.caught(caught) == failure


def test_a_cause_without_end_is_cut() -> None:
    failure = Failure.caught({"Error": "X", "Cause": "x" * 100_000})
    assert len(failure.message) == 800


def test_progress_reads_each_result_once(run: Bucket) -> None:
    progress = Progress(run, RUN)
    record_result(run, RUN, "Q9", [_outcome()], seconds=1)
    assert [r["concept_id"] for r in progress.update()] == ["Q9"]
    record_failure(run, RUN, "Q69", Failure("X", "y"), seconds=1)
    assert [r["concept_id"] for r in progress.update()] == ["Q69"]
    assert (progress.concept_count, progress.passages, progress.failed) == (3, 10, 1)


def test_progress_of_a_run_that_is_not_planned_yet_is_unknown(bucket: Bucket) -> None:
    progress = Progress(bucket, RUN)
    assert progress.update() == []
    assert progress.concept_count is None


def test_runs_are_listed_the_newest_first(run: Bucket) -> None:
    run.write_json(keys.run_record("2026-03-02T08-00-00-abcdefgh"), {})
    assert run_ids(run) == ["2026-03-02T08-00-00-abcdefgh", RUN]
