"""FetchConcept: the concept as Wikibase has it now, staged for the steps that follow."""

import json
import os
from functools import cache
from typing import Any

import boto3
import httpx
from aws_lambda_powertools.utilities.typing import LambdaContext

from vibe_checker import keys
from vibe_checker.bucket import Bucket
from vibe_checker.mediawiki import Credentials
from vibe_checker.observing import Step
from vibe_checker.wikibase import Properties, WikibaseClient

BUCKET = os.environ["BUCKET"]
WIKIBASE_URL = os.environ["WIKIBASE_URL"]
WIKIBASE_PROPERTIES = Properties(**json.loads(os.environ["WIKIBASE_PROPERTIES"]))
# Empty where the Wikibase is read without a login.
WIKIBASE_SECRET = os.environ["WIKIBASE_SECRET"]

step = Step()
bucket = Bucket(boto3.client("s3"), BUCKET)


@cache
def wikibase() -> WikibaseClient:
    """The client, logged in once for as long as this function's container lives."""
    credentials = None
    if WIKIBASE_SECRET:
        secret = boto3.client("secretsmanager").get_secret_value(SecretId=WIKIBASE_SECRET)
        credentials = Credentials(**json.loads(secret["SecretString"]))
    return WikibaseClient(httpx.Client(), WIKIBASE_URL, WIKIBASE_PROPERTIES, credentials)


@step.handler
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`{"run_id", "concept_id"}` → the label; the concept itself goes to the bucket."""
    run_id, concept_id = event["run_id"], event["concept_id"]
    concept = wikibase().fetch_concept(concept_id)
    bucket.write_json(keys.work_concept(run_id, concept_id), concept.model_dump(mode="json"))
    step.report("fetched", labels=len(concept.all_labels), revision=concept.revision)
    return {"label": concept.preferred_label}
