"""Where a command works: an AWS account and region, or the local AWS, and the stack in it."""

import os
import shlex
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from cli import local_aws
from cli.errors import Unreachable, Wrong

if TYPE_CHECKING:
    from vibe_checker.bucket import Bucket

BUCKET_PARAMETER = "/vibe-checker/bucket-name"
# The emulator's own root, and a region for those who have set none.
_LOCAL_DEFAULTS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_REGION": "us-east-1",
}
# Connections for the many small reads of a listing.
_CONNECTIONS = 32


@dataclass(frozen=True)
class Where:
    """One stack somewhere; what it consists of is asked for when it is needed, and once.

    Region, profile and credentials are found as AWS's own tools find them.
    """

    stack: str = "VibeChecker"
    region: str | None = None
    profile: str | None = None
    endpoint_url: str | None = None
    local: bool = False

    @cached_property
    def environment(self) -> dict[str, str]:
        """What points AWS's tools at a local AWS; empty for the real one."""
        if self.local:
            return local_aws.find()
        if self.endpoint_url:
            return {
                "AWS_ENDPOINT_URL": self.endpoint_url,
                **self._local_defaults(self.endpoint_url),
            }
        return {}

    def _local_defaults(self, endpoint_url: str) -> dict[str, str]:
        """Credentials for an endpoint on this machine, where the user has none set."""
        if urlsplit(endpoint_url).hostname not in ("127.0.0.1", "localhost", "::1"):
            return {}
        if self.profile or "AWS_ACCESS_KEY_ID" in os.environ:
            return {"AWS_REGION": self.region or _LOCAL_DEFAULTS["AWS_REGION"]}
        return {**_LOCAL_DEFAULTS, **({"AWS_REGION": self.region} if self.region else {})}

    @cached_property
    def session(self) -> Any:
        """A boto3 session with the region, the profile and the credentials to use."""
        import boto3

        given = self.environment
        return boto3.Session(
            profile_name=None if given.get("AWS_ACCESS_KEY_ID") else self.profile,
            region_name=given.get("AWS_REGION") or self.region,
            aws_access_key_id=given.get("AWS_ACCESS_KEY_ID"),
            aws_secret_access_key=given.get("AWS_SECRET_ACCESS_KEY"),
        )

    def client(self, service: str) -> Any:
        """A boto3 client."""
        from botocore.config import Config

        endpoint_url = self.environment.get("AWS_ENDPOINT_URL")
        if endpoint_url and urlsplit(endpoint_url).scheme not in ("http", "https"):
            raise Wrong(f"{endpoint_url!r} is no address; one is like http://127.0.0.1:4566.")
        config = Config(max_pool_connections=_CONNECTIONS)
        return self.session.client(service, endpoint_url=endpoint_url, config=config)

    @cached_property
    def bucket(self) -> "Bucket":
        """The stack's bucket, found by its SSM parameter."""
        from vibe_checker.bucket import Bucket

        ssm = self.client("ssm")
        try:
            found = ssm.get_parameter(Name=BUCKET_PARAMETER)
        except ssm.exceptions.ParameterNotFound:
            raise self._no_stack() from None
        return Bucket(self.client("s3"), found["Parameter"]["Value"])

    @cached_property
    def outputs(self) -> dict[str, str]:
        """The stack's outputs, by name."""
        from botocore.exceptions import ClientError

        try:
            stacks = self.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"]
        except ClientError as error:
            if error.response["Error"].get("Code") == "ValidationError":
                raise self._no_stack() from error
            raise
        return {each["OutputKey"]: each["OutputValue"] for each in stacks[0].get("Outputs", [])}

    @cached_property
    def state_machine(self) -> str:
        """The ARN of the state machine that runs are executions of."""
        try:
            return self.outputs["StateMachineArn"]
        except KeyError:
            raise Unreachable(
                f"The stack {self.stack} has no output StateMachineArn: it is not a Vibe Checker, "
                "or not deployed to its end. Deploy it again, or name another with --stack."
            ) from None

    @cached_property
    def executions(self) -> Any:
        """A Step Functions client."""
        return self.client("stepfunctions")

    @property
    def options(self) -> str:
        """What to repeat on a command line so that it works on the same stack."""
        if self.local:
            return " --local"
        given = {
            "--stack": (self.stack, os.environ.get("VIBE_CHECKER_STACK", Where.stack)),
            "--region": (self.region, _first_set("AWS_REGION", "AWS_DEFAULT_REGION")),
            "--profile": (self.profile, os.environ.get("AWS_PROFILE")),
            "--endpoint-url": (self.endpoint_url, os.environ.get("AWS_ENDPOINT_URL")),
        }
        return "".join(
            f" {option} {shlex.quote(value)}"
            for option, (value, anyway) in given.items()
            if value and value != anyway
        )

    def _no_stack(self) -> Unreachable:
        return Unreachable(
            f"There is no stack {self.stack} in {self._place}. Deploy it (npx aws-cdk@2 deploy), "
            "name another with --stack, --region or --profile, or use --local beside `make demo`."
        )

    @property
    def _place(self) -> str:
        if self.environment:
            return f"the local AWS at {self.environment.get('AWS_ENDPOINT_URL')}"
        return f"the region {self.session.region_name}"


def _first_set(*names: str) -> str | None:
    return next((os.environ[name] for name in names if os.environ.get(name)), None)
