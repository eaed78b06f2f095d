"""Nothing of the local AWS outlives the program that started it, however that program ends."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.aws import LocalAws
from local.emulator import EmulatorError
from tests.local.conftest import Invoke
from tests.local.toy import HANDLER, Assembly
from tests.local.waiting import Gate, eventually, runs

PROGRAM = """
import json, sys, threading
from pathlib import Path
from local.aws import LocalAws

with LocalAws(Path(sys.argv[1])) as aws:
    aws.deploy(Path(sys.argv[2]), "Toy")
    client = aws.client("lambda")
    answer = client.invoke(FunctionName="idle", Payload="{}")
    print(answer["Payload"].read().decode(), flush=True)
    client.invoke(FunctionName="busy", Payload=sys.argv[3])
"""


@dataclass
class Program:
    """A program with a local AWS, one function idle, one in the middle of an invocation."""

    process: "subprocess.Popen[bytes]"
    emulator: int
    functions: list[int]
    child: int

    def gone(self) -> bool:
        return not any(map(runs, [self.emulator, *self.functions, self.child]))


@contextmanager
def program(folder: Path) -> Iterator[Program]:
    assembly = Assembly(folder / "cdk.out")
    for name in ("idle", "busy"):
        assembly.zip_function(name.title(), {"handler.py": HANDLER}, FunctionName=name)
    with Gate() as gate:
        event = json.dumps({"do": "meet", "port": gate.port, "child": True})
        arguments = [str(folder / "aws"), str(assembly.write()), event]
        with subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        ) as process:
            assert process.stdout
            idle = json.loads(process.stdout.readline())
            with gate.arrival() as visitor:
                child = int(visitor.recv(16))
                busy = _parent(child)
                functions = [idle["pid"], busy]
                try:
                    yield Program(process, idle["emulator"], functions, child)
                finally:
                    process.kill()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_is_left_when_the_program_is_ended(tmp_path: Path, how: signal.Signals) -> None:
    with program(tmp_path) as running:
        assert not running.gone()

        running.process.send_signal(how)

        running.process.wait()
        assert eventually(running.gone)


def test_nothing_is_left_when_the_emulator_is_killed(tmp_path: Path) -> None:
    with program(tmp_path) as running:
        os.kill(running.emulator, signal.SIGKILL)

        assert eventually(running.gone)


def test_stopping_ends_all_and_leaves_only_logs(tmp_path: Path) -> None:
    assembly = Assembly(tmp_path / "cdk.out")
    assembly.zip_function("F", {"handler.py": HANDLER}, FunctionName="f")
    with LocalAws(tmp_path / "aws") as aws:
        aws.deploy(assembly.write(), "Toy")
        answer = aws.client("lambda").invoke(FunctionName="f")
        pids = json.loads(answer["Payload"].read())

    assert not runs(pids["pid"])
    assert not runs(pids["emulator"])
    left = sorted(path.name for path in (tmp_path / "aws").iterdir())
    assert left == ["emulator.log", "lock", "logs"]


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="asks Linux who listens where")
def test_the_emulator_listens_on_this_machine_alone(invoke: Invoke) -> None:
    emulator = invoke("Zipped").payload["emulator"]

    assert set(_listening(emulator)) == {"127.0.0.1"}


def test_a_state_directory_serves_one_local_aws_at_a_time(tmp_path: Path) -> None:
    with LocalAws(tmp_path):
        with pytest.raises(EmulatorError, match=f"another local AWS is running in {tmp_path}"):
            LocalAws(tmp_path).start()


def test_an_emulator_that_does_not_start_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setattr("local.emulator._free_port", lambda: taken.getsockname()[1])
        with pytest.raises(EmulatorError, match="did not start .*emulator.log"):
            LocalAws(tmp_path).start()


def _parent(pid: int) -> int:
    output = subprocess.check_output(["ps", "-o", "ppid=", "-p", str(pid)])
    return int(output)


def _listening(pid: int) -> list[str]:
    """The addresses at which a process listens, from Linux's own table of sockets."""
    links = [os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()]
    inodes = {link.removeprefix("socket:[").removesuffix("]") for link in links}
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
    ]
    listening = "0A"
    hexadecimal = [
        row[1].partition(":")[0] for row in rows if row[3] == listening and row[9] in inodes
    ]
    return [socket.inet_ntoa(bytes.fromhex(address)[::-1]) for address in hexadecimal]
