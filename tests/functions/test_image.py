"""The image without a Docker engine: what it copies and installs, run from clean directories."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from contextlib import closing
from importlib.metadata import distributions
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infra.settings import PYTHON_VERSION
from local.images import build
from local.lambda_runtime.docker.runtime_api import Invocation, Ready, Result, RuntimeApi
from local.project import ROOT, LocalProject
from vibe_checker import keys

REQUIREMENTS = ROOT / "functions" / "requirements.txt"
# Wheels that run on Amazon Linux 2023, the base image's system: glibc 2.34 and older.
PLATFORMS = [f"manylinux_2_{minor}_x86_64" for minor in (34, 28, 27, 17)] + ["manylinux2014_x86_64"]
# tokenizers asks for it, and uses it to download models; the functions never do.
LEFT_OUT = {"huggingface-hub"}


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-qq", *arguments]
    subprocess.run(command, check=True)


@pytest.fixture(scope="module")
def installed() -> Path:
    """The image's third-party packages for this machine's Python, and nothing else."""
    key = hashlib.sha256(REQUIREMENTS.read_bytes() + sys.version.encode()).hexdigest()[:16]
    directory = ROOT / ".cache" / f"image-packages-{key}"
    if not directory.exists():
        part = directory.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        _pip(
            "install", "--no-deps", "--only-binary=:all:", "-r", str(REQUIREMENTS), "-t", str(part)
        )
        part.rename(directory)
    return directory


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What AWS's base image brings of its own: the runtime interface client."""
    directory = tmp_path_factory.mktemp("base")
    pinned = next(
        line
        for line in (ROOT / "requirements-dev.txt").read_text().splitlines()
        if line.startswith("awslambdaric==")
    )
    _pip("install", pinned, "-t", str(directory))
    return directory


@pytest.fixture(scope="module")
def task_root(project: LocalProject, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory that the Dockerfile's COPY lines fill."""
    [context] = [
        asset
        for asset in (project.state_dir / "cdk.out").glob("asset.*")
        if (asset / "functions" / "Dockerfile").is_file()
    ]
    images = tmp_path_factory.mktemp("images")
    build(context, "functions/Dockerfile", "image", images)
    return images / "image" / "root"


def test_the_requirements_resolve_for_the_images_python_and_platform(tmp_path: Path) -> None:
    platforms = [argument for each in PLATFORMS for argument in ("--platform", each)]
    target = ["--python-version", PYTHON_VERSION, "--target", str(tmp_path), *platforms]
    _pip(
        "install", "--dry-run", "--no-deps", "--only-binary=:all:", "-r", str(REQUIREMENTS), *target
    )


def test_the_list_of_requirements_is_complete(installed: Path) -> None:
    found = list(distributions(path=[str(installed)]))
    names = {canonicalize_name(each.metadata["Name"]) for each in found}
    for distribution in found:
        for text in distribution.requires or []:
            needed = Requirement(text)
            if needed.marker is None or needed.marker.evaluate({"extra": ""}):
                assert canonicalize_name(needed.name) in names | LEFT_OUT, distribution.metadata[
                    "Name"
                ]


def test_the_image_classifies_passages_with_nothing_but_its_own_content(
    project: LocalProject, demo_run: str, installed: Path, base: Path, task_root: Path
) -> None:
    [item] = [
        each
        for each in project.bucket.read_json(keys.run_concepts(demo_run))
        if each["concept_id"] == "Q69"
    ]
    results = project.bucket.read_json(keys.run_result(demo_run, "Q69"))["classifiers"]
    for classifier, known in zip(item["classifiers"], results, strict=True):
        event = {"run_id": demo_run, "concept_id": "Q69", "classifier": classifier}
        shards = [
            _invoke(
                project, [task_root, installed, base], "classify_passages", {**event, "shard": n}
            )
            for n in (0, 1)
        ]
        assert sum(shard["passages"] for shard in shards) == known["passages"]
        assert sum(shard["positives"] for shard in shards) == known["positives"]


def _invoke(project: LocalProject, path: list[Path], function: str, event: object) -> Any:
    """Run one event through a handler, in a Python that sees only the directories of `path`."""
    with closing(RuntimeApi()) as api:
        api.invocations.put(
            Invocation("one", json.dumps(event).encode(), f"arn:{function}", time.time() + 600)
        )
        environment = {
            **project.aws.environment(),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(map(str, path)),
            "AWS_LAMBDA_RUNTIME_API": api.address,
            "AWS_LAMBDA_FUNCTION_NAME": function,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "3008",
            "BUCKET": project.bucket.name,
            "POWERTOOLS_SERVICE_NAME": function,
        }
        # -S: without the packages of the environment that runs the tests.
        command = [
            sys.executable,
            "-S",
            "-m",
            "awslambdaric",
            f"functions.{function}.handler.handler",
        ]
        process = subprocess.Popen(command, cwd=path[0], env=environment, stdout=subprocess.DEVNULL)
        try:
            result = _result(api, process)
        finally:
            process.kill()
            process.wait()
    assert not result.error, result.body
    return json.loads(result.body)


def _result(api: RuntimeApi, process: subprocess.Popen[bytes]) -> Result:
    """What the handler answers, as soon as it does; fails at once where the process ends."""
    while True:
        try:
            report = api.reports.get(timeout=0.2)
        except Empty:
            assert process.poll() is None, "the process ended without an answer"
            continue
        assert isinstance(report, Ready | Result), report
        if isinstance(report, Result):
            return report
