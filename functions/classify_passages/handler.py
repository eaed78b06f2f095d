"""ClassifyPassages: one classifier's predictions for one shard of a concept's candidates."""

import os
import time
from functools import lru_cache
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext

from vibe_checker import keys, passages, predictions
from vibe_checker.bucket import Bucket
from vibe_checker.classifiers import Classifier, check_size, checked_model_name, open_classifier
from vibe_checker.concept import Concept
from vibe_checker.local_copies import LocalCopies
from vibe_checker.observing import Step
from vibe_checker.runs.plan import model_files

if TYPE_CHECKING:
    from vibe_checker.classifiers.directory import ModelDirectory

BUCKET = os.environ["BUCKET"]

step = Step()
bucket = Bucket(boto3.client("s3"), BUCKET)
copies = LocalCopies(bucket, Path(gettempdir()) / "vibe-checker")


# The last model opened, by its files' content: what other concepts and later runs share with
# the last shard is not opened again.
models: dict[tuple[object, ...], "ModelDirectory"] = {}


@lru_cache(maxsize=1)
def opened(run_id: str, concept_id: str, name: str, is_model: bool, memory: int) -> Classifier:
    """The classifier, opened once for all shards of a concept that this container works off."""
    concept = Concept.model_validate(bucket.read_json(keys.work_concept(run_id, concept_id)))
    directory = model(run_id, concept_id, name, memory) if is_model else None
    return open_classifier(name, directory, concept)


def model(run_id: str, concept_id: str, name: str, memory: int) -> "ModelDirectory":
    """The files of a classifier, with the graph where it is open already."""
    from vibe_checker.classifiers.directory import ModelDirectory

    prefix = keys.classifier_prefix(concept_id, checked_model_name(name))
    files = model_files(bucket, run_id, concept_id)[name]
    check_size(name, files, memory)
    content = tuple((pin.key.removeprefix(prefix), pin.size, pin.etag) for pin in files)
    if content not in models:
        models.clear()
        directory = copies.tree(files, prefix)
        models[content] = ModelDirectory(name, directory, threads=os.cpu_count() or 1)
    return models[content]


@step.handler
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """`{"run_id", "concept_id", "classifier", "shard"}` → counts; the lines go to the bucket."""
    started = time.perf_counter()
    run_id, concept_id, shard = event["run_id"], event["concept_id"], event["shard"]
    name, is_model = event["classifier"]["name"], event["classifier"]["model"]
    memory = int(context.memory_limit_in_mb) << 20
    classifier = opened(run_id, concept_id, name, is_model, memory)
    candidates = passages.from_bytes(bucket.read(keys.work_candidates(run_id, concept_id, shard)))
    found = classifier.predict(candidates)
    body = b"".join(predictions.lines(candidates, found, concept_id))
    bucket.write(keys.work_predictions(run_id, concept_id, name, shard), body)
    bucket.write_json(keys.work_classifier(run_id, concept_id, name), classifier.card.as_json())
    positives = found.positives
    seconds = round(time.perf_counter() - started, 3)
    step.report("classified", passages=len(found), positives=positives, seconds=seconds)
    return {"passages": len(found), "positives": positives, "seconds": seconds}
