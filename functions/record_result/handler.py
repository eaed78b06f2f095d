"""RecordResult: how a concept whose classifiers have all ended came out."""

import os
from datetime import UTC, datetime
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from vibe_checker.bucket import Bucket
from vibe_checker.observing import Step
from vibe_checker.runs.results import record_result

BUCKET = os.environ["BUCKET"]

step = Step()
bucket = Bucket(boto3.client("s3"), BUCKET)


@step.handler
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    """`{"run_id", "concept_id", "started_at", "outcomes"}` → a file in the bucket."""
    started_at = datetime.fromisoformat(event["started_at"])
    seconds = (datetime.now(UTC) - started_at).total_seconds()
    record_result(bucket, event["run_id"], event["concept_id"], event["outcomes"], seconds)
    step.report("recorded", classifiers=len(event["outcomes"]))
