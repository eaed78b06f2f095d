"""What a command says: results on stdout, all else on stderr, so that results can be piped."""

import json
import shutil
import sys
import textwrap
from typing import TYPE_CHECKING, TextIO

import typer

if TYPE_CHECKING:
    from rich.console import Console

# Characters: wider than any table, so that a pipe is given whole cells in whole lines.
_UNBOUNDED = 100_000
_UNITS = ("bytes", "kB", "MB", "GB")


def step(message: str) -> None:
    """Say what is done next. Written without rich, which takes a moment to load."""
    typer.echo(f"{typer.style('·', dim=True)} {message}", err=True)


def note(message: str) -> None:
    """Something that people want to know and scripts do not."""
    typer.echo(_wrapped(message), err=True)


def complain(message: str) -> None:
    """Say what went wrong."""
    typer.secho(_wrapped(message), fg="red", err=True)


def _wrapped(message: str) -> str:
    """Lines broken between words where a terminal would break them within."""
    if not sys.stderr.isatty():
        return message
    width = shutil.get_terminal_size().columns
    options = {"break_long_words": False, "break_on_hyphens": False, "replace_whitespace": False}
    return "\n".join(
        textwrap.fill(line, width, **options)  # type: ignore[arg-type]
        for line in message.split("\n")
    )


def show_json(value: object) -> None:
    """A result for scripts."""
    json.dump(value, sys.stdout, indent=2, ensure_ascii=False, default=str)
    sys.stdout.write("\n")


def stdout() -> "Console":
    """Where tables are drawn."""
    from rich.console import Console

    return Console(highlight=False, width=_width(sys.stdout))


def stderr() -> "Console":
    """Where progress is drawn."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, width=_width(sys.stderr))


def _width(stream: TextIO) -> int | None:
    return None if stream.isatty() else _UNBOUNDED


def counted(number: int, noun: str) -> str:
    """ "1 concept", "1,200 concepts"."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def size(count: float) -> str:
    """Bytes for people: "1.2 MB"."""
    power = sum(count >= 1000**power for power in (1, 2, 3))
    return f"{count / 1000**power:,.{1 if power else 0}f} {_UNITS[power]}"


def is_terminal() -> bool:
    """Whether somebody is there to answer a question."""
    return sys.stdin.isatty() and sys.stderr.isatty()
