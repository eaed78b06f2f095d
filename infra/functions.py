"""The functions: one container image for the heavy ones, zip files with layers for the others."""

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from aws_cdk import Duration, RemovalPolicy, Size
from aws_cdk import aws_ecr_assets as ecr_assets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.layers import ROOT, core_layer, dependencies_layer, runtime
from infra.nag import acknowledge
from infra.settings import PYTHON_VERSION

# The image's context is the whole repository seen through this: an edit elsewhere leaves the
# image's hash, and so the deployed functions, as they are.
_IMAGE_CONTEXT = ["**", "!functions", "!functions/**", "!layers", "!layers/core"]
_IMAGE_CONTEXT += ["!layers/core/**", "**/__pycache__", "**/*.pyc"]

# For what models and large files need. The most that new accounts are given (Lambda refuses to make
# a larger function there, and the whole deployment with it): 1.7 cores, a core being 1,769 MB.
HEAVY = Size.mebibytes(3008)


class Functions:
    """Makes the functions in `scope`; `environment` is what each of them is given."""

    def __init__(self, scope: Construct, *, environment: Mapping[str, str]) -> None:
        self._scope = scope
        self._environment = dict(environment)

    @cached_property
    def _layers(self) -> list[lambda_.LayerVersion]:
        return [core_layer(self._scope), dependencies_layer(self._scope)]

    def image(
        self,
        name: str,
        *,
        memory: Size,
        timeout: Duration,
        storage: Size | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> lambda_.DockerImageFunction:
        """A function from the image: `name` "FindPassages" runs functions/find_passages."""
        return lambda_.DockerImageFunction(
            self._scope,
            name,
            code=lambda_.DockerImageCode.from_image_asset(
                str(ROOT),
                file="functions/Dockerfile",
                cmd=[f"functions.{_folder(name)}.handler.handler"],
                exclude=_IMAGE_CONTEXT,
                build_args={"PYTHON_VERSION": PYTHON_VERSION},
                platform=ecr_assets.Platform.LINUX_AMD64,
            ),
            architecture=lambda_.Architecture.X86_64,
            memory_size=int(memory.to_mebibytes()),
            timeout=timeout,
            ephemeral_storage_size=storage,
            environment={**self._environment, **(environment or {}), **_named(name)},
            **self._observed(name),
        )

    def zip(
        self,
        name: str,
        *,
        memory: Size,
        timeout: Duration,
        environment: Mapping[str, str] | None = None,
    ) -> lambda_.Function:
        """A function from a zip file and the layers: `name` "PlanRun" runs functions/plan_run."""
        function = lambda_.Function(
            self._scope,
            name,
            code=lambda_.Code.from_asset(
                str(Path(ROOT, "functions", _folder(name))), exclude=["**/__pycache__", "**/*.pyc"]
            ),
            handler="handler.handler",
            runtime=runtime(),
            layers=self._layers,
            architecture=lambda_.Architecture.X86_64,
            memory_size=int(memory.to_mebibytes()),
            timeout=timeout,
            environment={**self._environment, **(environment or {}), **_named(name)},
            **self._observed(name),
        )
        reason = "the newest that the image's and the layer's wheels were seen to work with"
        acknowledge(function, "L1", reason)
        return function

    def _observed(self, name: str) -> dict[str, Any]:
        """A log that expires, traces, and a role that may write these two and nothing else."""
        log = logs.LogGroup(
            self._scope,
            f"{name}Logs",
            retention=logs.RetentionDays.THREE_MONTHS,
            removal_policy=RemovalPolicy.DESTROY,
        )
        role = iam.Role(
            self._scope,
            f"{name}Role",
            assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"),
        )
        log.grant_write(role)
        acknowledge(role, "IAM5[Resource::*]", "X-Ray knows no resources; it takes traces, no more")
        return {"log_group": log, "role": role, "tracing": lambda_.Tracing.ACTIVE}


def _named(name: str) -> dict[str, str]:
    return {"POWERTOOLS_SERVICE_NAME": name}


def _folder(name: str) -> str:
    """ "FindPassages" → "find_passages"."""
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")
