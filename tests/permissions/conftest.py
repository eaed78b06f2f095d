"""A stack on a local AWS that enforces roles, with a Wikibase that wants a login."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.project import LocalProject
from local.wikibase import LocalWikibase
from local.wikibase.answers import Reply
from tests.infra.test_stack import STEPS

SECRET = "wikibase-bot"
BOT = {"username": "Reader@lambda", "password": "bot-password-4f1c9e72d0"}
# Step, or the page → the name of the role of its function begins like this.
ROLES = {**{step: f"Steps{step}Role" for step in STEPS}, "Web": "WebsiteWebRole"}

Client = Callable[[str, str], Any]


class PrivateWikibase(LocalWikibase):
    """Answers those alone who have logged in with `password`."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.password = BOT["password"]
        self.logins: list[Mapping[str, str]] = []

    def reply(self, parameters: Mapping[str, str]) -> Reply:
        action = parameters.get("action")
        if action == "query":
            return _said({"query": {"tokens": {"logintoken": "token+\\"}}})
        if action == "login":
            self.logins.append(parameters)
            right = parameters["lgpassword"] == self.password
            return _said({"login": {"result": "Success" if right else "Failed"}})
        if self._session_ended(parameters):
            return _said({"error": {"code": "assertuserfailed", "info": "not logged in"}})
        return super().reply({k: v for k, v in parameters.items() if k != "assert"})

    def _session_ended(self, parameters: Mapping[str, str]) -> bool:
        last = self.logins[-1]["lgpassword"] if self.logins else None
        return parameters.get("assert") != "user" or last != self.password


def _said(value: object) -> Reply:
    return Reply(json.dumps(value).encode(), 200, {"Content-Type": "application/json"})


@pytest.fixture(scope="package")
def wikibase(demo_data: Path) -> PrivateWikibase:
    return PrivateWikibase(demo_data / "wikibase")


@pytest.fixture(scope="package")
def guarded_with_policy(
    demo_data: Path, wikibase: PrivateWikibase, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[LocalProject, str]]:
    """The project, and the policy that its bucket was given."""
    project = LocalProject(
        demo_data,
        tmp_path_factory.mktemp("guarded"),
        context={"web_auth": "password", "wikibase_secret_name": SECRET},
        enforce_iam=True,
        wait_scale=0,
    )
    if project.wikibase:
        project.wikibase.stop()
    project.wikibase = wikibase
    with project:
        secrets = project.aws.client("secretsmanager")
        secrets.create_secret(Name=SECRET, SecretString=json.dumps(BOT))
        _refer_to_the_secret_by_its_arn(project)
        s3, bucket = project.aws.client("s3"), project.bucket.name
        policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
        # It lets in TLS only, which the local AWS does not speak.
        s3.delete_bucket_policy(Bucket=bucket)
        project.upload_inputs()
        yield project, policy


def _refer_to_the_secret_by_its_arn(project: LocalProject) -> None:
    """In AWS `Ref` of a secret is its ARN, which policies want; in the local AWS it is its name."""
    iam, name = project.aws.client("iam"), project.outputs["PageLogin"].rpartition(" ")[2]
    arn = project.aws.client("secretsmanager").describe_secret(SecretId=name)["ARN"]
    role = _role(iam, "Web")["RoleName"]
    [policy] = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=policy)["PolicyDocument"]
    [statement] = [s for s in document["Statement"] if s["Resource"] == name]
    statement["Resource"] = arn
    iam.put_role_policy(RoleName=role, PolicyName=policy, PolicyDocument=json.dumps(document))


def _role(iam: Any, step: str) -> dict[str, str]:
    roles = iam.list_roles()["Roles"]
    [role] = [r for r in roles if r["RoleName"].split("-")[1].startswith(ROLES[step])]
    found: dict[str, str] = role
    return found


@pytest.fixture(scope="package")
def guarded(guarded_with_policy: tuple[LocalProject, str]) -> LocalProject:
    return guarded_with_policy[0]


@pytest.fixture(scope="package")
def bucket_policy(guarded_with_policy: tuple[LocalProject, str]) -> str:
    return guarded_with_policy[1]


@pytest.fixture(scope="package")
def page_secret(guarded: LocalProject) -> str:
    """The name of the secret with the page's password."""
    return guarded.outputs["PageLogin"].rpartition(" ")[2]


@pytest.fixture(scope="package")
def client_of(guarded: LocalProject) -> Client:
    """A client of a service, with the rights of a step's function and no others."""
    iam, sts = guarded.aws.client("iam"), guarded.aws.client("sts")

    def client(step: str, service: str) -> Any:
        arn = _role(iam, step)["Arn"]
        keys = sts.assume_role(RoleArn=arn, RoleSessionName="test")["Credentials"]
        return boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url=guarded.aws.endpoint_url,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )

    return client
