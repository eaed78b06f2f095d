"""Bars for work that takes a while: on a terminal one that moves, elsewhere a line now and then."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from cli.output import note, size, stderr

# Lines in a log, where nobody sees a bar.
_SECONDS_BETWEEN_LINES = 30


@contextmanager
def counting(what: str, unit: str, total: int) -> Iterator[Callable[[int], None]]:
    """Yields a function that is told how many of `total` are done; shows rate and time left.

    The rate is that of this sitting: what an earlier one did, the first call tells.
    """
    began, first, shown = time.monotonic(), -1, 0.0
    with _bar(what, total) as show:

        def report(done: int) -> None:
            nonlocal first, shown
            first = done if first < 0 else first
            seconds = time.monotonic() - began
            rate = (done - first) / seconds if done > first else 0.0
            said = f"{done:,}/{total:,} {unit}"
            if rate:
                said += f", {rate:,.0f}/s, {_duration((total - done) / rate)} left"
            if show(done, said) is False and (
                done == total or seconds - shown > _SECONDS_BETWEEN_LINES
            ):
                shown = seconds
                note(f"{what}: {said}")

        yield report


@contextmanager
def sending(total: int) -> Iterator[Callable[[str, int], None]]:
    """Yields a function that is told of bytes sent, with the name of what they belong to.

    By several threads at once where a file goes in parts.
    """
    sent, current, one_at_a_time = 0, "", Lock()
    with _bar("uploading", total) as show:

        def report(name: str, count: int) -> None:
            nonlocal sent, current
            with one_at_a_time:
                sent += count
                if show(sent, f"{size(sent)} of {size(total)}") is False and name != current:
                    note(f"uploading {name}")
                current = name

        yield report


@contextmanager
def _bar(what: str, total: int) -> Iterator[Callable[[int, str], bool]]:
    """Yields a function that shows how much is done; it returns whether there was a bar."""
    console = stderr()
    if not console.is_terminal:
        yield lambda done, said: False
        return
    from rich.progress import BarColumn, Progress, TextColumn

    columns = [TextColumn("{task.description}"), BarColumn(None), TextColumn("{task.fields[said]}")]
    with Progress(*columns, console=console, expand=True) as progress:
        task = progress.add_task(what, total=total, said="")

        def show(done: int, said: str) -> bool:
            progress.update(task, completed=done, said=said)
            return True

        yield show


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"
