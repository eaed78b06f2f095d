"""Every way to end: in a sentence, with the exit status that the help names."""

import subprocess
import sys
from collections.abc import Callable

import pytest
import typer
from botocore.exceptions import ClientError, NoCredentialsError
from typer.testing import CliRunner, Result

from cli.command import command
from cli.explaining import explained


def test_a_bad_id_costs_no_request(invoke: Callable[..., Result]) -> None:
    done = invoke("run", "-c", "q69")
    assert done.exit_code == 2 and "'q69'" in done.stderr


def test_without_a_stack_the_next_step_is_told(aws: None, invoke: Callable[..., Result]) -> None:
    for words in (["runs"], ["results", "list"]):
        done = invoke(*words, "--stack", "Elsewhere")
        assert done.exit_code == 3, done.output
        assert "no stack Elsewhere in the region eu-west-1" in done.stderr
        assert "Traceback" not in done.output


def test_without_a_local_aws_make_demo_is_told(invoke: Callable[..., Result]) -> None:
    done = invoke("runs", "--local")
    assert done.exit_code == 3 and "make demo" in done.stderr


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("ExpiredToken", "expired"),
        ("UnrecognizedClientException", "does not know these credentials"),
        ("AccessDenied", "not allowed"),
    ],
)
def test_what_aws_refuses_is_told_in_words(code: str, says: str) -> None:
    error = ClientError({"Error": {"Code": code, "Message": "no"}}, "GetParameter")
    assert says in str(explained(error)) and explained(error).status == 3


def test_an_address_that_is_none_is_told_in_words(invoke: Callable[..., Result]) -> None:
    done = invoke("runs", "--endpoint-url", "nonsense", "--region", "eu-west-1")
    assert done.exit_code == 2 and "'nonsense' is no address" in done.stderr


def test_debug_shows_the_traceback_and_changes_no_status(invoke: Callable[..., Result]) -> None:
    plain, debug = invoke("run", "-c", "q69"), invoke("run", "-c", "q69", "--debug")
    assert plain.exit_code == debug.exit_code == 2
    assert "Traceback" not in plain.stderr and "Traceback" in debug.stderr


def test_ctrl_c_ends_with_130() -> None:
    @command
    def interrupted() -> None:
        raise KeyboardInterrupt

    app = typer.Typer()
    app.command()(interrupted)
    assert CliRunner().invoke(app, []).exit_code == 130


def test_missing_credentials_are_told_in_words() -> None:
    assert "--profile" in str(explained(NoCredentialsError()))


def test_what_nobody_foresaw_names_debug_and_has_a_status_of_its_own() -> None:
    assert "--debug" in str(explained(KeyError("x"))) and explained(KeyError("x")).status == 4


@pytest.mark.parametrize(
    "command",
    ["run", "runs", "runs show", "runs follow", "runs stop", "env", "inputs build", "inputs check"]
    + ["inputs push", "classifier push", "classifier list", "classifier try", "model push"]
    + ["concepts list", "concepts add", "concepts remove", "concepts check", "results list"]
    + ["results show", "results download", "results push"],
)
def test_every_command_has_an_example_in_its_help(
    invoke: Callable[..., Result], command: str
) -> None:
    done = invoke(*command.split(), "--help")
    assert done.exit_code == 0 and f"vibe-checker {command.split()[0]}" in done.stdout


def test_nothing_heavy_is_loaded_before_the_first_words() -> None:
    heavy = {"boto3", "botocore", "rich", "pyarrow", "numpy", "onnxruntime", "pydantic", "yaml"}
    code = f"import sys, cli.main; print(sorted({heavy!r} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
