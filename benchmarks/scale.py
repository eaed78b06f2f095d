"""How the cost of a run grows with its concepts: `make bench-scale`, about ten minutes.

Runs of 10, 100 and 1,000 concepts through the whole state machine on the local AWS, over the first
passages of the demo, so that what is measured is the run itself and not its classifiers:

    seconds of the clock a concept    what people wait for, on this machine and beside its load
    seconds of CPU a concept          emulator and functions together; the load changes little of it
    memory                            the emulator with all its objects, and the largest function
"""

import copy
import json
import os
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.feather as feather

from local import demo
from local.project import LocalProject
from vibe_checker.keys import EMBEDDINGS, EMBEDDINGS_METADATA, PASSAGES, run_summary

_SIZES = (10, 100, 1_000)
_PASSAGES = 200
_FIRST = 10_000
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Measured:
    """One run: its concepts, and what each of them took; memory in MB."""

    concepts: int
    wall: float
    cpu: float
    emulator: float
    function: float


def main() -> None:
    """Measure each size, and print the table."""
    sizes = [int(argument) for argument in sys.argv[1:]] or list(_SIZES)
    with tempfile.TemporaryDirectory(prefix="scale-") as directory:
        data = Path(directory, "data")
        _write(data, max(sizes))
        with LocalProject(data, Path(directory, "aws")) as project:
            project.upload_inputs()
            _run(project, 4)  # so that every function has started once
            print("| concepts | s/concept | CPU s/concept | emulator MB | largest function MB |")
            print("| ---: | ---: | ---: | ---: | ---: |")
            for size in sizes:
                found = _run(project, size)
                print(
                    f"| {found.concepts:,} | {found.wall:.3f} | {found.cpu:.3f} "
                    f"| {found.emulator:.0f} | {found.function:.0f} |",
                    flush=True,
                )


def _write(data: Path, concepts: int) -> None:
    """The demo cut to a few passages, and copies of its concepts under so many ids."""
    source = demo.cached()
    (data / "wikibase").mkdir(parents=True)
    (data / "models").mkdir()
    (data / "models" / "embedders").symlink_to(source / "models" / "embedders")
    (data / "concepts.yml").write_text("- Q1\n")
    table = feather.read_table(source / PASSAGES).slice(0, _PASSAGES)
    feather.write_feather(table, str(data / PASSAGES))
    np.save(data / EMBEDDINGS, np.load(source / EMBEDDINGS)[:_PASSAGES])
    metadata = json.loads((source / EMBEDDINGS_METADATA).read_text())
    name = metadata["embedding_model_name"]
    (data / EMBEDDINGS_METADATA).write_text(json.dumps({"embedding_model_name": name}))
    items = [json.loads(path.read_text()) for path in sorted((source / "wikibase").glob("*.json"))]
    whole = [item for item in items if "labels" in item]
    for number in range(_FIRST, _FIRST + concepts):
        item: dict[str, Any] = copy.deepcopy(whole[number % len(whole)])
        item |= {"id": f"Q{number}", "title": f"Item:Q{number}", "claims": {}}
        (data / "wikibase" / f"Q{number}.json").write_text(json.dumps(item))


def _run(project: LocalProject, concepts: int) -> Measured:
    ids = [f"Q{number}" for number in range(_FIRST, _FIRST + concepts)]
    with _Watch() as watch:
        started = time.perf_counter()
        execution = project.start({"concept_ids": ids})
        ended = project.wait(execution, seconds=3_600)
        wall = time.perf_counter() - started
    if ended["status"] != "SUCCEEDED":
        raise RuntimeError(ended.get("cause"))
    summary = project.bucket.read_json(run_summary(project.run_of(execution)))
    assert summary["concepts"] == concepts and not summary["failed_concepts"]
    cpu = watch.cpu / concepts
    return Measured(concepts, wall / concepts, cpu, watch.emulator / 1e3, watch.function / 1e3)


class _Watch(threading.Thread):
    """Watches the processes below this one: CPU seconds, and the memory of the largest (kB)."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._seen: dict[int, float] = {}
        self._before: dict[int, float] = {}
        self.emulator = self.function = 0
        self._ending = threading.Event()

    @property
    def cpu(self) -> float:
        """Seconds of CPU since the start, those of processes that have ended included."""
        return sum(self._seen.values()) - sum(self._before.values())

    def __enter__(self) -> "_Watch":
        self._look()
        self._before = dict(self._seen)
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self.join()
        self._look()

    def run(self) -> None:
        while not self._ending.wait(0.5):
            self._look()

    def _look(self) -> None:
        for process, command in _below(os.getpid()).items():
            try:
                stat = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
                memory = _resident(process)
            except (FileNotFoundError, ProcessLookupError):
                continue
            self._seen[process] = (int(stat[11]) + int(stat[12])) / _TICKS
            if "awslambdaric" in command:
                self.function = max(self.function, memory)
            elif "ministack" in command:
                self.emulator = max(self.emulator, memory)


def _below(root: int) -> dict[int, str]:
    """The processes that descend from `root`, with their commands."""
    parents, commands = {}, {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(entry.name)] = int(
                (entry / "stat").read_text().rpartition(")")[2].split()[1]
            )
            commands[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
        except (FileNotFoundError, ProcessLookupError):
            continue
    found: dict[int, str] = {}
    level = {root}
    while level:
        level = {process for process, parent in parents.items() if parent in level}
        found |= {process: commands.get(process, "") for process in level}
    return found


def _resident(process: int) -> int:
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1])
    return 0


if __name__ == "__main__":
    main()
