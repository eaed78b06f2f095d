"""An AWS on this machine: S3, Step Functions, EventBridge, Lambda and the rest, by MiniStack.

```python
with LocalAws(Path(".cache/aws")) as aws:
    outputs = aws.deploy(Path("cdk.out"), "VibeChecker")
    aws.client("s3").upload_file("concepts.yml", outputs["BucketName"], "concepts.yml")
```
Neither an account nor Docker: functions run as local processes under AWS's own Python runtime.
Everything listens on 127.0.0.1 and ends with this process, however this process ends.
"""

from pathlib import Path
from types import TracebackType
from typing import Any

import boto3
from botocore.config import Config

from local import deploy
from local.emulator import CREDENTIALS, REGION, Emulator

# Two invocations for each of a small machine's cores: more of them only wait for one another.
CONCURRENCY = 4
# The longest that a Lambda function runs (900 s), and some waiting for its turn before that.
READ_TIMEOUT_SECONDS = 1800
# Synthesised templates ask for the version of the bootstrap stack; the emulator needs no other
# part of it.
BOOTSTRAP_PARAMETER, BOOTSTRAP_VERSION = "/cdk-bootstrap/hnb659fds/version", "30"


class LocalAws:
    """The emulator, its functions' processes, and clients for it; a context manager.

    `state_dir` keeps the logs (`logs/{function}.log`, `emulator.log`) and the unpacked images;
    buckets and stacks live in memory and end with the emulator. `enforce_iam` makes each call
    answer to the policies of the role that makes it. Of more than `concurrency` invocations at
    once, the rest wait for their turn. `wait_scale` multiplies what Step Functions waits, between
    retries too, so that a test of them need not wait.
    """

    def __init__(
        self,
        state_dir: Path,
        *,
        enforce_iam: bool = False,
        concurrency: int = CONCURRENCY,
        wait_scale: float = 1.0,
    ) -> None:
        self.state_dir = state_dir.resolve()
        self._emulator = Emulator(self.state_dir, enforce_iam, concurrency, wait_scale)

    def start(self) -> None:
        """Start the emulator, and return when it answers."""
        self._emulator.start()

    def stop(self) -> None:
        """End the emulator and its functions' processes; harmless if it is not running."""
        self._emulator.stop()

    @property
    def endpoint_url(self) -> str:
        return self._emulator.endpoint_url

    @property
    def logs(self) -> Path:
        """Where each function's log is, as `{function name}.log`."""
        return self.state_dir / "logs"

    def client(self, service: str) -> Any:
        """A boto3 client of the emulator's root, whatever the user's own AWS settings are."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint_url,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
            config=Config(read_timeout=READ_TIMEOUT_SECONDS, max_pool_connections=50),
        )

    def environment(self) -> dict[str, str]:
        """What points the `aws` command, boto3 or our own command at the emulator."""
        return {
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
        }

    def deploy(self, cdk_out: Path, stack_name: str) -> dict[str, str]:
        """Create or update a synthesised stack; its outputs, or DeploymentError.

        `cdk_out` is what `cdk synth` wrote; the template is deployed unchanged.
        """
        self.client("ssm").put_parameter(
            Name=BOOTSTRAP_PARAMETER, Value=BOOTSTRAP_VERSION, Type="String", Overwrite=True
        )
        images = self.state_dir / "images"
        template = deploy.publish_assets(cdk_out, stack_name, self.client("s3"), images)
        url = f"{self.endpoint_url}/{template}"
        return deploy.deploy(self.client("cloudformation"), stack_name, url)

    def __enter__(self) -> "LocalAws":
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
