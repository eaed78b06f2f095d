"""What the roles may do: all of it, since the local AWS does not hold services to theirs."""

import json
from typing import Any

import pytest

from tests.infra.conftest import Resources, joined, of_type, statements

# What knows no resources, so that it can only be granted on all of them.
ON_EVERYTHING = {
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
    "xray:GetSamplingRules",
    "xray:GetSamplingTargets",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}


def _grants(template: dict[str, Any], role: str) -> set[tuple[str, str]]:
    """Action and resource of everything that the policies of a role allow, one by one."""
    granted = set()
    for statement in statements(template, role):
        assert statement["Effect"] == "Allow"
        for action in statement["Action"]:
            granted |= {(action, joined(resource)) for resource in statement["Resource"]}
    return granted


@pytest.fixture(scope="module")
def machine(template: dict[str, Any]) -> str:
    [name] = of_type(template, "AWS::StepFunctions::StateMachine")
    return name


def test_the_state_machine_invokes_its_steps_reads_lists_and_runs_its_own_children(
    template: dict[str, Any], machine: str
) -> None:
    [bucket] = of_type(template, "AWS::S3::Bucket")
    steps = {
        name for name in of_type(template, "AWS::Lambda::Function") if name.startswith("Steps")
    }
    assert len(steps) == 8
    granted = _grants(template, "PipelineStateMachineRole")
    own = {(action, resource) for action, resource in granted if resource != "*"}
    assert own == {
        *(("lambda:InvokeFunction", f"${{{step}}}") for step in steps),
        *(("lambda:InvokeFunction", f"${{{step}}}:*") for step in steps),
        ("s3:GetObject", f"${{{bucket}}}/runs/*/concepts.json"),
    }
    assert {action for action, resource in granted - own} <= ON_EVERYTHING


def test_a_map_may_start_and_end_executions_of_its_own_state_machine_alone(
    template: dict[str, Any], machine: str
) -> None:
    granted = _grants(template, "PipelineStateMachineDistributedMapPolicy")
    assert {action for action, _ in granted} == {
        "states:StartExecution",
        "states:DescribeExecution",
        "states:StopExecution",
        "states:RedriveExecution",
    }
    assert all(machine in resource for _, resource in granted)


def test_events_start_this_state_machine_and_do_nothing_else(
    template: dict[str, Any], machine: str
) -> None:
    granted = _grants(template, "PipelineStateMachineEventsRole")
    assert granted == {("states:StartExecution", f"${{{machine}}}")}


def test_what_tells_of_failed_runs_writes_to_its_topic_and_does_nothing_else(
    template: dict[str, Any],
) -> None:
    [topic], [key] = of_type(template, "AWS::SNS::Topic"), of_type(template, "AWS::KMS::Key")
    assert _grants(template, "MonitoringTellerRole") == {
        ("sns:Publish", f"${{{topic}}}"),
        ("kms:Decrypt", f"${{{key}}}"),
        ("kms:GenerateDataKey*", f"${{{key}}}"),
    }


def test_each_role_is_for_one_service_and_has_no_rights_but_those_of_its_own_policies(
    template: dict[str, Any], functions: Resources
) -> None:
    roles = of_type(template, "AWS::IAM::Role")
    services = []
    for role in roles.values():
        [trusted] = role["AssumeRolePolicyDocument"]["Statement"]
        services.append(trusted["Principal"]["Service"])
        assert trusted["Action"] == "sts:AssumeRole"
        assert not {"ManagedPolicyArns", "Policies"} & set(role)
    assert sorted(services) == [
        *["events.amazonaws.com"] * 2,
        *["lambda.amazonaws.com"] * len(functions),
        "states.amazonaws.com",
    ]


def test_what_a_role_may_do_on_every_resource_knows_no_resources(template: dict[str, Any]) -> None:
    for policy in of_type(template, "AWS::IAM::Policy").values():
        for statement in policy["PolicyDocument"]["Statement"]:
            if statement["Resource"] == "*":
                assert set(statement["Action"]) <= ON_EVERYTHING


def test_no_function_can_be_invoked_but_by_its_own_api(template: dict[str, Any]) -> None:
    permissions = of_type(template, "AWS::Lambda::Permission").values()
    assert {p["Principal"] for p in permissions} == {"apigateway.amazonaws.com"}
    assert all("WebsiteWeb" in joined(p["FunctionName"]) for p in permissions)
    [api] = of_type(template, "AWS::ApiGatewayV2::Api")
    assert all(f"${{{api}}}" in joined(p["SourceArn"]) for p in permissions)
    assert not of_type(template, "AWS::Lambda::Url")


def test_no_secret_is_written_into_the_template(template: dict[str, Any]) -> None:
    assert "{{resolve:" not in json.dumps(template)
    for secret in of_type(template, "AWS::SecretsManager::Secret").values():
        assert "SecretString" not in secret
