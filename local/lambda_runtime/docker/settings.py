"""What the local AWS tells the runtime: one typed file, its path in one environment variable."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

VARIABLE = "LAMBDA_RUNTIME_SETTINGS"


@dataclass(frozen=True)
class RuntimeSettings:
    """Where things are, and how much may run at once.

    ```
    images/{tag}/root/       what an image's Dockerfile copies to /var/task
    images/{tag}/image.json  its ENV and CMD
    logs/{function}.log      START, output, END and REPORT of each invocation
    work/                    unpacked code and layers, a private directory per process
    ```
    """

    images: Path
    logs: Path
    work: Path
    concurrency: int
    """Invocations that run at once; more of them wait. Half a core each is about right."""
    processes: int
    """Warm processes kept at most, idle ones included: 50-65 MB each before any model is loaded."""
    parallel_inits: int
    """Cold starts at once. They are all CPU, so more than there are cores only slows each down."""
    init_seconds: float
    """How long one cold start may take. AWS gives 10 s; a busy laptop needs more."""
    host_environment: dict[str, str]
    """What every function process sees of the host: PATH, certificates."""
    roll_call: int
    """The write end of a pipe that every process inherits: end of file means all have ended."""

    def write(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self), default=str, indent=1))

    @classmethod
    def read(cls, path: Path) -> "RuntimeSettings":
        values: dict[str, Any] = json.loads(path.read_text())
        folders = {name: Path(values[name]) for name in ("images", "logs", "work")}
        return cls(**{**values, **folders})

    @classmethod
    def of_this_process(cls) -> "RuntimeSettings":
        return cls.read(Path(os.environ[VARIABLE]))
