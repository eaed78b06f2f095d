"""Which process runs which invocation.

MiniStack makes a container for each concurrent invocation, as AWS does; a laptop cannot. So its
containers are only names here, and the processes are kept in this pool: `concurrency` invocations
run, the rest wait their turn without using up their own time-out; a process that is free serves
the next invocation of its function, whichever container that came by.

A function that waits for another function's answer holds its turn meanwhile: `concurrency` of
them waiting at once would wait until their time-outs.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .function import Function
from .process import HEARTBEAT_SECONDS, Heartbeat, RuntimeProcess
from .settings import RuntimeSettings


class ProcessPool:
    """Warm processes by function, and the right to run."""

    def __init__(self, settings: RuntimeSettings) -> None:
        self._settings = settings
        self._turns = threading.Semaphore(settings.concurrency)
        self._inits = threading.Semaphore(settings.parallel_inits)
        self._lock = threading.Lock()
        self._idle: list[RuntimeProcess] = []
        self._busy = 0

    @contextmanager
    def lease(self, function: Function, heartbeat: Heartbeat) -> Iterator[RuntimeProcess]:
        """A process of this function, warm if one is free; `heartbeat` is called while waiting."""
        with _held(self._turns, heartbeat):
            process = self._take(function) or self._add(function)
            try:
                if process.init_report is None:
                    self._initialise(process, heartbeat)
                yield process
            except BaseException:
                process.kill()
                raise
            finally:
                self._give_back(process)

    def retire(self, function: Function) -> None:
        """End the idle processes of a function that was changed or deleted."""
        with self._lock:
            retired = [p for p in self._idle if p.function.key == function.key]
            self._idle = [p for p in self._idle if p not in retired]
        for process in retired:
            process.remove()

    def _take(self, function: Function) -> RuntimeProcess | None:
        with self._lock:
            for process in reversed(self._idle):
                if process.function.key == function.key and process.alive:
                    self._idle.remove(process)
                    self._busy += 1
                    return process
        return None

    def _add(self, function: Function) -> RuntimeProcess:
        """A new process in the place of the one longest idle, where all places are taken."""
        with self._lock:
            self._busy += 1
            surplus = max(0, len(self._idle) + self._busy - self._settings.processes)
            evicted, self._idle = self._idle[:surplus], self._idle[surplus:]
        for process in evicted:
            process.remove()
        return RuntimeProcess(function, self._settings)

    def _initialise(self, process: RuntimeProcess, heartbeat: Heartbeat) -> None:
        with _held(self._inits, heartbeat):
            process.initialise(heartbeat)

    def _give_back(self, process: RuntimeProcess) -> None:
        with self._lock:
            self._busy -= 1
            if process.alive:
                self._idle.append(process)
                return
        process.remove()


@contextmanager
def _held(semaphore: threading.Semaphore, heartbeat: Heartbeat) -> Iterator[None]:
    while not semaphore.acquire(timeout=HEARTBEAT_SECONDS):
        heartbeat()
    try:
        yield
    finally:
        semaphore.release()
