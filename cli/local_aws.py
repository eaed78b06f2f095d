"""Find the local AWS that runs on this machine.

Whoever starts one announces it: a file for each in the user's cache directory, which says what
points AWS's tools at it and which process it lives in.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from cli.errors import Unreachable


def _directory() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "vibe-checker" / "local-aws"


@contextmanager
def announced(environment: Mapping[str, str]) -> Iterator[None]:
    """Let `--local` find the local AWS of this process while the block runs.

    `environment` holds the AWS_... variables that point AWS's tools at it.
    """
    path = _directory() / f"{os.getpid()}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(dict(environment)), encoding="utf-8")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def find() -> dict[str, str]:
    """The environment of the local AWS that was started last; Unreachable where none runs."""
    newest_first = sorted(
        _directory().glob("*.json"), key=lambda path: path.stat().st_mtime, reverse=True
    )
    for path in newest_first:
        if _runs(int(path.stem)):
            environment: dict[str, str] = json.loads(path.read_bytes())
            return environment
        path.unlink(missing_ok=True)
    raise Unreachable(
        "No local AWS runs on this machine. Start one with `make demo` in another terminal."
    )


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # somebody else's
        return True
    return True
