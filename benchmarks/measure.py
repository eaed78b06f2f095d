"""Rounds in turn, medians, rows of a table, small charts."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

Task = Callable[[], object]
_BARS = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True)
class Row:
    """One measurement: `ratio` is how many times as long (or slow) as `ours`, 1 for ours.

    `promise` says what was promised of it and `kept` whether it was, "" and None where nothing.
    """

    what: str
    how: str
    value: float
    unit: str
    ratio: float | None = None
    promise: str = ""
    kept: bool | None = None
    chart: str = ""


def medians(
    tasks: Mapping[str, Task], rounds: int, clock: Callable[[], float] = time.perf_counter
) -> dict[str, float]:
    """Median seconds of each task over `rounds`; every round runs each task once, in turn."""
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, task in tasks.items():
            started = clock()
            task()
            seconds[name].append(clock() - started)
    return {name: statistics.median(each) for name, each in seconds.items()}


def chart(points: Mapping[int, float]) -> str:
    """How a cost grows: a bar for each point, its height by the cost, and first and last."""
    highest = max(points.values())
    bars = "".join(_BARS[round(value / highest * (len(_BARS) - 1))] for value in points.values())
    (first, low), (last, high) = list(points.items())[0], list(points.items())[-1]
    return f"`{bars}` {first:,}: {_short(low)} s → {last:,}: {_short(high)} s"


def table(rows: list[Row]) -> str:
    """The rows as Markdown."""
    lines = [
        "| What | How | Median | Against ours | Promised |",
        "|---|---|---:|---:|---|",
    ]
    for row in rows:
        value = row.chart or f"{_short(row.value)} {row.unit}"
        ratio = f"{row.ratio:.2f} ×" if row.ratio is not None else ""
        kept = "" if row.kept is None else ("✓ " if row.kept else "✗ ")
        lines.append(f"| {row.what} | {row.how} | {value} | {ratio} | {kept}{row.promise} |")
    return "\n".join(lines)


def machine() -> dict[str, str | int]:
    """What was measured on."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return {"cpu": model, "cores": os.cpu_count() or 1, "python": platform.python_version()}


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
