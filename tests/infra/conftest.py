"""The synthesised stack, once for all of its tests."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.project import ROOT, STACK

Resources = dict[str, dict[str, Any]]


@pytest.fixture(scope="session")
def cdk_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cloud assembly of the stack with its default settings.

    As plain `python app.py` writes it, without AWS credentials or anything else of the user's.
    """
    directory = tmp_path_factory.mktemp("synth")
    bare = {"PATH": "/usr/bin:/bin", "HOME": str(directory), "CDK_OUTDIR": str(directory / "out")}
    subprocess.run([sys.executable, "app.py"], cwd=ROOT, env=bare, check=True)
    return directory / "out"


@pytest.fixture(scope="session")
def template(cdk_out: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((cdk_out / f"{STACK}.template.json").read_text())
    return loaded


@pytest.fixture(scope="session")
def functions(template: dict[str, Any]) -> Resources:
    """Step name → the Lambda function behind it."""
    return {
        properties["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]: properties
        for properties in of_type(template, "AWS::Lambda::Function").values()
    }


@pytest.fixture(scope="session")
def states(template: dict[str, Any]) -> dict[str, Any]:
    """State name → its definition, the Maps' inner states among them."""
    [machine] = of_type(template, "AWS::StepFunctions::StateMachine").values()
    definition = json.loads(joined(machine["DefinitionString"]))
    found: dict[str, Any] = {}

    def collect(machine: dict[str, Any]) -> None:
        for name, state in machine["States"].items():
            assert name not in found, f"two states are called {name}"
            found[name] = state
            if "ItemProcessor" in state:
                collect(state["ItemProcessor"])

    collect(definition)
    found["StartAt"] = definition["StartAt"]
    return found


def of_type(template: dict[str, Any], kind: str) -> Resources:
    """Logical id → properties of every resource of a kind."""
    return {
        name: resource["Properties"]
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }


def statements(template: dict[str, Any], role: str) -> list[dict[str, Any]]:
    """What the policies of a role allow, actions and resources always as lists."""
    found = [
        statement
        for name, policy in of_type(template, "AWS::IAM::Policy").items()
        if name.startswith(role)
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    assert found, f"no policy of {role}"
    for statement in found:
        for part in ("Action", "Resource"):
            value = statement[part]
            statement[part] = value if isinstance(value, list) else [value]
    return found


def starting_rules(template: dict[str, Any]) -> list[dict[str, Any]]:
    """The rules that start runs, and not those that tell of them."""
    return [
        rule
        for rule in of_type(template, "AWS::Events::Rule").values()
        if "StateMachine" in str(rule["Targets"][0]["Arn"])
    ]


def joined(value: Any) -> str:
    """A text with its references as `${LogicalId}`: Fn::Join put together."""
    if isinstance(value, str):
        return value
    if "Fn::Join" in value:
        separator, parts = value["Fn::Join"]
        return separator.join(map(joined, parts))
    if "Fn::GetAtt" in value:
        return "${" + value["Fn::GetAtt"][0] + "}"
    return "${" + str(value.get("Ref", value)) + "}"
