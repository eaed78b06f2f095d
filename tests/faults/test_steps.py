"""Every step that goes wrong once, twice or for good: what is retried, recorded and published."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.project import LocalProject
from tests.faults.conftest import ROWS, Fault, Faults, Reader, published
from vibe_checker import keys

DEATHS = ["exit", "killed", "hang"]
S3_TROUBLES = ["s3 500", "s3 slow down", "s3 reset"]
# Step → the call that is to go wrong, once for the concept under test.
CALLS: dict[str, dict[str, str]] = {
    "PlanRun": {"key": "run.json"},
    "FetchConcept": {"key": "/Q420/concept.json"},
    "FindPassages": {"key": "/Q420/candidates/"},
    "ClassifyPassages": {"key": "/Q420/keyword/"},
    "PublishPredictions": {"key": "^Q420/"},
    "RecordResult": {"key": "/results/Q420.json"},
    "SummariseRun": {"key": "summary.json"},
}
# What `make test` runs of the matrix; `make test-faults` runs all of it.
REPRESENTATIVE = {
    ("FetchConcept", "s3 slow down"),
    ("FindPassages", "killed"),
    ("ClassifyPassages", "hang"),
    ("PublishPredictions", "exit"),
    ("SummariseRun", "s3 reset"),
}


def _matrix() -> Iterator[Any]:
    for step, call in CALLS.items():
        for kind in [*DEATHS, *S3_TROUBLES]:
            marks = [] if (step, kind) in REPRESENTATIVE else [pytest.mark.exhaustive]
            fault = Fault(step, kind, **call)
            yield pytest.param(fault, marks=marks, id=f"{step}-{kind}")


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _run(project: LocalProject) -> tuple[dict[str, Any], str]:
    execution = project.start({"concept_ids": ["Q69", "Q420"]})
    return project.wait(execution), project.run_of(execution)


@pytest.mark.parametrize("fault", list(_matrix()))
def test_a_step_that_goes_wrong_once_is_tried_again_and_changes_nothing(
    faults: Faults, fault: Fault, reader: Reader, before: dict[str, bytes]
) -> None:
    with faults.injected(fault) as strikes:
        ended, _ = _run(faults.project)
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    assert len(list(strikes.iterdir())) == 1
    assert published(faults.project) == before
    ROWS.append((fault.step, str(fault), "tried again, succeeded, the same bytes"))


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("FetchConcept", "exit", key="/Q420/", times=99), "Runtime.ExitError"),
        (Fault("FindPassages", "s3 denied", key="/Q420/", times=99), "ClientError"),
        (Fault("FindPassages", "out of memory", key="/Q420/", times=99), "MemoryError"),
        pytest.param(
            Fault("FindPassages", "hang", key="/Q420/", times=99),
            "Sandbox.Timedout",
            marks=pytest.mark.exhaustive,
        ),
        pytest.param(
            Fault("FetchConcept", "s3 500", key="/Q420/", times=99),
            "StorageUnavailable",
            marks=pytest.mark.exhaustive,
        ),
        pytest.param(
            Fault("RecordResult", "s3 slow down", key="/Q420", times=99),
            "StorageUnavailable",
            marks=pytest.mark.exhaustive,
        ),
        pytest.param(
            Fault("RecordResult", "killed", key="/Q420", times=99),
            "Runtime.ExitError",
            marks=pytest.mark.exhaustive,
        ),
    ],
    ids=str,
)
def test_a_step_that_goes_wrong_for_good_costs_its_concept_alone(
    faults: Faults, fault: Fault, error: str, reader: Reader, before: dict[str, bytes]
) -> None:
    with faults.injected(fault) as strikes:
        ended, run_id = _run(faults.project)
    assert (ended["status"], ended["error"]) == ("FAILED", "RunFailed")
    bucket = faults.project.bucket
    assert bucket.read_json(keys.run_result(run_id, "Q69"))["status"] == "succeeded"
    failed = bucket.read_json(keys.run_result(run_id, "Q420"))
    assert failed["error"]["class"] == error
    assert f"Q420: {error}" in ended["cause"]
    tries = {"ClientError": 1, "MemoryError": 1, "StorageUnavailable": 7}.get(error, 2)
    assert len(list(strikes.iterdir())) == tries
    assert published(faults.project) == before
    ROWS.append(
        (fault.step, str(fault), f"tried {_times(tries)}, Q420 failed as {error}, Q69 published")
    )


# Step → the call after which its work is done: what is tried again had succeeded.
LAST_WRITES = {**CALLS, "ClassifyPassages": {"key": "/Q420/keyword/classifier.json"}}
LAST_WRITES["PublishPredictions"] = {"key": "^Q420/.*/classifier.json"}


@pytest.mark.parametrize(
    "step",
    [
        step if step == "PublishPredictions" else pytest.param(step, marks=pytest.mark.exhaustive)
        for step in LAST_WRITES
    ],
)
def test_a_step_that_had_succeeded_and_runs_twice_changes_nothing(
    faults: Faults, step: str, reader: Reader, before: dict[str, bytes]
) -> None:
    fault = Fault(step, "killed", when="after", **LAST_WRITES[step])
    with faults.injected(fault) as strikes:
        ended, _ = _run(faults.project)
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    assert len(list(strikes.iterdir())) == 1
    assert published(faults.project) == before
    ROWS.append((step, str(fault), "ran twice, succeeded, the same bytes"))


READS = {
    "FindPassages": "/Q420/concept.json",
    "ClassifyPassages": "/Q420/candidates/",
    "PublishPredictions": "/Q420/keyword/",
    "SummariseRun": "/results/Q420.json",
}


@pytest.mark.parametrize("kind", ["s3 cut off", "s3 500"])
@pytest.mark.parametrize("step", READS)
@pytest.mark.exhaustive
def test_a_read_that_goes_wrong_once_is_tried_again(
    faults: Faults, step: str, kind: str, reader: Reader, before: dict[str, bytes]
) -> None:
    fault = Fault(step, kind, operation="GetObject", key=READS[step])
    with faults.injected(fault) as strikes:
        ended, _ = _run(faults.project)
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    assert len(list(strikes.iterdir())) == 1
    assert published(faults.project) == before
    ROWS.append((step, str(fault), "tried again, succeeded, the same bytes"))


@pytest.mark.parametrize(
    ("fault", "error", "tries"),
    [
        (
            Fault("ClassifyPassages", "out of memory", key="/Q420/keyword/", times=99),
            "MemoryError",
            1,
        ),
        (
            Fault("ClassifyPassages", "s3 500", key="/Q420/keyword/", times=99),
            "StorageUnavailable",
            7,
        ),
        (Fault("ClassifyPassages", "hang", key="/Q420/keyword/", times=99), "Sandbox.Timedout", 2),
    ],
    ids=str,
)
@pytest.mark.exhaustive
def test_a_classifier_that_goes_wrong_for_good_costs_itself_alone(
    faults: Faults, fault: Fault, error: str, tries: int, reader: Reader, before: dict[str, bytes]
) -> None:
    with faults.injected(fault) as strikes:
        ended, run_id = _run(faults.project)
    assert ended["status"] == "FAILED"
    result = faults.project.bucket.read_json(keys.run_result(run_id, "Q420"))
    outcomes = {each["name"]: each.get("error", {}).get("class") for each in result["classifiers"]}
    assert outcomes.pop("keyword") == error
    assert set(outcomes.values()) == {None}, "another classifier failed"
    assert f"Q420 (keyword): {error}" in ended["cause"]
    # The shards of a classifier go wrong side by side; the first that has failed ends the others.
    assert len(list(strikes.iterdir())) >= tries
    assert published(faults.project) == before
    ROWS.append((fault.step, str(fault), f"failed as {error}; the others published"))


@pytest.mark.parametrize(
    ("step", "key"), [("PlanRun", "run.json"), ("SummariseRun", "summary.json")]
)
@pytest.mark.exhaustive
def test_a_run_whose_ends_go_wrong_for_good_fails_and_has_mixed_nothing(
    faults: Faults, step: str, key: str, reader: Reader, before: dict[str, bytes]
) -> None:
    fault = Fault(step, "s3 500", key=key, times=99)
    with faults.injected(fault) as strikes:
        ended, _ = _run(faults.project)
    assert (ended["status"], ended["error"]) == ("FAILED", "StorageUnavailable")
    assert "S3 answered InternalError" in ended["cause"]
    assert len(list(strikes.iterdir())) == 7
    assert published(faults.project) == before
    ROWS.append((step, str(fault), "tried 7 times, the run failed as StorageUnavailable"))


@pytest.mark.exhaustive
def test_a_failure_that_cannot_be_recorded_is_missed_by_the_summary(
    faults: Faults, reader: Reader, before: dict[str, bytes]
) -> None:
    bad = Fault("FetchConcept", "s3 denied", key="/Q420/", times=99)
    unrecorded = Fault("RecordFailure", "s3 denied", key="/Q420", times=99)
    with faults.injected(bad), faults.injected(unrecorded):
        ended, run_id = _run(faults.project)
    assert ended["status"] == "FAILED"
    assert "Q420: Unknown: It ended without a result" in ended["cause"]
    assert faults.project.bucket.read_json(keys.run_result(run_id, "Q69"))["status"] == "succeeded"
    assert published(faults.project) == before
    ROWS.append(("RecordFailure", str(unrecorded), "the summary says that Q420 has no result"))


@pytest.mark.parametrize(
    ("name", "when"),
    [
        ("predictions.jsonl", "after"),
        ("concept.json", "after"),
        pytest.param("predictions.jsonl", "before", marks=pytest.mark.exhaustive),
        pytest.param("classifier.json", "before", marks=pytest.mark.exhaustive),
        pytest.param("classifier.json", "after", marks=pytest.mark.exhaustive),
    ],
)
def test_publishing_that_breaks_off_at_any_point_leaves_a_whole_set(
    faults: Faults, name: str, when: str, reader: Reader, before: dict[str, bytes]
) -> None:
    fault = Fault("PublishPredictions", "killed", key=f"^Q420/.*{name}", when=when, times=99)
    with faults.injected(fault):
        ended, run_id = _run(faults.project)
    assert ended["status"] == "FAILED"
    result = faults.project.bucket.read_json(keys.run_result(run_id, "Q420"))
    assert {c["error"]["class"] for c in result["classifiers"]} == {"Runtime.ExitError"}
    assert published(faults.project) == before
    ROWS.append((fault.step, str(fault), "classifiers failed, readers saw whole sets"))


def test_a_full_disk_is_named_and_costs_its_concept_alone(faults: Faults, reader: Reader) -> None:
    fault = Fault("FindPassages", "disk full", operation="pwrite", key="", times=1)
    with faults.injected(fault):
        ended, run_id = _run(faults.project)
    assert ended["status"] == "FAILED"
    results = [
        faults.project.bucket.read_json(keys.run_result(run_id, concept))
        for concept in ("Q69", "Q420")
    ]
    assert sorted(result["status"] for result in results) == ["failed", "succeeded"]
    [failed] = [result for result in results if result["status"] == "failed"]
    assert "No space left on device" in failed["error"]["message"]
    ROWS.append((fault.step, "disk full", "named, the other concept published"))


def test_a_throttled_step_is_tried_again(project: LocalProject) -> None:
    """On what is deployed: the local AWS throttles nothing, and never says TooManyRequests."""
    described = project.aws.client("stepfunctions").describe_state_machine(
        stateMachineArn=project.outputs["StateMachineArn"]
    )
    tasks = list(_tasks(json.loads(described["definition"])))
    assert len(tasks) == 9
    for task in tasks:
        [retry] = [
            r for r in task["Retry"] if "Lambda.TooManyRequestsException" in r["ErrorEquals"]
        ]
        assert (retry["MaxAttempts"], retry["BackoffRate"], retry["JitterStrategy"]) == (
            6,
            2,
            "FULL",
        )
    ROWS.append(("all", "throttled by Lambda", "in the definition: tried 7 times, ever later"))


def _tasks(machine: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for state in machine["States"].values():
        if state["Type"] == "Task":
            yield state
        if "ItemProcessor" in state:
            yield from _tasks(state["ItemProcessor"])
