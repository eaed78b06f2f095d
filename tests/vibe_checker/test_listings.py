from collections.abc import Iterator
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws

from vibe_checker.bucket import Bucket
from vibe_checker.reading.listings import quicken

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def client() -> "S3Client":
    return boto3.client("s3", "us-east-1", aws_access_key_id="test", aws_secret_access_key="test")


@pytest.fixture
def buckets() -> Iterator[tuple[Bucket, Bucket]]:
    """One bucket as botocore lists it, and as it does so quickened."""
    with mock_aws():
        plain, quick = client(), client()
        quicken(quick)
        plain.create_bucket(Bucket="outputs")
        yield Bucket(plain, "outputs"), Bucket(quick, "outputs")


def test_a_quickened_listing_says_the_same(buckets: tuple[Bucket, Bucket]) -> None:
    plain, quick = buckets
    for key in ("Q1/a/x.json", "Q1/a & <b>/é+x%20.json", "Q2/b/x.json", "other"):
        plain.write(key, key.encode())
    assert list(quick.listed("Q")) == list(plain.listed("Q"))
    assert len(list(quick.listed("Q"))) == 3
    assert list(quick.listed("nothing")) == []
    assert list(quick.folders("Q1/")) == list(plain.folders("Q1/"))
    assert list(quick.listed("", deep=False)) == list(plain.listed("", deep=False))


def test_every_page_of_a_long_listing_is_read(buckets: tuple[Bucket, Bucket]) -> None:
    plain, quick = buckets
    for number in range(1_003):
        plain.write(f"Q{number}", b"")
    assert len(list(quick.listed("Q"))) == 1_003
