"""Show a run while it goes on."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from vibe_checker.bucket import Bucket
from vibe_checker.runs import progress as runs

# Nothing is pushed to those who look on. A look costs one request for each thousand concepts, so
# a run of hours is looked at less often than one of seconds.
_POLL_SECONDS = (0.5, 5.0)
_PATIENCE = 60


def follow(
    bucket: Bucket, run_id: str, running: Callable[[], bool], console: Console
) -> runs.Progress:
    """Show concepts, passages and failures of a run until `running` says that it has ended.

    On a terminal a line that moves, with failures above it as they happen; elsewhere a line for
    each concept. Returns the run as it was last seen.
    """
    run = runs.Progress(bucket, run_id)
    began = time.monotonic()
    with _shown(run, console) as show:
        while running():
            show(run.update())
            shortest, longest = _POLL_SECONDS
            elapsed = time.monotonic() - began
            time.sleep(min(longest, max(shortest, elapsed / _PATIENCE)))
        show(run.update())
    return run


@contextmanager
def _shown(
    run: runs.Progress, console: Console
) -> Iterator[Callable[[list[dict[str, Any]]], None]]:
    if not console.is_terminal:
        yield lambda fresh: _print_lines(console, run, fresh)
        return
    with Progress(
        # The bar takes what the words leave, on a narrow terminal too.
        BarColumn(bar_width=None),
        MofNCompleteColumn(),
        TextColumn("concepts, {task.fields[passages]:,} passages, {task.fields[failed]} failed,"),
        TimeElapsedColumn(),
        TextColumn("gone,"),
        TimeRemainingColumn(compact=True),
        TextColumn("left"),
        console=console,
        expand=True,
    ) as progress:
        bar = progress.add_task("running", total=None, passages=0, failed=0)
        progress.tasks[0].start_time = progress.get_time() - _age(run.run_id)

        def show(fresh: list[dict[str, Any]]) -> None:
            for failure in (f for result in fresh for f in failures(result)):
                progress.console.print(Text.assemble(("failed", "red"), " ", failure))
            progress.update(
                bar,
                total=run.concept_count,
                completed=len(run.results),
                passages=run.passages,
                failed=run.failed,
            )

        yield show


def _age(run_id: str) -> float:
    """Seconds since a run began, which the beginning of its id says."""
    began = datetime.strptime(run_id[:19], "%Y-%m-%dT%H-%M-%S").replace(tzinfo=UTC)
    return max(0.0, (datetime.now(UTC) - began).total_seconds())


def _print_lines(console: Console, run: runs.Progress, fresh: list[dict[str, Any]]) -> None:
    for result in fresh:
        console.print(_line(run, result), soft_wrap=True, markup=False)


def _line(run: runs.Progress, result: dict[str, Any]) -> str:
    done = f"{len(run.results)}/{run.concept_count}"
    found = sum(c.get("passages", 0) for c in result["classifiers"])
    line = f"{result['concept_id']} {result['status']} ({found:,} passages, {done} concepts)"
    return "\n".join([line, *(f"  {failure}" for failure in failures(result))])


def failures(result: dict[str, Any]) -> Iterator[str]:
    """One line for each thing that failed in a concept's result."""
    if "error" in result:
        yield f"{result['concept_id']}: {result['error']['class']}: {result['error']['message']}"
    for classifier in result["classifiers"]:
        if "error" in classifier:
            name = f"{result['concept_id']} ({classifier['name']})"
            yield f"{name}: {classifier['error']['class']}: {classifier['error']['message']}"
