"""One execution environment: a `python -m awslambdaric` that serves one invocation after another.

```
start ─▶ initialising ─▶ idle ⇄ running          any of them ─▶ ended (exit, error, time-out, stop)
```
"""

import os
import queue
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
        self._home.mkdir(parents=True)
        self._output = self._home.with_suffix(".log")
        self._api = RuntimeApi()
        self._process = self._spawn()
        threading.Thread(target=self._bury, daemon=True).start()

    def initialise(self, heartbeat: Heartbeat) -> None:
        """Wait for the handler's module: `Ready`, or why not, or None if it takes too long."""
        started = time.monotonic()
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
        return not self._ended.is_set()

    def new_output(self) -> str:
        """What the process has printed since this was last asked."""
        with self._output.open("rb") as output:
            output.seek(self._output_read)
            text = output.read()
        self._output_read += len(text)
        return text.decode(errors="replace")

    def kill(self) -> None:
        """End the process and all it has started, and wait until its directory is gone."""
        if self.alive:
            self._kill_group()
            self._ended.wait()

    def remove(self) -> None:
        self.kill()
        self._output.unlink(missing_ok=True)

    def _spawn(self) -> "subprocess.Popen[bytes]":
        function, settings = self.function, self.settings
        with self._output.open("wb") as output:
            return subprocess.Popen(
                [sys.executable, LIFELINE, "awslambdaric", function.handler],
                cwd=function.task_root,
                env=function.environment(settings.host_environment, self._home, self._api.address),
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                start_new_session=True,
                pass_fds=[settings.roll_call],
            )

    def _bury(self) -> None:
        """Wait for the process's end, whatever its cause, and tidy up after it."""
        code = self._process.wait()
        self._kill_group()
        shutil.rmtree(self._home, ignore_errors=True)
        self._ended.set()
        self._api.reports.put(Exited(code))
        self._api.close()
        if self._process.stdin:
            self._process.stdin.close()

    def _kill_group(self) -> None:
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # macOS says the latter of a zombie's group
            pass

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
        try:
            status = Path(f"/proc/{self._process.pid}/status").read_text()
        except OSError:
            return
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                self.peak_memory_kb = int(line.split()[1])
