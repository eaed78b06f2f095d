"""One execution environment: a `python -m awslambdaric` that serves one invocation after another.

```
start ─▶ initialising ─▶ idle ⇄ running          any of them ─▶ ended (exit, error, time-out, stop)
```
"""

import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from .function import Function
from .runtime_api import Exited, Invocation, Ready, Report, RuntimeApi
from .settings import RuntimeSettings

LIFELINE = Path(__file__).parent.parent / "lifeline.py"
# Whoever waits for an answer hears from us this often, and memory is sampled as often.
HEARTBEAT_SECONDS = 0.5
Heartbeat = Callable[[], None]


class RuntimeProcess:
    """A function's process, its own Runtime API, and its private directory."""

    def __init__(self, function: Function, settings: RuntimeSettings) -> None:
        self.function = function
        self.settings = settings
        self.served = 0
        self.init_seconds = 0.0
        self.init_report: Report | None = None
        self.peak_memory_kb: int | None = None
        self._ended = threading.Event()
        self._output_read = 0
        self._home = settings.work / "processes" / uuid.uuid4().hex
        self._output = self._home.with_suffix(".log")
        self._api: RuntimeApi
        self._process: subprocess.Popen[bytes] | None = None

    def initialise(self, heartbeat: Heartbeat) -> None:
        """Start, and wait for the module to load: `Ready`, or why not, or None if it never ends."""
        started = time.monotonic()
        self._spawn()
        self.init_report = self._next_report(self.settings.init_seconds, heartbeat)
        self.init_seconds = time.monotonic() - started

    def invoke(self, request_id: str, event: bytes, heartbeat: Heartbeat) -> Report | None:
        """Run one invocation: its `Result`, or `Exited`, or None when its time is up."""
        self._sample_memory()
        deadline = time.time() + self.function.timeout
        self._api.invocations.put(Invocation(request_id, event, self.function.arn, deadline))
        report: Report | None = Ready()
        while isinstance(report, Ready):  # the `next` that followed the previous result
            report = self._next_report(deadline - time.time(), heartbeat)
        self._sample_memory()
        self.served += 1
        return report

    @property
    def alive(self) -> bool:
        return self._process is not None and not self._ended.is_set()

    def new_output(self) -> str:
        """What the process has printed since this was last asked."""
        with self._output.open("rb") as output:
            output.seek(self._output_read)
            text = output.read()
        self._output_read += len(text)
        return text.decode(errors="replace")

    def kill(self) -> None:
        """End the process and all it has started, and wait until its directory is gone."""
        if self._process and self.alive:
            _kill_group(self._process.pid)
            self._ended.wait()

    def remove(self) -> None:
        self.kill()
        self._output.unlink(missing_ok=True)

    def _spawn(self) -> None:
        function, settings = self.function, self.settings
        self._home.mkdir(parents=True)
        self._api = RuntimeApi()
        with self._output.open("wb") as output:
            process = subprocess.Popen(
                [sys.executable, LIFELINE, "awslambdaric", function.handler],
                cwd=function.task_root,
                env=function.environment(settings.host_environment, self._home, self._api.address),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
                pass_fds=[settings.roll_call],
            )
        self._process = process
        threading.Thread(target=self._bury, args=(process,), daemon=True).start()

    def _bury(self, process: "subprocess.Popen[bytes]") -> None:
        """Wait for the process's end, whatever its cause, and tidy up after it."""
        code = process.wait()
        _kill_group(process.pid)
        shutil.rmtree(self._home, ignore_errors=True)
        self._ended.set()
        self._api.reports.put(Exited(code))
        self._api.close()
        if process.stdin:
            process.stdin.close()

    def _next_report(self, seconds: float, heartbeat: Heartbeat) -> Report | None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                return self._api.reports.get(timeout=min(left, HEARTBEAT_SECONDS))
            except queue.Empty:
                self._sample_memory()
                heartbeat()
        return None

    def _sample_memory(self) -> None:
        """Note the peak resident set. Linux alone tells another process's; elsewhere: unknown."""
        if self._process:
            self.peak_memory_kb = _peak_memory_kb(self._process.pid) or self.peak_memory_kb


def _kill_group(pid: int) -> None:
    """End a process and what it has started; it leads a group of its own."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):  # macOS says the latter of a zombie's group
        pass


def _peak_memory_kb(pid: int) -> int | None:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    peak = re.search(r"VmHWM:\s*(\d+) kB", status)
    return int(peak[1]) if peak else None
