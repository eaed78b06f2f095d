"""How runs are shown: on their way, ended, failed, stopped, never begun."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.functions.web.conftest import Ask, publish_run
from vibe_checker.bucket import Bucket

RUN = "2026-01-31T10-00-00-runshown"
SUMMARY = {
    "status": "failed",
    "concepts": 2,
    "classifiers": 1,
    "passages": 60,
    "positives": 20,
    "failed_concepts": ["Q404"],
    "seconds": 65.0,
    "failures": [
        {
            "concept_id": "Q404",
            "class": "ConceptNotFound",
            "message": "Q404 is not in <the> Wikibase.",
        }
    ],
}


def begin(bucket: Bucket, hours_ago: float, **more: object) -> None:
    started = datetime.now(UTC) - timedelta(hours=hours_ago)
    record = {"trigger": "schedule", "started_at": started.isoformat(), "concept_count": 4}
    bucket.write_json(f"runs/{RUN}/run.json", {**record, **more})


@pytest.mark.parametrize(("hours_ago", "status"), [(0, "running"), (25, "unfinished")])
def test_a_run_without_an_end_goes_on_until_it_cannot_any_more(
    ask: Ask, bucket: Bucket, hours_ago: float, status: str
) -> None:
    publish_run(bucket, RUN)
    begin(bucket, hours_ago)
    page = ask(f"/runs/{RUN}").text
    assert f'<span class="status {status}">' in page
    assert ("data-running" in page) is (status == "running")
    assert "<strong>2</strong> of 4 concepts have ended" in page
    assert 'role="progressbar"' in page and 'aria-valuenow="50"' in page
    assert ask(f"/api/runs/{RUN}").json()["status"] == status


def test_an_ended_run_tells_counts_seconds_cost_and_reasons(ask: Ask, bucket: Bucket) -> None:
    publish_run(bucket, RUN, **SUMMARY)
    page = ask(f"/runs/{RUN}").text
    assert "1 min 5 s" in page
    assert "Estimated cost" in page and "&lt; $0.01" in page
    assert "<strong>ConceptNotFound</strong>: Q404 is not in &lt;the&gt; Wikibase." in page
    assert '">carbon tax</a> <span class="id">Q69</span>' in page
    assert 'href="../concepts/Q69/classifiers/aaaaaaaa"' in page
    assert "31 Jan 2026, 10:00 UTC" in page


def test_a_run_that_was_refused_says_why(ask: Ask, bucket: Bucket) -> None:
    error = {"class": "InvalidInput", "message": "concepts.yml: 'Q0' is no id"}
    begin(bucket, 0, error=error)
    bucket.client.delete_object(Bucket=bucket.name, Key=f"runs/{RUN}/summary.json")
    page = ask(f"/runs/{RUN}").text
    assert '<span class="status refused">' in page
    assert "concepts.yml: &#39;Q0&#39; is no id" in page


def test_the_newest_run_comes_first(ask: Ask, bucket: Bucket) -> None:
    publish_run(bucket, "2026-02-01T10-00-00-newerone", **SUMMARY)
    listed = [each["id"] for each in ask("/api/runs").json()["runs"]]
    assert listed == sorted(listed, reverse=True)
    assert listed[0] == "2026-02-01T10-00-00-newerone"
