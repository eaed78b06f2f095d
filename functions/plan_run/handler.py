"""PlanRun: read what was asked, pin the inputs' versions, write the list to map over."""

import os
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from vibe_checker import keys
from vibe_checker.bucket import Bucket
from vibe_checker.observing import Step
from vibe_checker.runs.plan import Execution, Settings, plan, run_id_of

BUCKET = os.environ["BUCKET"]
SETTINGS = Settings(
    threshold=float(os.environ["SIMILARITY_THRESHOLD"]),
    minimum=int(os.environ["MINIMUM_CANDIDATES"]),
    maximum=int(os.environ["MAXIMUM_CANDIDATES"]),
    shard_size=int(os.environ["SHARD_SIZE"]),
)

step = Step()
bucket = Bucket(boto3.client("s3"), BUCKET)


@step.handler
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`{"execution": {"arn", "started_at"}, "input"}` → the run's id and where its list lies."""
    execution = Execution(**event["execution"])
    step.about(run_id=run_id_of(execution, event["input"]))
    planned = plan(bucket, SETTINGS, execution, event["input"])
    step.report("planned", concepts=planned.concept_count)
    return {"run_id": planned.run_id, "concepts_key": keys.run_concepts(planned.run_id)}
