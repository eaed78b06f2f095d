"""FindPassages: the passages that may be about a concept, staged in shards."""

import os
from functools import lru_cache
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from vibe_checker import keys, passages
from vibe_checker.bucket import Bucket
from vibe_checker.classifiers import takes_embeddings
from vibe_checker.concept import Concept
from vibe_checker.dataset import DataSet
from vibe_checker.embedder import Embedder
from vibe_checker.local_copies import LocalCopies
from vibe_checker.observing import Step
from vibe_checker.runs.history import check_events
from vibe_checker.runs.plan import Plan, model_files

BUCKET = os.environ["BUCKET"]

step = Step()
bucket = Bucket(boto3.client("s3"), BUCKET)
copies = LocalCopies(bucket, Path(gettempdir()) / "vibe-checker")


@lru_cache(maxsize=1)
def opened(run_id: str) -> tuple[Plan, DataSet]:
    """The run's plan and its data set, opened once for all of the run's concepts."""
    plan = Plan.load(bucket, run_id)
    model = copies.tree(plan.embedder, keys.embedder_prefix(plan.embedding_model))
    metadata = plan.inputs[keys.EMBEDDINGS_METADATA]
    return plan, DataSet(
        copies.file(plan.inputs[keys.PASSAGES]),
        copies.file(plan.inputs[keys.EMBEDDINGS]),
        bucket.read_json(metadata.key, metadata.version_id),
        Embedder(plan.embedding_model, model, threads=os.cpu_count() or 1),
    )


def models(event: dict[str, Any]) -> list[list[str]]:
    """The keys of the files of each model that will run."""
    wanted = [each["name"] for each in event["classifiers"] if each["model"]]
    if not wanted:
        return []
    files = model_files(bucket, event["run_id"], event["concept_id"])
    return [[pin.key for pin in files[name]] for name in wanted]


@step.handler
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`{"run_id", "concept_id", "classifiers"}` → the numbers of the shards.

    The passages go to the bucket, with their embeddings if a classifier takes them.
    """
    run_id, concept_id = event["run_id"], event["concept_id"]
    plan, data_set = opened(run_id)
    concept = Concept.model_validate(bucket.read_json(keys.work_concept(run_id, concept_id)))
    with_embeddings = any(takes_embeddings(files) for files in models(event))
    found = data_set.candidates(concept, plan.settings, with_embeddings)
    starts = range(0, len(found), plan.settings.shard_size)
    check_events(len(event["classifiers"]), len(starts))
    for shard, start in enumerate(starts):
        body = passages.to_bytes(found.slice(start, plan.settings.shard_size))
        bucket.write(keys.work_candidates(run_id, concept_id, shard), body)
    step.report("found", passages=len(found), shards=len(starts))
    return {"passages": len(found), "shards": list(range(len(starts)))}
