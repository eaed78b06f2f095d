"""What is installed: the same versions everywhere, and in AWS only files whose hashes are known."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from infra.settings import PYTHON_VERSION
from local.project import ROOT

DEPLOYED = ["functions/requirements.txt", "layers/dependencies/requirements.txt"]
LISTS = ["requirements.txt", "requirements-dev.txt", *DEPLOYED]


def _pins(name: str) -> dict[str, str]:
    """Package → version, of a compiled list."""
    found = re.findall(r"^([a-z0-9][\w.-]*)==([^\s;\\]+)", (ROOT / name).read_text(), re.MULTILINE)
    assert found, f"{name} pins nothing"
    return dict(found)


@pytest.mark.parametrize("name", ["requirements.txt", *DEPLOYED])
def test_every_package_that_reaches_aws_has_its_hashes(name: str) -> None:
    for entry in re.split(r"^(?=[a-z0-9])", (ROOT / name).read_text(), flags=re.MULTILINE)[1:]:
        assert re.search(r"^ +--hash=sha256:[0-9a-f]{64}", entry, re.MULTILINE), entry


def test_the_image_and_the_layer_install_nothing_without_a_hash() -> None:
    for installer in ("functions/Dockerfile", "infra/layers.py"):
        assert "--require-hashes" in (ROOT / installer).read_text()


def test_the_image_is_built_on_the_base_of_the_functions_python() -> None:
    [base] = re.findall(r"^FROM (\S+)", (ROOT / "functions/Dockerfile").read_text(), re.MULTILINE)
    assert base == "public.ecr.aws/lambda/python:${PYTHON_VERSION}"
    assert re.search(r"^ARG PYTHON_VERSION$", (ROOT / "functions/Dockerfile").read_text(), re.M)


def test_a_file_with_another_hash_is_refused(tmp_path: Path) -> None:
    text = (ROOT / DEPLOYED[1]).read_text()
    [entry] = re.findall(r"^jmespath==(?:.*\\\n)+.*\n", text, re.MULTILINE)
    installed = [
        _installs(entry, tmp_path),
        _installs(re.sub("[0-9a-f]{64}", "0" * 64, entry), tmp_path),
    ]
    assert installed == [True, False]


def _installs(requirement: str, directory: Path) -> bool:
    listed = directory / "requirements.txt"
    listed.write_text(requirement)
    command = [sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check", "install"]
    command += ["--no-deps", "--require-hashes", "--dry-run", "--ignore-installed", "-r"]
    return subprocess.run([*command, str(listed)], capture_output=True).returncode == 0


@pytest.mark.parametrize("name", ["requirements.txt", *DEPLOYED])
def test_what_is_tested_is_what_is_deployed(name: str) -> None:
    tested = _pins("requirements-dev.txt")
    assert _pins(name).items() <= tested.items()


@pytest.mark.parametrize("name", LISTS)
def test_lists_name_no_place_to_fetch_from(name: str) -> None:
    assert not re.search(r"://|--(extra-)?index-url|--find-links|@ ", (ROOT / name).read_text())


@pytest.mark.parametrize("name", LISTS)
def test_a_list_holds_all_that_its_source_asks_for(name: str) -> None:
    source = (ROOT / name).with_suffix(".in").read_text()
    asked = re.findall(r"^[A-Za-z][\w-]*", source, re.MULTILINE)
    assert asked
    assert {each.lower().replace("_", "-") for each in asked} <= set(_pins(name))


def test_the_functions_python_stands_in_one_place() -> None:
    named = re.compile(rf"python.{{0,20}}\b{re.escape(PYTHON_VERSION)}\b", re.IGNORECASE)
    folders = ("infra", "functions", "layers", "local", "cli")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
    files += [path for path in ROOT.iterdir() if path.is_file()]
    text = (".py", ".in", ".txt", ".toml", ".json", ".md", "")
    found = [path for path in files if path.suffix in text and named.search(path.read_text())]
    assert found == [ROOT / "infra" / "settings.py"]


def test_the_oldest_python_to_work_with_is_the_same_for_every_tool() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    oldest = project["project"]["requires-python"].removeprefix(">=")
    assert project["tool"]["mypy"]["python_version"] == oldest
    assert project["tool"]["ruff"]["target-version"] == "py" + oldest.replace(".", "")
    assert set(re.findall(r"--python-version (\d\S+)", (ROOT / "Makefile").read_text())) == {oldest}
    assert f"Python {oldest} or newer" in (ROOT / "README.md").read_text()
