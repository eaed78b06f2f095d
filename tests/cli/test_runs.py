"""The command on the real stack, on the local AWS."""

import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from local.project import ROOT, LocalProject

Here = Callable[..., Result]


@pytest.fixture
def here(project: LocalProject, invoke: Here, monkeypatch: pytest.MonkeyPatch) -> Here:
    """Call the command with the local AWS as its AWS."""
    for name, value in project.aws.environment().items():
        monkeypatch.setenv(name, value)
    return invoke


def test_a_run_of_named_concepts_ends_with_its_results(here: Here) -> None:
    done = here("run", "-c", "Q69", "--classifier", "keyword", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["status"] == "succeeded"
    assert [each["concept_id"] for each in told["results"]] == ["Q69"]
    assert [each["name"] for each in told["results"][0]["classifiers"]] == ["keyword"]
    shown = here("runs", "show", told["run_id"][-8:])
    assert "carbon tax" in shown.stdout and told["run_id"] in shown.stderr
    listed = json.loads(here("runs", "--json").stdout)
    assert told["run_id"] in {each["run_id"] for each in listed}


def test_a_failed_concept_is_named_and_the_status_is_1(here: Here) -> None:
    done = here("run", "-c", "Q69", "-c", "Q99999", "--classifier", "keyword")
    assert done.exit_code == 1
    assert "1 of 2 concepts failed: Q99999." in done.stderr
    assert "ConceptUnusable" in done.stderr


def test_a_run_that_is_stopped_says_so(here: Here) -> None:
    started = json.loads(here("run", "--no-wait", "--json", "-c", "Q69").stdout)
    assert "is stopped" in here("runs", "stop", started["run_id"]).stderr
    shown = json.loads(here("runs", "show", started["run_id"], "--json").stdout)
    assert shown["status"] == "stopped"
    assert here("runs", "follow", started["run_id"]).exit_code == 1


def test_ctrl_c_leaves_the_run_going_and_says_how_to_follow_it(
    project: LocalProject, tmp_path: Path
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "run", "-c", "Q69"],
        cwd=ROOT,
        env={**os.environ, **project.aws.environment(), "PYTHONPATH": "layers/core/python"},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    assert process.stderr
    before = ""
    while "\nrun " not in before and (line := process.stderr.readline()):
        before += line
    process.send_signal(signal.SIGINT)
    after = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    run_id = before.split("\nrun ")[1].split()[0]
    assert f"vibe-checker runs follow {run_id}" in after or "Stopped." in after


def test_env_lets_a_shell_find_the_bucket(here: Here, project: LocalProject) -> None:
    lines = here("env").stdout.splitlines()
    exported = dict(shlex.split(line)[1].split("=", 1) for line in lines)
    assert exported["BUCKET_NAME"] == project.bucket.name
    assert exported["STATE_MACHINE_ARN"] == project.outputs["StateMachineArn"]
    assert exported["AWS_ENDPOINT_URL"] == project.aws.endpoint_url


def test_a_pushed_classifier_runs_under_the_id_that_was_printed(
    here: Here, project: LocalProject, demo_data: Path
) -> None:
    directory = demo_data / "models/classifiers/Q69/pooled-words"
    done = here("classifier", "push", directory, "-c", "Q69", "--name", "mine", "--text", "A tax.")
    assert done.exit_code == 0, done.output
    try:
        ran = json.loads(here("run", "-c", "Q69", "--classifier", "mine", "--json").stdout)
        (outcome,) = ran["results"][0]["classifiers"]
        assert outcome["classifier_id"] == done.stdout.strip()
        listed = json.loads(here("classifier", "list", "-c", "Q69", "--json").stdout)
        assert "mine" in {each["name"] for each in listed}
    finally:
        for key in list(project.bucket.keys("models/classifiers/Q69/mine/")):
            project.bucket.client.delete_object(Bucket=project.bucket.name, Key=key)


def test_ids_that_wikibase_does_not_have_are_refused(here: Here, project: LocalProject) -> None:
    done = here("concepts", "add", "Q69", "Q99999")
    assert done.exit_code == 2 and "Q99999 is not in the Wikibase" in done.stderr


def test_a_stack_of_another_name_is_not_there(here: Here) -> None:
    done = here("env", "--stack", "Elsewhere")
    assert done.exit_code == 3 and "There is no stack Elsewhere" in done.stderr
