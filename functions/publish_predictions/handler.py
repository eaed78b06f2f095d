"""PublishPredictions: one classifier's predictions, put where readers look, all at once."""

import os
from functools import lru_cache
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from vibe_checker import keys
from vibe_checker.bucket import Bucket
from vibe_checker.concept import Concept
from vibe_checker.observing import Step
from vibe_checker.publication import publish
from vibe_checker.runs.plan import Plan

BUCKET = os.environ["BUCKET"]

step = Step()
bucket = Bucket(boto3.client("s3"), BUCKET)


@lru_cache(maxsize=1)
def plan(run_id: str) -> Plan:
    """The run's plan, read once for all that this container publishes."""
    return Plan.load(bucket, run_id)


@step.handler
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`{"run_id", "concept_id", "classifier", "shards"}` → how the classifier ended."""
    run_id, concept_id, name = event["run_id"], event["concept_id"], event["classifier"]["name"]
    concept = Concept.model_validate(bucket.read_json(keys.work_concept(run_id, concept_id)))
    outcome = publish(bucket, plan(run_id), concept, name, event["shards"])
    step.report(
        "published",
        classifier_id=outcome["classifier_id"],
        passages=outcome["passages"],
        positives=outcome["positives"],
    )
    return outcome
