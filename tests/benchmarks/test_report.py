import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import __main__ as bench
from benchmarks.measure import Row, chart, medians, report, table

RESULTS = json.loads(Path(bench.__file__).with_name("results.json").read_text())


def test_the_readme_shows_what_results_json_holds():
    shown = bench.README.read_text().partition(bench.BEGIN)[2].partition(bench.END)[0]

    assert shown == f"\n{report(RESULTS)}\n"


def test_every_measurement_and_every_promise_is_in_results_json():
    names = {row["what"].split(",")[0].split(" ")[0] for row in RESULTS["rows"]}

    assert {"Import", "Score", "Select", "Keywords", "Embedding", "Sequence", "Page"} <= names
    promised = [row for row in RESULTS["rows"] if row["promise"]]
    assert len(promised) > 12 and all(row["kept"] in (True, False) for row in promised)
    assert all(math.isfinite(row["value"]) for row in RESULTS["rows"])


def test_keeping_changes_the_table_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "README.md").write_text(f"before\n{bench.BEGIN}\n{bench.END}\nbehind\n")
    monkeypatch.setattr(bench, "README", tmp_path / "README.md")
    monkeypatch.setattr(bench, "_RESULTS", tmp_path / "results.json")

    for _ in range(2):
        bench.keep(RESULTS)

    assert json.loads((tmp_path / "results.json").read_text()) == RESULTS
    assert (tmp_path / "README.md").read_text() == (
        f"before\n{bench.BEGIN}\n{report(RESULTS)}\n{bench.END}\nbehind\n"
    )


def test_what_breaks_is_said_and_the_rest_measured():
    assert bench._measured("no_such_measurement", quick=True) is None


def test_a_row_says_whether_a_promise_is_kept():
    rows = [Row("A", "ours", 0.1234, "s", 1, "≤ 1 s", True), Row("A", "theirs", 1234, "s", 2.5)]

    assert table(rows).splitlines()[2:] == [
        "| A | ours | 0.123 s | 1.00 × | ✓ ≤ 1 s |",
        "|  | theirs | 1,234 s | 2.50 × |  |",
    ]


def test_a_chart_rises_with_the_cost():
    assert chart({1: 1, 10: 4, 100: 8}) == "`▂▅█` 1: 1 s → 100: 8 s"


def test_what_is_compared_runs_in_turn():
    ran: list[str] = []
    tasks: dict[str, Callable[[], Any]] = {name: lambda n=name: ran.append(n) for name in "ab"}

    found = medians(tasks, 3)

    assert "".join(ran) == "ababab" and set(found) == {"a", "b"}
