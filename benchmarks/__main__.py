"""Run all measurements, or those named: `python -m benchmarks [--quick] [keyword heads ...]`."""

import argparse
import json
import os
import sys
import time
import traceback
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.measure import Row, machine, measured, report

_ALL = ("imports", "retrieval", "keyword", "heads", "sequence", "embedding", "web")
_RESULTS = Path(__file__).parent / "results.json"
README = Path(__file__).parents[1] / "README.md"
BEGIN, END = "<!-- make bench writes what follows -->", "<!-- make bench wrote that -->"


def main() -> None:
    """Print the table; if all was measured, keep it in results.json and the README."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds: within five minutes")
    parser.add_argument("only", nargs="*", choices=[*_ALL, []], help="which to run; all if none")
    asked = parser.parse_args()
    on, cores = machine(), os.cpu_count() or 1
    if os.getloadavg()[0] > cores / 2:
        _say(f"The machine is busy (load {on['load']}): times will be worse, ratios shakier.")
    names = asked.only or _ALL
    found = {name: _measured(name, asked.quick) for name in names}
    rows = [asdict(row) for each in found.values() for row in each or []]
    results = {"machine": on, "quick": asked.quick, "rows": rows}
    print(f"\n{report(results)}\n")
    failed = [name for name, each in found.items() if each is None]
    if failed:
        sys.exit(f"Not measured, so nothing is kept: {', '.join(failed)}. What broke stands above.")
    if not asked.only:
        keep(results)


def _measured(name: str, quick: bool) -> list[Row] | None:
    """The rows of one measurement, made in a process of its own; None if it breaks."""
    _say(f"measuring {name} ...")
    started = time.perf_counter()
    try:
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            rows = pool.submit(measured, name, quick).result()
    except Exception:
        traceback.print_exc()
        return None
    _say(f"measuring {name} took {time.perf_counter() - started:.0f} s")
    return rows


def keep(results: dict[str, Any]) -> None:
    """Write results.json, and the same as a table into the README."""
    _RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    before, rest = README.read_text().split(BEGIN)
    _, behind = rest.split(END)
    README.write_text(f"{before}{BEGIN}\n{report(results)}\n{END}{behind}")
    _say(f"kept in {_RESULTS.name} and {README.name}")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
