"""What may happen to runs as wholes, and what stands beside them."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from local.project import LocalProject
from local.wikibase import LocalWikibase, busy, dead, failing, html, lagging
from tests.faults.conftest import ROWS, Fault, Faults, Reader
from vibe_checker import bucket as keys
from vibe_checker.runs.plan import Plan

BOTH = {"concept_ids": ["Q69", "Q420"]}


@pytest.fixture
def wikibase(project: LocalProject, demo_run: str) -> Iterator[LocalWikibase]:
    """The project's Wikibase, which answers well again after the test."""
    assert project.wikibase
    yield project.wikibase
    project.wikibase.answer_with(None)


@pytest.mark.parametrize(
    ("trouble", "name"),
    [
        (lagging(7.3, retry_after=0), "lags"),
        (busy(0), "429 with Retry-After"),
        pytest.param(failing(502), "502", marks=pytest.mark.exhaustive),
        pytest.param(html(), "HTML", marks=pytest.mark.exhaustive),
    ],
)
def test_a_wikibase_in_trouble_for_a_while_delays_a_run_and_fails_nothing(
    project: LocalProject, wikibase: LocalWikibase, trouble: Any, name: str
) -> None:
    wikibase.answer_with(trouble, times=3)
    ended = project.wait(project.start(BOTH))
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    ROWS.append(("FetchConcept", f"Wikibase: {name}, 3 times", "tried again, succeeded"))


@pytest.mark.exhaustive
@pytest.mark.parametrize(("trouble", "name"), [(failing(502), "502"), (html(), "HTML")])
def test_a_wikibase_in_trouble_for_good_is_named_for_each_concept(
    project: LocalProject, wikibase: LocalWikibase, trouble: Any, name: str, reader: Reader
) -> None:
    wikibase.answer_with(trouble)
    ended = project.wait(project.start(BOTH))
    assert ended["status"] == "FAILED"
    assert "Q69: WikibaseUnavailable" in ended["cause"]
    assert "Q420: WikibaseUnavailable" in ended["cause"]
    ROWS.append(("FetchConcept", f"Wikibase: {name} for good", "named, nothing published"))


@pytest.mark.exhaustive
def test_a_wikibase_that_never_answers_times_the_step_out(
    faults: Faults, wikibase: LocalWikibase
) -> None:
    wikibase.answer_with(dead())
    fault = Fault("FetchConcept", "hang", operation="none")  # nothing but a short time-out
    with faults.injected(fault):
        ended = faults.project.wait(faults.project.start(BOTH))
    assert "Q69: Sandbox.Timedout" in ended["cause"]
    ROWS.append(("FetchConcept", "Wikibase: never answers", "timed out twice, named"))


def test_the_same_event_delivered_twice_is_one_run(project: LocalProject, demo_run: str) -> None:
    record = project.bucket.read_json(keys.run_record(demo_run))
    runs = set(project.bucket.folders(keys.RUNS))
    ended = project.wait(project.start(record["requested"]))
    assert ended["status"] == "SUCCEEDED"
    assert set(project.bucket.folders(keys.RUNS)) == runs
    assert project.bucket.read_json(keys.run_record(demo_run)) == record
    ROWS.append(("PlanRun", "the same event twice", "one run's work"))


def test_two_runs_of_the_same_concept_at_once_leave_a_whole_set(
    project: LocalProject, reader: Reader
) -> None:
    executions = [project.start(BOTH) for _ in range(2)]
    assert [project.wait(each)["status"] for each in executions] == ["SUCCEEDED"] * 2
    ROWS.append(("all", "two runs of a concept at once", "both succeeded, a whole set"))


def test_a_run_stopped_by_hand_and_started_again_publishes_everything(
    project: LocalProject, reader: Reader
) -> None:
    machine = project.aws.client("stepfunctions")
    execution = project.start(BOTH)
    _wait_for(project, f"runs/{project.run_of(execution)}/work/")
    machine.stop_execution(executionArn=execution)
    assert project.describe(execution)["status"] == "ABORTED"
    assert project.wait(project.start(BOTH))["status"] == "SUCCEEDED"
    ROWS.append(("all", "stopped by hand, started again", "a whole set"))


def test_a_data_set_uploaded_in_mid_run_is_not_mixed_in(
    project: LocalProject, reader: Reader
) -> None:
    execution = project.start({"concept_ids": ["Q420"], "classifiers": ["keyword"]})
    run_id = project.run_of(execution)
    _wait_for(project, keys.run_record(run_id))
    count = len(project.bucket.read(keys.PASSAGES))
    pinned = Plan.load(project.bucket, run_id).inputs
    try:
        for key in (keys.PASSAGES, keys.EMBEDDINGS):
            project.bucket.write(key, b"another data set")
        assert project.wait(execution)["status"] == "SUCCEEDED"
    finally:
        for key in (keys.PASSAGES, keys.EMBEDDINGS):
            project.bucket.write(key, project.bucket.read(key, pinned[key].version_id))
    assert len(project.bucket.read(keys.PASSAGES)) == count
    ROWS.append(("all", "another data set in mid-run", "the pinned versions were read"))


def _wait_for(project: LocalProject, prefix: str) -> None:
    """Return when there is an object below `prefix`; fail where none comes."""
    deadline = time.monotonic() + 120
    while not list(project.bucket.keys(prefix)):
        assert time.monotonic() < deadline, f"nothing came below {prefix}"
