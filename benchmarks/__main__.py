"""Run all measurements, or those named: `python -m benchmarks [--quick] [keyword heads ...]`."""

import argparse
import importlib
import json
import sys
from dataclasses import asdict
from pathlib import Path

from benchmarks.measure import Row, machine, table

_ALL = ("keyword", "sequence", "embedding", "heads", "retrieval", "imports")
_RESULTS = Path(__file__).parent / "results.json"


def main() -> None:
    """Print the table, and keep the numbers if all was measured."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds: within five minutes")
    parser.add_argument("only", nargs="*", choices=[*_ALL, []], help="which to run; all if none")
    asked = parser.parse_args()
    rows: list[Row] = []
    for name in asked.only or _ALL:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        measure = importlib.import_module(f"benchmarks.{name}").measure
        rows += measure(rounds=3 if asked.quick else 7, quick=asked.quick)
    on = machine()
    print(f"\n{on['cpu']}, {on['cores']} cores, Python {on['python']}\n\n{table(rows)}")
    if not asked.only:
        content = {"machine": on, "quick": asked.quick, "rows": [asdict(row) for row in rows]}
        _RESULTS.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
