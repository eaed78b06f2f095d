"""What a Lambda image would hold, from its Dockerfile, without building it.

Of a Dockerfile on AWS's Python base image this follows what decides the content of /var/task:
COPY, ENV and CMD. FROM and RUN are the base image and the third-party packages, for which the
running virtual environment stands in. A COPY to anywhere else feeds a RUN, and is left out.
"""

import glob
import json
import re
import shlex
import shutil
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

TASK_ROOT = "/var/task"


class DockerfileError(Exception):
    """The Dockerfile asks for something that only a Docker engine can do."""


@dataclass(frozen=True)
class Copy:
    """One COPY: sources relative to the build context, and an absolute destination."""

    sources: list[str]
    destination: str


@dataclass
class Dockerfile:
    """What a Dockerfile puts into /var/task and how it is started."""

    copies: list[Copy] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    command: list[str] = field(default_factory=list)

    @classmethod
    def parse(cls, text: str) -> "Dockerfile":
        dockerfile = cls()
        for instruction, arguments in _instructions(text):
            if instruction == "COPY":
                dockerfile.copies.append(dockerfile._copy(arguments))
            elif instruction == "ENV":
                dockerfile.environment |= dockerfile._env(arguments)
            elif instruction == "CMD":
                dockerfile.command = _words(arguments)
        return dockerfile

    def build(self, context: Path, root: Path) -> None:
        """Copy from the build context to `root`, which stands for /var/task."""
        root.mkdir(parents=True, exist_ok=True)
        for copy in self.copies:
            path = PurePosixPath(copy.destination)
            if path.is_relative_to(TASK_ROOT):
                is_folder = copy.destination.endswith("/") or len(copy.sources) > 1
                _copy(context, copy.sources, root / path.relative_to(TASK_ROOT), is_folder)

    def _copy(self, arguments: str) -> Copy:
        words = [self._substitute(word) for word in _words(arguments)]
        if any(word.startswith("--from") for word in words):
            raise DockerfileError(f"COPY {arguments}: only a Docker engine can copy from a stage")
        *sources, destination = [word for word in words if not word.startswith("--")]
        if destination in (".", "./"):
            destination = TASK_ROOT + "/"
        elif not destination.startswith("/"):
            destination = f"{TASK_ROOT}/{destination.removeprefix('./')}"
        return Copy(sources, destination)

    def _env(self, arguments: str) -> dict[str, str]:
        """Both forms: `ENV A=b C="d e"` and the old `ENV A b`."""
        if re.match(r"\w+=", arguments):
            pairs = [word.partition("=") for word in shlex.split(arguments)]
        else:
            pairs = [arguments.partition(" ")]
        return {name: self._substitute(value.strip()) for name, _, value in pairs}

    def _substitute(self, text: str) -> str:
        known = {"LAMBDA_TASK_ROOT": TASK_ROOT, **self.environment}
        return re.sub(r"\$\{?(\w+)\}?", lambda match: known.get(match[1], ""), text)


def _instructions(text: str) -> list[tuple[str, str]]:
    """(instruction, arguments), comments dropped and continued lines joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\[ \t]*\n", " ", "\n".join(lines))
    words = [line.strip().partition(" ") for line in joined.splitlines() if line.strip()]
    return [(name.upper(), arguments.strip()) for name, _, arguments in words]


def _words(arguments: str) -> list[str]:
    """The arguments of COPY or CMD, in the JSON or in the shell form."""
    flags = re.match(r"(--\S+\s+)*", arguments)
    rest = arguments[flags.end() if flags else 0 :]
    if rest.startswith("["):
        return [str(word) for word in json.loads(rest)]
    return shlex.split(arguments)


def _copy(context: Path, sources: list[str], target: Path, is_folder: bool) -> None:
    """Docker's rule: a directory gives its content, a file itself or its bytes."""
    for pattern in sources:
        found = glob.glob(str(context / pattern.lstrip("/")))
        if not found:
            raise DockerfileError(f"COPY {pattern}: no such file in the build context {context}")
        for source in map(Path, found):
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
            else:
                destination = target / source.name if is_folder or target.is_dir() else target
                destination.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, destination)
