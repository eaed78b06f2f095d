"""The command as a shell would call it, on a bucket in memory or on the local AWS."""

from collections.abc import Callable, Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner, Result

from cli.main import app
from vibe_checker.bucket import Bucket

Invoke = Callable[..., Result]


@pytest.fixture
def invoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Invoke:
    """Call the command with arguments; no local AWS of another terminal is found."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return lambda *arguments: CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An empty account."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    with mock_aws():
        yield


@pytest.fixture
def bucket(aws: None) -> Bucket:
    """A versioned bucket, found as the stack's is."""
    client = boto3.client("s3", region_name="eu-west-1")
    place = {"LocationConstraint": "eu-west-1"}
    client.create_bucket(Bucket="vibes", CreateBucketConfiguration=place)  # type: ignore[arg-type]
    client.put_bucket_versioning(Bucket="vibes", VersioningConfiguration={"Status": "Enabled"})
    boto3.client("ssm", region_name="eu-west-1").put_parameter(
        Name="/vibe-checker/bucket-name", Value="vibes", Type="String"
    )
    return Bucket(client, "vibes")
