"""A synthesised stack goes to the local AWS as it would go to AWS."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.aws import LocalAws
from local.deploy import DeploymentError
from tests.local.conftest import Invoke
from tests.local.toy import HANDLER, Assembly, toy
from tests.local.waiting import eventually

# CloudFormation takes larger templates only by URL.
LARGE = 51_200


def test_deploying_again_changes_nothing(
    aws: LocalAws, outputs: dict[str, str], tmp_path: Path
) -> None:
    assert aws.deploy(toy(tmp_path / "cdk.out").write(), "Toy") == outputs


def test_an_update_reaches_the_next_invocation(aws: LocalAws, tmp_path: Path) -> None:
    for text in ("'before'", "'after'"):
        assembly = Assembly(tmp_path / text)
        code = {"handler.py": f"def handler(event, context): return {text}"}
        assembly.zip_function("Updated", code, FunctionName="updated")
        aws.deploy(assembly.write("Update"), "Update")

        answer = aws.client("lambda").invoke(FunctionName="updated")
        assert answer["Payload"].read().decode() == text.replace("'", '"')


def test_an_updated_variable_reaches_the_next_invocation(
    aws: LocalAws, invoke: Invoke, tmp_path: Path
) -> None:
    for stage in ("one", "two"):
        assembly = Assembly(tmp_path / stage)
        variables = {"Environment": {"Variables": {"STAGE": stage}}}
        assembly.zip_function("F", {"handler.py": HANDLER}, FunctionName="staged", **variables)
        aws.deploy(assembly.write("Staged"), "Staged")

        assert invoke("staged").payload["environment"]["STAGE"] == stage


def test_a_template_too_large_for_a_request_is_deployed(aws: LocalAws, tmp_path: Path) -> None:
    assembly = Assembly(tmp_path / "cdk.out")
    assembly.resources["Role"] |= {"Metadata": {"padding": "x" * LARGE}}

    assert aws.deploy(assembly.write("Large"), "Large") == {}


FUNCTION_URL = {
    "Type": "AWS::Lambda::Url",
    "Properties": {"TargetFunctionArn": "nobody", "AuthType": "NONE"},
}
TAKEN = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "taken"}}


@pytest.mark.parametrize(
    ("resource", "reason"),
    [
        (FUNCTION_URL, r"Wrong \(AWS::Lambda::Url\): .*nobody"),
        (TAKEN, r"Wrong \(AWS::S3::Bucket\): .*'taken' already exists"),
    ],
)
def test_a_failed_deployment_names_the_resource_and_can_be_mended(
    aws: LocalAws, tmp_path: Path, resource: dict[str, Any], reason: str
) -> None:
    name = resource["Type"].replace("::", "")
    aws.client("s3").create_bucket(Bucket="taken")
    right, wrong = Assembly(tmp_path / "right"), Assembly(tmp_path / "wrong")
    wrong.resources["Wrong"] = resource
    for _ in ("create", "update"):
        with pytest.raises(DeploymentError, match=reason):
            aws.deploy(wrong.write(name), name)

        assert aws.deploy(right.write(name), name) == {}


def test_an_unknown_stack_is_named(aws: LocalAws, tmp_path: Path) -> None:
    with pytest.raises(DeploymentError, match="holds no stack named Other"):
        aws.deploy(toy(tmp_path / "cdk.out").write("Toy"), "Other")


def test_another_program_finds_the_local_aws(aws: LocalAws) -> None:
    aws.client("s3").create_bucket(Bucket="for-the-other-program")
    script = "import boto3; print(boto3.client('s3').list_buckets()['Buckets'])"
    listed = subprocess.check_output([sys.executable, "-c", script], env=aws.environment())

    assert b"for-the-other-program" in listed


def test_an_upload_starts_a_state_machine_that_catches_by_error_class(
    aws: LocalAws, tmp_path: Path
) -> None:
    assembly = Assembly(tmp_path / "cdk.out")
    assembly.zip_function("F", {"handler.py": HANDLER})
    assembly.resources |= _uploads_to_executions(_machine({"do": "fail", "message": "twice"}))
    assembly.outputs["Machine"] = {"Ref": "Machine"}
    machine = aws.deploy(assembly.write("Trigger"), "Trigger")["Machine"]
    states = aws.client("stepfunctions")

    aws.client("s3").put_object(Bucket="uploads", Key="concepts.yml", Body=b"- Q1")
    assert eventually(lambda: _finished(states, machine))
    [execution] = states.list_executions(stateMachineArn=machine)["executions"]
    outcome = states.describe_execution(executionArn=execution["executionArn"])

    assert outcome["status"] == "SUCCEEDED"
    assert json.loads(outcome["output"])["Error"] == "ValueError"
    assert json.loads(json.loads(outcome["output"])["Cause"])["errorMessage"] == "twice"


def test_each_call_answers_to_the_policy_of_its_role_where_iam_is_on(tmp_path: Path) -> None:
    assembly = Assembly(tmp_path / "cdk.out")
    assembly.zip_function("Reader", {"handler.py": HANDLER}, FunctionName="reader")
    with LocalAws(tmp_path / "aws", enforce_iam=True) as aws:
        aws.deploy(assembly.write(), "Toy")
        for bucket in ("granted", "denied"):
            aws.client("s3").create_bucket(Bucket=bucket)
            aws.client("s3").put_object(Bucket=bucket, Key="a.txt", Body=b"text")

        assert _read(aws, "granted") == "text"
        assert "AccessDenied" in _read(aws, "denied")["errorMessage"]


def _read(aws: LocalAws, bucket: str) -> Any:
    event = json.dumps({"do": "read", "bucket": bucket})
    answer = aws.client("lambda").invoke(FunctionName="reader", Payload=event)
    return json.loads(answer["Payload"].read())


def _finished(states: Any, machine: str) -> bool:
    executions = states.list_executions(stateMachineArn=machine)["executions"]
    return bool(executions) and executions[0]["status"] != "RUNNING"


def _machine(event: dict[str, str]) -> dict[str, Any]:
    """Invokes F, tries a ValueError once more, and then ends with its error as output."""
    retry = {"ErrorEquals": ["ValueError"], "MaxAttempts": 1, "IntervalSeconds": 1}
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "${F}", "Payload": event},
        "Retry": [retry],
        "Catch": [{"ErrorEquals": ["ValueError"], "Next": "Caught"}],
        "End": True,
    }
    return {"StartAt": "Task", "States": {"Task": task, "Caught": {"Type": "Succeed"}}}


def _uploads_to_executions(machine: dict[str, Any]) -> dict[str, Any]:
    role = {"Fn::GetAtt": ["Role", "Arn"]}
    notification = {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [{"Ref": "Uploads"}]}}}
    target = {"Id": "machine", "Arn": {"Ref": "Machine"}, "RoleArn": role}
    definition = {"Fn::Sub": json.dumps(machine)}
    return {
        "Uploads": {
            "Type": "AWS::S3::Bucket",
            "Properties": {"BucketName": "uploads", "NotificationConfiguration": notification},
        },
        "Machine": {
            "Type": "AWS::StepFunctions::StateMachine",
            "Properties": {"RoleArn": role, "DefinitionString": definition},
        },
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {"EventPattern": pattern, "Targets": [target]},
        },
    }
