"""What many tests share: the demo's data, and the project deployed to the local AWS."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from local import demo
from local.project import LocalProject

# The same examples every time, however slow the machine; HYPOTHESIS_PROFILE=search tries others.
_SLOW = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=_SLOW)
settings.register_profile(
    "search", settings.get_profile("steady"), derandomize=False, max_examples=3_000
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


@pytest.fixture(scope="session")
def demo_data() -> Path:
    """The demo's inputs, laid out as the bucket; read it, never write to it."""
    return demo.cached()


@pytest.fixture(scope="session")
def project(demo_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalProject]:
    """The real stack on the local AWS with the demo's inputs; no run has been made yet.

    Shared by all tests of a session: whoever changes its inputs puts them back.
    """
    with LocalProject(demo_data, tmp_path_factory.mktemp("local-aws"), wait_scale=0) as project:
        project.upload_inputs()
        yield project


@pytest.fixture(scope="session")
def demo_run(project: LocalProject) -> str:
    """The id of a finished run over all of the demo's concepts, started by its upload."""
    execution = project.start_by_upload()
    ended = project.wait(execution)
    assert ended["status"] == "SUCCEEDED", ended["cause"]
    return project.run_of(execution)
