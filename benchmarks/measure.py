"""Rounds in turn, medians, rows of a table, small charts."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

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


def measured(name: str, quick: bool) -> list[Row]:
    """The rows of the measurement in the module `name`."""
    rows: list[Row] = import_module(f"benchmarks.{name}").measure(3 if quick else 7, quick)
    return rows


class Seconds(NamedTuple):
    """How long a task takes by the clock on the wall, and how much of all cores together."""

    wall: float
    cpu: float


def medians(tasks: Mapping[str, Task], rounds: int) -> dict[str, Seconds]:
    """Median seconds of each task over `rounds`; every round runs each task once, in turn."""
    taken: dict[str, list[Seconds]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, task in tasks.items():
            wall, cpu = time.perf_counter(), time.process_time()
            task()
            taken[name].append(Seconds(time.perf_counter() - wall, time.process_time() - cpu))
    return {
        name: Seconds(*map(statistics.median, zip(*each, strict=True)))
        for name, each in taken.items()
    }


def chart(points: Mapping[int, float]) -> str:
    """How a cost grows: a bar for each point, its height by the cost, and first and last."""
    highest = max(points.values())
    bars = "".join(_BARS[round(value / highest * (len(_BARS) - 1))] for value in points.values())
    (first, low), (last, high) = list(points.items())[0], list(points.items())[-1]
    return f"`{bars}` {first:,}: {_short(low)} s → {last:,}: {_short(high)} s"


def report(results: Mapping[str, Any]) -> str:
    """The whole of results.json as Markdown: what was measured on, and the table."""
    on = results["machine"]
    how = f"`make bench{' QUICK=1' if results['quick'] else ''}`"
    where = f"{on['cpu']}, {on['cores']} cores, Python {on['python']}"
    load = f"load {on['load']:.1f} before it began"
    return f"{how} on {where}, {load}.\n\n{table([Row(**each) for each in results['rows']])}"


def table(rows: list[Row]) -> str:
    """The rows as Markdown."""
    lines = ["| What | How | Median | Against ours | Promised |", "|---|---|---:|---:|---|"]
    last = ""
    for row in rows:
        value = row.chart or f"{_short(row.value)} {row.unit}".strip()
        ratio = f"{row.ratio:.2f} ×" if row.ratio is not None else ""
        kept = "" if row.kept is None else ("✓ " if row.kept else "✗ ")
        what = "" if row.what == last else row.what
        lines.append(f"| {what} | {row.how} | {value} | {ratio} | {kept}{row.promise} |")
        last = row.what
    return "\n".join(lines)


def machine() -> dict[str, str | int | float]:
    """What is measured on, and how busy it is with other things."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return {
        "cpu": model,
        "cores": os.cpu_count() or 1,
        "python": platform.python_version(),
        "load": round(os.getloadavg()[0], 2),
    }


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
