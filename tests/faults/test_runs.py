"""What may happen to runs as wholes, and what stands beside them."""

import io
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pytest

from local.project import LocalProject
from local.wikibase import LocalWikibase, busy, dead, failing, html, lagging
from tests.faults.conftest import ROWS, Fault, Faults, Reader, published
from vibe_checker import keys
from vibe_checker.bucket import Bucket
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
@pytest.mark.parametrize(
    ("trouble", "name"),
    [
        (failing(502), "502"),
        (html(), "HTML"),
        (busy(3_600), "429, Retry-After an hour"),
        (lagging(900.0, retry_after=3_600), "lags, Retry-After an hour"),
    ],
)
def test_a_wikibase_in_trouble_for_good_is_named_for_each_concept(
    project: LocalProject, wikibase: LocalWikibase, trouble: Any, name: str, reader: Reader
) -> None:
    wikibase.answer_with(trouble)
    ended = project.wait(project.start(BOTH))
    assert ended["status"] == "FAILED"
    assert "Q69: WikibaseUnavailable" in ended["cause"]
    assert "Q420: WikibaseUnavailable" in ended["cause"]
    ROWS.append(("FetchConcept", f"Wikibase: {name} for good", "named, nothing published"))


def test_a_wikibase_that_says_when_to_come_back_is_left_alone_until_then(
    project: LocalProject, wikibase: LocalWikibase
) -> None:
    asked: list[float] = []

    def busy_once(parameters: Any) -> Any:
        asked.append(time.monotonic())
        return busy(3)(parameters) if len(asked) == 1 else None

    wikibase.answer_with(busy_once)
    ended = project.wait(project.start({"concept_ids": ["Q420"], "classifiers": ["keyword"]}))
    assert ended["status"] == "SUCCEEDED", ended.get("cause")
    assert asked[1] - asked[0] >= 3
    ROWS.append(("FetchConcept", "Wikibase: 429, Retry-After 3", "left alone for 3 s, succeeded"))


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
    project: LocalProject, reader: Reader, before: dict[str, bytes]
) -> None:
    executions = [project.start(BOTH) for _ in range(2)]
    assert [project.wait(each)["status"] for each in executions] == ["SUCCEEDED"] * 2
    assert published(project) == before
    ROWS.append(("all", "two runs of a concept at once", "both succeeded, the same bytes"))


def test_a_run_stopped_by_hand_and_started_again_publishes_everything(
    project: LocalProject, reader: Reader, before: dict[str, bytes]
) -> None:
    machine = project.aws.client("stepfunctions")
    execution = project.start(BOTH)
    _wait_for(project, f"runs/{project.run_of(execution)}/work/")
    machine.stop_execution(executionArn=execution)
    assert project.describe(execution)["status"] == "ABORTED"
    assert project.wait(project.start(BOTH))["status"] == "SUCCEEDED"
    assert published(project) == before
    ROWS.append(("all", "stopped by hand, started again", "succeeded, the same bytes"))


def test_a_data_set_uploaded_in_mid_run_is_not_mixed_in(
    project: LocalProject, reader: Reader, before: dict[str, bytes]
) -> None:
    execution = project.start({"concept_ids": ["Q420"], "classifiers": ["keyword"]})
    run_id = project.run_of(execution)
    _wait_for(project, keys.run_record(run_id))
    pinned = Plan.load(project.bucket, run_id).inputs
    try:
        for key in (keys.PASSAGES, keys.EMBEDDINGS):
            project.bucket.write(key, b"another data set")
        assert project.wait(execution)["status"] == "SUCCEEDED"
    finally:
        for key in (keys.PASSAGES, keys.EMBEDDINGS):
            project.bucket.write(key, project.bucket.read(key, pinned[key].version_id))
    assert published(project) == before
    ROWS.append(("all", "another data set in mid-run", "the pinned versions were read"))


def test_a_set_made_of_other_data_that_breaks_off_leaves_the_old_one_whole(
    faults: Faults, reader: Reader, before: dict[str, bytes]
) -> None:
    bucket = faults.project.bucket
    metadata = bucket.read_json(keys.EMBEDDINGS_METADATA)
    whole = {key: bucket.read(key) for key in (keys.PASSAGES, keys.EMBEDDINGS)}
    given = {"concept_ids": ["Q420"], "classifiers": ["keyword"]}
    try:
        _upload_half(bucket, metadata)
        fault = Fault("PublishPredictions", "killed", key="^Q420/.*concept", when="after", times=99)
        with faults.injected(fault):
            assert faults.project.wait(faults.project.start(given))["status"] == "FAILED"
        assert published(faults.project) == before
        assert faults.project.wait(faults.project.start(given))["status"] == "SUCCEEDED"
        after = published(faults.project)
        changed = [key for key in before if after[key] != before[key]]
        assert len(changed) == 1 and changed[0].startswith("Q420/")
    finally:
        for key, body in whole.items():
            bucket.write(key, body)
        bucket.write_json(keys.EMBEDDINGS_METADATA, metadata)
    assert faults.project.wait(faults.project.start(given))["status"] == "SUCCEEDED"
    assert published(faults.project) == before
    ROWS.append(("PublishPredictions", f"other data; {fault}", "the old set whole, then the new"))


def _upload_half(bucket: Bucket, metadata: dict[str, Any]) -> None:
    """Every second passage of the data set in the bucket, with its embeddings."""
    table = feather.read_table(pa.BufferReader(bucket.read(keys.PASSAGES)))
    kept = np.arange(0, table.num_rows, 2)
    passages, embeddings = io.BytesIO(), io.BytesIO()
    feather.write_feather(table.take(kept), passages)
    np.save(embeddings, np.load(io.BytesIO(bucket.read(keys.EMBEDDINGS)))[kept])
    bucket.write(keys.PASSAGES, passages.getvalue())
    bucket.write(keys.EMBEDDINGS, embeddings.getvalue())
    fewer = {key: value for key, value in metadata.items() if key != "files"}
    bucket.write_json(keys.EMBEDDINGS_METADATA, {**fewer, "passages_count": len(kept)})


def _wait_for(project: LocalProject, prefix: str) -> None:
    """Return when there is an object below `prefix`; fail where none comes."""
    deadline = time.monotonic() + 120
    while not list(project.bucket.keys(prefix)):
        assert time.monotonic() < deadline, f"nothing came below {prefix}"
