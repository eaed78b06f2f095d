"""SummariseRun: how a run ended, from how its concepts ended."""

import os
from datetime import UTC, datetime
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from vibe_checker.bucket import Bucket
from vibe_checker.errors import RunFailed
from vibe_checker.observing import Step
from vibe_checker.runs.results import cause, summarise

BUCKET = os.environ["BUCKET"]

step = Step()
bucket = Bucket(boto3.client("s3"), BUCKET)


@step.handler
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`{"run_id"}` → `{"status", "error", "cause"}`; the summary goes to the bucket."""
    summary = summarise(bucket, event["run_id"], datetime.now(UTC))
    failed = len(summary["failed_concepts"])
    step.report("summarised", status=summary["status"], failed_concepts=failed)
    return {
        "status": summary["status"],
        "error": RunFailed.__name__,
        "cause": cause(BUCKET, summary),
    }
