"""A run as it is shown while it goes on."""

from io import StringIO
from typing import Any

import pytest
from rich.console import Console

from cli import following, tables
from vibe_checker import keys
from vibe_checker.bucket import Bucket

RUN = "2026-01-02T03-04-05-abcdefgh"
# Square brackets are markup to the library that draws; names and messages come from elsewhere.
MESSAGE = "its labels are [/red] ['a'] and [bold]b"


@pytest.fixture
def a_run(bucket: Bucket) -> Bucket:
    """A run of two concepts, one of which has failed."""
    failed = {"class": "ConceptUnusable", "message": MESSAGE}
    bucket.write_json(keys.run_record(RUN), {"concept_count": 2})
    _result(bucket, "Q1", status="failed", classifiers=[], error=failed)
    _result(
        bucket,
        "Q2",
        status="succeeded",
        classifiers=[{"name": "keyword", "passages": 12_000, "positives": 3, "seconds": 1.5}],
    )
    return bucket


def _result(bucket: Bucket, concept_id: str, **result: Any) -> None:
    bucket.write_json(keys.run_result(RUN, concept_id), {"concept_id": concept_id, **result})


@pytest.mark.parametrize("terminal", [True, False])
def test_failures_are_told_in_their_own_words(a_run: Bucket, terminal: bool) -> None:
    out = StringIO()
    console = Console(file=out, force_terminal=terminal, width=200, color_system=None)
    run = following.follow(a_run, RUN, lambda: False, console)
    assert f"Q1: ConceptUnusable: {MESSAGE}" in out.getvalue()
    assert (run.passages, run.failed, run.concept_count) == (12_000, 1, 2)


@pytest.mark.parametrize("width", [80, 120])
def test_the_line_that_moves_fits_a_terminal(a_run: Bucket, width: int) -> None:
    out = StringIO()
    console = Console(file=out, force_terminal=True, width=width, color_system=None)
    following.follow(a_run, RUN, lambda: False, console)
    assert "2/2 concepts, 12,000 passages, 1 failed," in out.getvalue()


@pytest.mark.parametrize("width", [80, 120])
def test_figures_are_whole_however_long_a_label_is(width: int) -> None:
    out = StringIO()
    counts = {"passages": 100_000, "positives": 12_345, "seconds": 1234.5}
    result = {"concept_id": "Q1023", "classifiers": [{"name": "a-name-of-20-letters", **counts}]}
    label = "sustainable development goal 5: [gender] equality for all women and girls"
    table = tables.results([result], {"Q1023": label})
    Console(file=out, width=width).print(table)
    first = out.getvalue().splitlines()[1].split()
    assert first[-4:] == ["100,000", "12,345", "12.3%", "1234.5"]
    assert "[gender]" in out.getvalue()
