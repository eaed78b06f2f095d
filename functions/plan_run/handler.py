"""PlanRun: read what was asked, pin the inputs' versions, write the list to map over."""

import os
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from vibe_checker import bucket as keys
from vibe_checker.bucket import Bucket
from vibe_checker.runs.plan import Execution, Settings, plan

BUCKET = os.environ["BUCKET"]
SETTINGS = Settings(
    threshold=float(os.environ["SIMILARITY_THRESHOLD"]),
    minimum=int(os.environ["MINIMUM_CANDIDATES"]),
    maximum=int(os.environ["MAXIMUM_CANDIDATES"]),
    shard_size=int(os.environ["SHARD_SIZE"]),
)

logger = Logger()
bucket = Bucket(boto3.client("s3"), BUCKET)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`{"execution": {"arn", "started_at"}, "input"}` → the run's id and where its list lies."""
    planned = plan(bucket, SETTINGS, Execution(**event["execution"]), event["input"])
    logger.info("planned", run_id=planned.run_id, concepts=planned.concept_count)
    return {"run_id": planned.run_id, "concepts_key": keys.run_concepts(planned.run_id)}
