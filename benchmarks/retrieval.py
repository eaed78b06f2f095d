"""FindPassages at 1,000,000 × 384 float32: score every row, select the best."""

import os
import statistics
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import find
from benchmarks.data import unit_rows
from benchmarks.measure import Row, Task, chart, medians
from vibe_checker import retrieval

ROWS = 1_000_000
_DIMENSION = 384
_BYTES = ROWS * _DIMENSION * 4
_BEST = 100_000
# Read to see what the memory gives: larger than any cache.
_READ = 256 << 20


def measure(rounds: int, quick: bool) -> list[Row]:
    """Scoring, selection and memory, beside a full sort, faiss and usearch."""
    with TemporaryDirectory() as temporary:
        path = Path(temporary) / "embeddings.npy"
        _write(path)
        # Nothing may hold the file when it is to come from the disk again.
        return [*_measure_on(path, rounds), *find.measure_on(path)]


def _measure_on(path: Path, rounds: int) -> list[Row]:
    matrix = retrieval.open_matrix(path, ROWS)
    query = np.asarray(matrix[17]).copy()
    rows = [*_scoring(matrix, query, rounds), *_selection(matrix, query, rounds)]
    return [*rows, *_growth(matrix, query, rounds)]


def _write(path: Path) -> None:
    block = unit_rows(50_000, _DIMENSION)
    matrix = np.lib.format.open_memmap(path, "w+", np.float32, (ROWS, _DIMENSION))
    for start in range(0, ROWS, len(block)):
        # Rotated, so that no two rows are the same.
        matrix[start : start + len(block)] = np.roll(block, start // len(block), axis=1)
    matrix.flush()


def _scoring(matrix: retrieval.Floats, query: retrieval.Floats, rounds: int) -> list[Row]:
    tasks: dict[str, Task] = {
        "ours": lambda: retrieval.similarities(matrix, query),
        "read": _reader(),
    }
    runs = [medians(tasks, 1) for _ in range(3 * rounds)]
    # The best of each: what others take of the memory meanwhile is no property of either.
    best = {name: min(run[name].wall for run in runs) for name in tasks}
    typical = statistics.median(run["ours"].wall for run in runs)
    gigabytes, bandwidth = _BYTES / best["ours"] / 1e9, _READ / best["read"] / 1e9
    share = gigabytes / bandwidth
    what = f"Score {ROWS:,} × {_DIMENSION}"
    return [
        Row(what, "ours", 1000 * typical, "ms"),
        Row(what, f"ours, of the {bandwidth:.3g} GB/s that all cores read", 100 * share, "%",
            None, "≥ 65 %", share >= 0.65),
    ]  # fmt: skip


def _reader() -> Task:
    """Every core multiplies its part of a vector by itself, and waits for nothing but memory."""
    cores = os.cpu_count() or 1
    parts = np.array_split(np.ones(_READ // 4, np.float32), cores)

    def run() -> None:
        with threadpool_limits(1), ThreadPoolExecutor(cores) as pool:
            list(pool.map(lambda part: part @ part, parts))

    return run


def _selection(matrix: retrieval.Floats, query: retrieval.Floats, rounds: int) -> list[Row]:
    """Ours selects from scores; what searches by itself is set beside scoring and selection."""
    import faiss
    from usearch.index import MetricKind, search

    scores = retrieval.similarities(matrix, query)
    index = faiss.IndexFlatIP(_DIMENSION)
    index.add(matrix)
    queries = query[None, :]
    tasks: dict[str, Task] = {
        "select 10,000": lambda: retrieval.select(scores, 0.99, 10_000, _BEST),
        "select 100,000": lambda: retrieval.select(scores, -1, 10_000, _BEST),
        "np.argsort": lambda: np.argsort(-scores, kind="stable")[:_BEST],
        "ours": lambda: _found(matrix, query),
        "numpy @ and argsort": lambda: np.argsort(-(matrix @ query))[:_BEST],
        "faiss IndexFlatIP": lambda: index.search(queries, _BEST),
        "usearch, exact": lambda: search(
            matrix, query, 10_000, MetricKind.IP, exact=True, threads=os.cpu_count() or 1
        ),
    }
    found = {name: each.wall for name, each in medians(tasks, rounds).items()}
    what = f"Select from {ROWS:,} scores"
    rows = [
        Row(what, how, 1000 * found[name], "ms", found[name] / found["select 100,000"], *promise)
        for name, how, promise in (
            ("select 10,000", "ours, 10,000", ("< 25 ms", found["select 10,000"] < 0.025)),
            ("select 100,000", "ours, 100,000", ("< 25 ms", found["select 100,000"] < 0.025)),
            ("np.argsort", "np.argsort, all", ("", None)),
        )
    ]
    what = f"Score {ROWS:,} × {_DIMENSION} and select 100,000"
    rows += [
        Row(what, name, 1000 * found[name], "ms", found[name] / found["ours"])
        for name in ("ours", "numpy @ and argsort", "faiss IndexFlatIP")
    ]
    ratio = found["usearch, exact"] / found["ours"]
    return [*rows, Row(what, "usearch, exact, 10,000", 1000 * found["usearch, exact"], "ms", ratio)]


def _found(matrix: retrieval.Floats, query: retrieval.Floats) -> retrieval.Rows:
    return retrieval.select(retrieval.similarities(matrix, query), -1, 10_000, _BEST)


def _growth(matrix: retrieval.Floats, query: retrieval.Floats, rounds: int) -> list[Row]:
    points = {}
    for number in (10_000, 100_000, ROWS):
        part = matrix[:number]
        points[number] = medians({"ours": lambda p=part: _found(p, query)}, rounds)["ours"].wall  # type: ignore[misc]
    return [Row("Score and select, by passages", "ours", 0, "s", chart=chart(points))]
