"""Hostile input: whatever is given, a result comes or one of our own errors, soon."""

import multiprocessing
import resource
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from tests.vibe_checker.conftest import bucket
from vibe_checker.errors import VibeCheckerError

__all__ = ["bucket"]

# What is not done by then hangs; the longest of these tests' tasks takes a second.
_SECONDS = 120
# Room for the libraries, which reserve far more than they use, and none for a bomb.
_ADDRESS_SPACE = 8 << 30


def mutated(body: bytes) -> st.SearchStrategy[bytes]:
    """`body` with some bytes changed, a stretch cut out or repeated, or its end cut off."""
    place = st.integers(0, len(body) - 1)
    changes = st.lists(st.tuples(place, st.integers(0, 255)), min_size=1, max_size=6)

    def change(picked: list[tuple[int, int]]) -> bytes:
        spoilt = bytearray(body)
        for where, byte in picked:
            spoilt[where] = byte
        return bytes(spoilt)

    return st.one_of(
        changes.map(change),
        place.map(lambda end: body[:end]),
        st.tuples(place, place).map(lambda cut: body[: min(cut)] + body[max(cut) :]),
        st.tuples(place, place).map(lambda cut: body[: max(cut)] + body[min(cut) :]),
    )


def outcome(task: Callable[..., object], *arguments: Any) -> str:
    """ "result", or the error of our own that `task` ended in; any other error passes through."""
    try:
        task(*arguments)
    except VibeCheckerError as error:
        message = str(error)
        assert message and len(message) < 2_000, message[:300]
        return f"{type(error).__name__}: {message}"
    return "result"


class Sandbox:
    """A process of its own, of bounded memory: what is native code may die of hostile bytes."""

    def __init__(self) -> None:
        self._pool = _pool()

    def outcome(self, task: Callable[..., object], *arguments: Any) -> str:
        """As `outcome` above; fails where the process dies or is not done in time."""
        try:
            return self._pool.submit(outcome, task, *arguments).result(timeout=_SECONDS)
        except BrokenProcessPool:
            self._pool = _pool()
            pytest.fail(f"the process died of {_kept(arguments)}")

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    process = Sandbox()
    yield process
    process.close()


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that tests write to, one after the other."""
    return tmp_path_factory.mktemp("hostile") / "scratch"


def _pool() -> ProcessPoolExecutor:
    spawn = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, spawn, initializer=_limited)


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, _ADDRESS_SPACE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _kept(arguments: Any) -> str:
    files = [each for each in arguments if isinstance(each, Path) and each.is_file()]
    return ", ".join(f"{file} ({file.stat().st_size} bytes)" for file in files) or str(arguments)
