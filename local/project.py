"""The project as it would stand in AWS, on this machine: deployed, with its inputs uploaded.

with LocalProject(data, Path(".cache/local-aws")) as project:
    project.upload_inputs()
    execution = project.start({"concept_ids": ["Q69"]})
    project.wait(execution)
"""

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import UTC
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from local.aws import LocalAws
from local.wikibase import LocalWikibase
from vibe_checker.bucket import Bucket
from vibe_checker.keys import CONCEPTS
from vibe_checker.runs.plan import Execution, run_id_of

ROOT = Path(__file__).parents[1]
STACK = "VibeChecker"
# How often to look whether an execution has ended; nothing is pushed to those who wait.
_POLL_SECONDS = 0.2
_EVENT_SECONDS = 60


class DirectoryError(Exception):
    """A data directory is not laid out as the bucket's input part."""


class LocalProject:
    """The local AWS with our stack in it, and a Wikibase beside it; a context manager.

    `data` is laid out as the bucket's input part, with the Wikibase's items in `wikibase/`.
    `context` holds settings (infra/settings.py) for the synthesis; without a `wikibase/` the
    stack fetches concepts from the Wikibase that they name. `wait_scale` multiplies the waits
    between the state machine's retries.
    """

    def __init__(
        self,
        data: Path,
        state_dir: Path,
        *,
        context: dict[str, Any] | None = None,
        enforce_iam: bool = False,
        wait_scale: float = 1.0,
    ) -> None:
        if not (data / CONCEPTS).is_file():
            raise DirectoryError(f"{data} has no {CONCEPTS}; lay it out as the bucket's inputs.")
        self.data = data
        self.state_dir = state_dir.resolve()
        self.aws = LocalAws(self.state_dir, enforce_iam=enforce_iam, wait_scale=wait_scale)
        self.wikibase = LocalWikibase(data / "wikibase") if (data / "wikibase").is_dir() else None
        # Nothing but this machine reaches 127.0.0.1, so the page asks for no password here.
        self._context = {"web_auth": "open", **(context or {})}
        self._exit = ExitStack()
        self.outputs: dict[str, str] = {}

    def __enter__(self) -> "LocalProject":
        with ExitStack() as stack:
            if self.wikibase:
                stack.enter_context(self.wikibase)
                self._context["wikibase_url"] = self.wikibase.url
            stack.enter_context(self.aws)
            self.deploy()
            self._exit = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._exit.close()

    def deploy(self, **context: Any) -> None:
        """Synthesise with the project's settings and `context`, and create or update the stack."""
        cdk_out = self.state_dir / "cdk.out"
        synthesise(cdk_out, {**self._context, **context})
        self.outputs = self.aws.deploy(cdk_out, STACK)

    @cached_property
    def bucket(self) -> Bucket:
        """The project's bucket, with the rights of an administrator."""
        return Bucket(self.aws.client("s3"), self.outputs["BucketName"])

    @cached_property
    def _executions(self) -> Any:
        return self.aws.client("stepfunctions")

    @property
    def page_address(self) -> str:
        """Where the page is on this machine; the stack's own output names a host in AWS."""
        host = urlsplit(self.outputs["PageAddress"]).netloc
        return f"{self.aws.endpoint_url}/_aws/execute-api/{host.split('.')[0]}/$default/"

    def upload_inputs(self) -> None:
        """Upload everything of the data directory but concepts.yml, which would start a run."""
        for folder, _, names in os.walk(self.data, followlinks=True):
            for path in (Path(folder, name) for name in names):
                key = path.relative_to(self.data).as_posix()
                if key != CONCEPTS and not key.startswith(("wikibase/", ".")):
                    self.bucket.upload(path, key, "application/octet-stream")

    def upload_concepts(self) -> None:
        """Upload concepts.yml, which starts a run by itself."""
        self.bucket.upload(self.data / CONCEPTS, CONCEPTS, "application/yaml")

    def start_by_upload(self) -> str:
        """Upload concepts.yml; returns the execution that this starts, a moment later."""
        before = {each["executionArn"] for each in self.executions()}
        self.upload_concepts()
        deadline = time.monotonic() + _EVENT_SECONDS
        while time.monotonic() < deadline:
            for each in self.executions():
                if each["executionArn"] not in before:
                    return str(each["executionArn"])
            time.sleep(_POLL_SECONDS)
        raise TimeoutError(f"uploading {CONCEPTS} started no run in {_EVENT_SECONDS} seconds")

    def start(self, given: object) -> str:
        """Start the state machine with an input, as the console would; returns the execution."""
        answer = self._executions.start_execution(
            stateMachineArn=self.outputs["StateMachineArn"], input=json.dumps(given)
        )
        return str(answer["executionArn"])

    def executions(self) -> list[dict[str, Any]]:
        """The executions of the state machine, the newest first, without the Map's children."""
        listed = self._executions.list_executions(stateMachineArn=self.outputs["StateMachineArn"])[
            "executions"
        ]
        own = f":execution:{self.outputs['StateMachineArn'].rsplit(':', 1)[-1]}:"
        return [each for each in listed if own in each["executionArn"]]

    def describe(self, execution: str) -> dict[str, Any]:
        """An execution as Step Functions describes it: status, error, cause, output ..."""
        described: dict[str, Any] = self._executions.describe_execution(executionArn=execution)
        return described

    def run_of(self, execution: str) -> str:
        """The id of the run that an execution works for."""
        described = self.describe(execution)
        started_at = described["startDate"].astimezone(UTC).isoformat()
        return run_id_of(Execution(execution, started_at), json.loads(described["input"]))

    def wait(self, execution: str, seconds: float = 600) -> dict[str, Any]:
        """The execution's description once it has ended; TimeoutError if it does not in time."""
        deadline = time.monotonic() + seconds
        while (described := self.describe(execution))["status"] == "RUNNING":
            if time.monotonic() > deadline:
                raise TimeoutError(f"{execution} still runs after {seconds:.0f} seconds")
            time.sleep(_POLL_SECONDS)
        return described


def synthesise(cdk_out: Path, context: dict[str, Any]) -> None:
    """Write the cloud assembly, as `cdk synth` would; settings in `context`."""
    environment = {
        **os.environ,
        "CDK_OUTDIR": str(cdk_out),
        "CDK_CONTEXT_JSON": json.dumps(context),
    }
    subprocess.run([sys.executable, str(ROOT / "app.py")], cwd=ROOT, env=environment, check=True)
