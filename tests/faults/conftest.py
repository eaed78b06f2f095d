"""Faults in a deployed project, and the table of what came of them."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest

from local.project import LocalProject
from vibe_checker.bucket import Bucket

# Far more than a sound invocation takes on a busy machine.
HANG_SECONDS = 20
INJECTED = Path(__file__).parent / "injected"
ROWS: list[tuple[str, str, str]] = []
"""(step, fault, what came of it) of every test that ran."""


@dataclass(frozen=True)
class Fault:
    """A call of a step's function that goes wrong: see injected/sitecustomize.py."""

    step: str
    kind: str
    operation: str = "PutObject"
    key: str = "/Q420/"
    when: str = "before"
    times: int = 1

    def __str__(self) -> str:
        what = _OPERATIONS.get(self.operation, self.operation)
        where = self.key.removeprefix("^").replace(".*", "…")
        often = "each time" if self.times > 1 else "once"
        return f"{_KINDS.get(self.kind, self.kind)} {self.when} {what} {where}, {often}"


_OPERATIONS = {"PutObject": "writing", "GetObject": "reading", "pwrite": "writing to /tmp"}
_KINDS = {"exit": "exits", "killed": "killed (as for want of memory)", "hang": "hangs"}
_KINDS |= {"out of memory": "no more memory"}


class Faults:
    """Injects faults into the functions of a project."""

    def __init__(self, project: LocalProject, directory: Path) -> None:
        self.project = project
        self._lambda = project.aws.client("lambda")
        self._directory = directory
        self._count = 0

    @contextmanager
    def injected(self, fault: Fault) -> Iterator[Path]:
        """The function of `fault.step` goes wrong while this lasts; a directory of its strikes."""
        name, before = self._function(fault.step)
        self._count += 1
        tokens = self._directory / str(self._count)
        tokens.mkdir()
        spec = {**asdict(fault), "tokens": str(tokens)}
        faulty = {**before["variables"], "PYTHONPATH": str(INJECTED), "FAULT": json.dumps(spec)}
        timeout = HANG_SECONDS if fault.kind == "hang" else before["timeout"]
        self._configure(name, faulty, timeout)
        try:
            yield tokens
        finally:
            self._configure(name, before["variables"], before["timeout"])

    def _function(self, step: str) -> tuple[str, dict[str, Any]]:
        for function in self._lambda.list_functions()["Functions"]:
            variables = function["Environment"]["Variables"]
            if variables["POWERTOOLS_SERVICE_NAME"] == step:
                return function["FunctionName"], {
                    "variables": variables,
                    "timeout": function["Timeout"],
                }
        raise LookupError(step)

    def _configure(self, name: str, variables: dict[str, str], timeout: int) -> None:
        self._lambda.update_function_configuration(
            FunctionName=name, Environment={"Variables": variables}, Timeout=timeout
        )


@pytest.fixture(scope="session")
def faults(
    project: LocalProject, demo_run: str, tmp_path_factory: pytest.TempPathFactory
) -> Faults:
    """Faults in the project of the session, whose demo run is finished."""
    return Faults(project, tmp_path_factory.mktemp("faults"))


class Reader(threading.Thread):
    """Reads as our readers do, again and again, and notes whatever does not fit together."""

    def __init__(self, project: LocalProject, concept_id: str) -> None:
        super().__init__(daemon=True)
        self.rounds = 0
        self.broken: list[str] = []
        self._bucket = project.bucket
        self._concept_id = concept_id
        self._ending = threading.Event()

    def __enter__(self) -> "Reader":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self.join()
        self._look()

    def run(self) -> None:
        while not self._ending.wait(0.05):
            self._look()

    def _look(self) -> None:
        for key in self._bucket.keys(f"{self._concept_id}/"):
            if key.endswith("/classifier.json"):
                trouble = check(self._bucket, key)
                if trouble:
                    self.broken.append(trouble)
        self.rounds += 1


def published(project: LocalProject) -> dict[str, bytes]:
    """The predictions of the two concepts that these tests run, as readers are led to them."""
    found = {}
    for concept in ("Q69", "Q420"):
        for key in project.bucket.keys(f"{concept}/"):
            if key.endswith("/classifier.json"):
                name = key.replace("classifier.json", "predictions.jsonl")
                version = project.bucket.read_json(key)["versions"]["predictions.jsonl"]
                found[name] = project.bucket.read(name, version)
    return found


@pytest.fixture(scope="session")
def before(project: LocalProject, demo_run: str) -> dict[str, bytes]:
    """What the demo's run published for them: every later run must give the very same bytes."""
    return published(project)


def check(bucket: Bucket, key: str) -> str:
    """What does not fit together in what a classifier.json commits to; "" if all does."""
    record = bucket.read_json(key)
    prefix = key.removesuffix("classifier.json")
    lines = bucket.read(prefix + "predictions.jsonl", record["versions"]["predictions.jsonl"])
    concept = bucket.read_json(prefix + "concept.json", record["versions"]["concept.json"])
    count = lines.count(b"\n")
    if count != record["counts"]["passages"]:
        return f"{key} counts {record['counts']['passages']}, has {count} lines"
    if concept["wikibase_id"] != key.split("/")[0]:
        return f"{key} has the concept {concept['wikibase_id']}"
    return ""


@pytest.fixture
def reader(project: LocalProject, demo_run: str) -> Iterator[Reader]:
    """A reader of Q420 for as long as a test lasts, which never sees a mix."""
    with Reader(project, "Q420") as reading:
        yield reading
    assert reading.rounds and not reading.broken, reading.broken


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print what each fault came to, as a Markdown table."""
    if ROWS:
        terminalreporter.write_sep("-", "faults")
        terminalreporter.write_line("| step | fault | what came of it |")
        terminalreporter.write_line("| --- | --- | --- |")
        for step, fault, outcome in ROWS:
            terminalreporter.write_line(f"| {step} | {fault} | {outcome} |")
