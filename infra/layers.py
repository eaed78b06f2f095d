"""The zip functions' layers: the package, and third-party code."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.settings import PYTHON_VERSION

ROOT = Path(__file__).parents[1]
_REQUIREMENTS = ROOT / "layers" / "dependencies" / "requirements.txt"


def core_layer(scope: Construct) -> lambda_.LayerVersion:
    """The package that the image holds as well."""
    return lambda_.LayerVersion(
        scope,
        "CoreLayer",
        code=lambda_.Code.from_asset(
            str(ROOT / "layers" / "core"), exclude=["**/__pycache__", "**/*.pyc"]
        ),
        compatible_runtimes=[runtime()],
        description="vibe_checker",
    )


def dependencies_layer(scope: Construct) -> lambda_.LayerVersion:
    """Third-party code of the zip functions, besides boto3, which the runtime brings."""
    return lambda_.LayerVersion(
        scope,
        "DependenciesLayer",
        code=lambda_.Code.from_asset(str(bundled_dependencies())),
        compatible_runtimes=[runtime()],
        description="third-party code of the zip functions",
    )


def runtime() -> lambda_.Runtime:
    """The zip functions' Python."""
    return lambda_.Runtime(f"python{PYTHON_VERSION}", lambda_.RuntimeFamily.PYTHON)


def bundled_dependencies() -> Path:
    """The layer's directory, made by pip once for each state of its requirements.

    Bundled for Lambda's Python and platform, whatever this machine's are, so that synthesis is
    quick, works offline afterwards and gives the same hash everywhere.
    """
    key = hashlib.sha256(_REQUIREMENTS.read_bytes() + PYTHON_VERSION.encode()).hexdigest()[:16]
    layer = ROOT / "build" / f"dependencies-{key}"
    if not layer.exists():
        making = layer.with_suffix(".part")
        shutil.rmtree(making, ignore_errors=True)
        _install(making / "python")
        making.rename(layer)
    return layer


def _install(target: Path) -> None:
    command = [sys.executable, "-m", "pip", "install", "-qq", "--no-deps", "--no-compile"]
    command += ["--require-hashes"]
    command += ["--requirement", str(_REQUIREMENTS), "--target", str(target)]
    command += ["--python-version", PYTHON_VERSION, "--only-binary", ":all:"]
    command += ["--platform", "manylinux2014_x86_64", "--platform", "manylinux_2_28_x86_64"]
    subprocess.run([*command, "--disable-pip-version-check"], check=True)
