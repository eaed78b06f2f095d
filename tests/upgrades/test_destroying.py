"""`cdk destroy` takes the stack away and leaves the data, which a new stack can take back."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.project import STACK, LocalProject

SECRET = "wikibase-bot"
BUCKET = "StorageBucket5CB7C8EA"
FILES = ("Q69/aaaaaaaa/predictions.jsonl", "passages_dataset.feather", "runs/one/run.json")


@pytest.fixture(scope="module")
def project(demo_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalProject]:
    directory = tmp_path_factory.mktemp("destroyed")
    settings = {"web_auth": "password", "wikibase_secret_name": SECRET}
    with LocalProject(demo_data, directory, context=settings) as project:
        yield project


@pytest.fixture(scope="module")
def secrets(project: LocalProject) -> Any:
    client = project.aws.client("secretsmanager")
    client.create_secret(Name=SECRET, SecretString='{"username": "u", "password": "p"}')
    return client


@pytest.fixture(scope="module")
def written(project: LocalProject) -> dict[str, str]:
    """Key → version id of what is in the bucket."""
    return {key: project.bucket.write(key, key.encode()) for key in FILES}


@pytest.fixture(scope="module")
def password(project: LocalProject, secrets: Any) -> str:
    """The page's password, before anything happens to the stack."""
    return _password(project, secrets)


@pytest.fixture(scope="module")
def updated(project: LocalProject, written: dict[str, str], password: str) -> LocalProject:
    """The stack after an update of its settings."""
    project.deploy(work_days=3)
    return project


@pytest.fixture(scope="module")
def destroyed(updated: LocalProject) -> LocalProject:
    """The stack after `cdk destroy`."""
    cloudformation = updated.aws.client("cloudformation")
    cloudformation.delete_stack(StackName=STACK)
    waiter = cloudformation.get_waiter("stack_delete_complete")
    waiter.wait(StackName=STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
    return updated


def _password(project: LocalProject, secrets: Any) -> str:
    name = project.outputs["PageLogin"].rpartition(" ")[2]
    return str(secrets.get_secret_value(SecretId=name)["SecretString"])


def _versions(project: LocalProject) -> dict[str, str | None]:
    return {pin.key: pin.version_id for pin in project.bucket.pins("")}


def test_an_update_keeps_the_pages_password(
    updated: LocalProject, secrets: Any, password: str
) -> None:
    assert len(password) == 24
    assert _password(updated, secrets) == password


def test_a_destroyed_stack_leaves_every_version_of_every_file(
    destroyed: LocalProject, written: dict[str, str]
) -> None:
    assert _versions(destroyed) == written


def test_it_takes_the_pages_password_along_and_leaves_the_teams_own_secret(
    destroyed: LocalProject, secrets: Any
) -> None:
    assert secrets.get_secret_value(SecretId=SECRET)["SecretString"]
    with pytest.raises(ClientError, match="ResourceNotFound"):
        _password(destroyed, secrets)


def test_nothing_else_of_it_is_left(destroyed: LocalProject) -> None:
    aws = destroyed.aws
    assert not aws.client("lambda").list_functions()["Functions"]
    assert not aws.client("stepfunctions").list_state_machines()["stateMachines"]
    assert not aws.client("logs").describe_log_groups()["logGroups"]
    assert not aws.client("iam").list_roles()["Roles"]
    with pytest.raises(ClientError, match="ParameterNotFound"):
        aws.client("ssm").get_parameter(Name="/vibe-checker/bucket-name")


def test_a_new_stack_takes_the_bucket_back_with_all_that_is_in_it(
    destroyed: LocalProject, written: dict[str, str]
) -> None:
    """As `cdk import` does: the bucket alone first, then all that belongs around it."""
    before = destroyed.outputs["BucketName"]
    _import_bucket(destroyed, before)
    destroyed.deploy()
    assert destroyed.outputs["BucketName"] == before
    assert _versions(destroyed) == written
    parameter = destroyed.aws.client("ssm").get_parameter(Name="/vibe-checker/bucket-name")
    assert parameter["Parameter"]["Value"] == before


def _import_bucket(project: LocalProject, name: str) -> None:
    path = project.state_dir / "cdk.out" / f"{STACK}.template.json"
    bucket = json.loads(path.read_text())["Resources"][BUCKET]
    cloudformation = project.aws.client("cloudformation")
    cloudformation.create_change_set(
        StackName=STACK,
        ChangeSetName="take-back",
        ChangeSetType="IMPORT",
        TemplateBody=json.dumps({"Resources": {BUCKET: bucket}}),
        ResourcesToImport=[
            {
                "ResourceType": "AWS::S3::Bucket",
                "LogicalResourceId": BUCKET,
                "ResourceIdentifier": {"BucketName": name},
            }
        ],
    )
    quickly = {"Delay": 1, "MaxAttempts": 60}
    change = {"StackName": STACK, "ChangeSetName": "take-back"}
    waiter = cloudformation.get_waiter("change_set_create_complete")
    waiter.wait(**change, WaiterConfig=quickly)
    cloudformation.execute_change_set(**change)
    waiter = cloudformation.get_waiter("stack_import_complete")
    waiter.wait(StackName=STACK, WaiterConfig=quickly)
