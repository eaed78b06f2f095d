"""How long each handler takes to import in a fresh interpreter, its client included."""

import os
import statistics
import subprocess
import sys
from pathlib import Path

from benchmarks.measure import Row

_ROOT = Path(__file__).parents[1]
_ZIP = ("plan_run", "record_result", "record_failure", "summarise_run")
_IMAGE = ("fetch_concept", "find_passages", "classify_passages", "publish_predictions")
_ENVIRONMENT = {
    "BUCKET": "vibes",
    "AWS_DEFAULT_REGION": "us-east-1",
    "POWERTOOLS_SERVICE_NAME": "bench",
    "SIMILARITY_THRESHOLD": "0.65",
    "MINIMUM_CANDIDATES": "1",
    "MAXIMUM_CANDIDATES": "2",
    "SHARD_SIZE": "3",
    "WIKIBASE_URL": "http://127.0.0.1",
    "WIKIBASE_PROPERTIES": "{}",
    "WIKIBASE_SECRET": "",
    "PYTHONPATH": os.pathsep.join([str(_ROOT), str(_ROOT / "layers/core/python")]),
}
_MOST = 0.35


def measure(rounds: int, quick: bool) -> list[Row]:
    """Seconds for each function."""
    rows = []
    for step in (*_ZIP, *_IMAGE):
        seconds = statistics.median(_import(step) for _ in range(max(3, rounds)))
        promise = (f"< {_MOST} s", seconds < _MOST) if step in _ZIP else ("", None)
        kind = "zip" if step in _ZIP else "image"
        rows.append(Row(f"Import, {kind} function", step, seconds, "s", None, *promise))
    return rows


def _import(step: str) -> float:
    code = (
        "import time; started = time.perf_counter(); "
        f"import functions.{step}.handler; print(time.perf_counter() - started)"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], env=_ENVIRONMENT, capture_output=True, text=True, check=True
    )
    return float(run.stdout)
