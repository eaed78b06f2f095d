"""RecordFailure: why a concept, or one of its classifiers, failed."""

import os
from datetime import UTC, datetime
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from vibe_checker.bucket import Bucket
from vibe_checker.observing import Step
from vibe_checker.runs.results import Failure, record_failure

BUCKET = os.environ["BUCKET"]

step = Step()
bucket = Bucket(boto3.client("s3"), BUCKET)


@step.handler
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`{"run_id", "concept_id", "started_at", "classifier"?, "error"}` → the failure in short.

    A classifier's failure becomes one of the concept's outcomes; a concept's own ends the concept
    and goes to the bucket.
    """
    run_id, concept_id = event["run_id"], event["concept_id"]
    failure = Failure.caught(event["error"])
    outcome: dict[str, Any] = {"error": failure.as_json()}
    if "classifier" in event:
        outcome = {"name": event["classifier"]["name"], **outcome}
    else:
        started_at = datetime.fromisoformat(event["started_at"])
        seconds = (datetime.now(UTC) - started_at).total_seconds()
        record_failure(bucket, run_id, concept_id, failure, seconds)
    step.report("recorded a failure", outcome=outcome)
    return outcome
