"""A bucket by moto, for what a real emulator would add nothing to."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from vibe_checker.bucket import Bucket


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="vibes")
        client.put_bucket_versioning(Bucket="vibes", VersioningConfiguration={"Status": "Enabled"})
        yield Bucket(client, "vibes")
