"""Every step that goes wrong once, twice or for good: what is retried, recorded and published."""

from collections.abc import Iterator
from typing import Any

import pytest

from local.project import LocalProject
from tests.faults.conftest import ROWS, Fault, Faults, Reader
from vibe_checker import bucket as keys

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


@pytest.fixture(scope="module")
def before(project: LocalProject, demo_run: str) -> dict[str, bytes]:
    """The demo's predictions for the two concepts that these tests run."""
    return _predictions(project)


def _predictions(project: LocalProject) -> dict[str, bytes]:
    return {
        key: project.bucket.read(key)
        for concept in ("Q69", "Q420")
        for key in project.bucket.keys(f"{concept}/")
        if key.endswith("predictions.jsonl")
    }


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
    assert _predictions(faults.project) == before
    ROWS.append((fault.step, str(fault), "tried again, succeeded, the same bytes"))


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("FetchConcept", "exit", key="/Q420/", times=99), "Runtime.ExitError"),
        (Fault("FindPassages", "s3 denied", key="/Q420/", times=99), "ClientError"),
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
    tries = {"ClientError": 1, "StorageUnavailable": 7}.get(error, 2)
    assert len(list(strikes.iterdir())) == tries
    assert _predictions(faults.project) == before
    ROWS.append((fault.step, str(fault), f"{tries} tries, Q420 failed as {error}, Q69 published"))


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
    assert _predictions(faults.project) == before
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
