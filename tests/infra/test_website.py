import json
from pathlib import Path
from typing import Any

import pytest

from infra.settings import Settings
from infra.website import LISTABLE, READABLE
from local.project import STACK, synthesise
from tests.infra.conftest import Resources, joined, of_type

# What every function may: write to its own log, and tell X-Ray how long it took.
TELLING = ["logs:CreateLogStream", "logs:PutLogEvents"]
TELLING += ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]


def statements(template: dict[str, Any]) -> list[dict[str, Any]]:
    """What the page's role allows."""
    [policy] = [
        policy
        for name, policy in of_type(template, "AWS::IAM::Policy").items()
        if name.startswith("WebsiteWeb")
    ]
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def test_the_page_reads_the_outputs_and_nothing_else(template: dict[str, Any]) -> None:
    [reading] = [s for s in statements(template) if "s3:GetObject" in s["Action"]]
    patterns = [joined(resource).partition("/")[2] for resource in reading["Resource"]]
    assert sorted(patterns) == sorted(READABLE)
    assert not any(pattern.startswith(("models", "passages", "*")) for pattern in patterns)
    [listing] = [s for s in statements(template) if "s3:ListBucket" in s["Action"]]
    assert listing["Condition"] == {"StringLike": {"s3:prefix": LISTABLE}}


def test_the_page_writes_nothing(template: dict[str, Any]) -> None:
    allowed: set[str] = set()
    for statement in statements(template):
        actions = statement["Action"]
        allowed |= {actions} if isinstance(actions, str) else set(actions)
    assert allowed == {
        "s3:GetObject",
        "s3:GetObjectVersion",
        "s3:ListBucket",
        "s3:ListBucketVersions",
        "secretsmanager:GetSecretValue",
        "secretsmanager:DescribeSecret",
        *TELLING,
    }


def test_a_password_is_asked_for_unless_settings_say_otherwise(
    template: dict[str, Any], functions: Resources
) -> None:
    assert functions["Web"]["Environment"]["Variables"]["AUTH"] == "password"
    [secret] = of_type(template, "AWS::SecretsManager::Secret").values()
    assert secret["GenerateSecretString"]["PasswordLength"] >= 24
    said = joined(template["Outputs"]["PageLogin"]["Value"])
    assert said.startswith("aws secretsmanager get-secret-value")


def test_tries_of_a_password_are_limited_over_all_copies(template: dict[str, Any]) -> None:
    [stage] = of_type(template, "AWS::ApiGatewayV2::Stage").values()
    assert stage["RouteSettings"]["POST /login"]["ThrottlingRateLimit"] <= 1
    routes = {r["RouteKey"] for r in of_type(template, "AWS::ApiGatewayV2::Route").values()}
    assert routes == {"GET /", "GET /{path+}", "POST /login"}


def test_an_open_page_is_said_loudly(tmp_path: Path) -> None:
    synthesise(tmp_path, {"web_auth": "open"})
    template = json.loads((tmp_path / f"{STACK}.template.json").read_text())
    assert joined(template["Outputs"]["PageLogin"]["Value"]).startswith("OPEN: ")
    assert not of_type(template, "AWS::SecretsManager::Secret")
    assert warnings(tmp_path) != []


def warnings(cdk_out: Path) -> list[str]:
    """What `cdk synth` and `cdk deploy` warn of about the page."""
    metadata = json.loads((cdk_out / f"{STACK}.metadata.json").read_text())
    return [
        entry["data"]
        for place, entries in metadata.items()
        for entry in entries
        if entry["type"] == "aws:cdk:warning" and "/Website" in place
    ]


def test_a_guarded_page_is_no_reason_for_a_warning(cdk_out: Path) -> None:
    assert warnings(cdk_out) == []


@pytest.mark.parametrize("settings", [{"web_auth": "none"}, {"web_auth": "oidc"}])
def test_settings_that_would_let_in_just_anybody_are_refused(settings: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="web_"):
        Settings(**settings)  # type: ignore[arg-type]
