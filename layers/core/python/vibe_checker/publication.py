"""Make one classifier's predictions visible, all at once.

Readers list only what has a classifier.json and read the versions that it names. So it is written
last: until then they see the files of the run before, or nothing.
"""

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from vibe_checker import keys
from vibe_checker.bucket import Bucket
from vibe_checker.concept import Concept
from vibe_checker.errors import TooLarge
from vibe_checker.runs.plan import Plan

PREDICTIONS = "predictions.jsonl"
CONCEPT = "concept.json"
CLASSIFIER = "classifier.json"
# PublishPredictions joins them on its disk of 4 GiB, and S3 takes 5 GB in one request.
LARGEST_PREDICTIONS_BYTES = 3_500_000_000


def publish(
    bucket: Bucket, plan: Plan, concept: Concept, name: str, shards: list[dict[str, Any]]
) -> dict[str, Any]:
    """Publish the staged predictions of the classifier `name`; returns how it ended.

    `shards` holds the counts of each shard in order: passages, positives, seconds.
    """
    run_id, concept_id = plan.run_id, concept.wikibase_id
    card = bucket.read_json(keys.work_classifier(run_id, concept_id, name))
    counts = {key: sum(shard[key] for shard in shards) for key in ("passages", "positives")}
    prefix = keys.output_prefix(concept_id, card["id"])
    _check_size(bucket, keys.work_classifier(run_id, concept_id, name))
    with TemporaryDirectory() as directory:
        whole = _joined(bucket, run_id, concept_id, name, len(shards), Path(directory))
        predictions = bucket.upload(whole, prefix + PREDICTIONS, "application/jsonl")
    described = bucket.write_json(prefix + CONCEPT, concept.model_dump(mode="json"))
    record = {
        **{key: card.pop(key) for key in ("id", "name")},
        "date": plan.started_at[:10],
        **card,
        # So that a list of 10,000 concepts need not read their concept.json as well.
        "concept": {
            "preferred_label": concept.preferred_label,
            "description": concept.description,
        },
        "run_id": run_id,
        "counts": counts,
        "settings": asdict(plan.settings),
        "inputs": {key: pin.version_id for key, pin in plan.inputs.items()},
        "versions": {PREDICTIONS: predictions, CONCEPT: described},
    }
    bucket.write_json(prefix + CLASSIFIER, record)
    return {
        "name": name,
        "classifier_id": record["id"],
        "kind": record["kind"],
        **counts,
        "seconds": round(sum(shard["seconds"] for shard in shards), 3),
    }


def _check_size(bucket: Bucket, staged: str) -> None:
    """Raise TooLarge, before anything is fetched, for what would not fit."""
    pins = bucket.listed(staged.removesuffix(CLASSIFIER))
    size = sum(pin.size for pin in pins if pin.key.endswith(".jsonl"))
    if size > LARGEST_PREDICTIONS_BYTES:
        raise TooLarge(
            f"The predictions take {size / 1e6:,.0f} MB; at most "
            f"{LARGEST_PREDICTIONS_BYTES / 1e6:,.0f} MB can be published as one file. Lower "
            "maximum_candidates, or cut the passages shorter."
        )


def _joined(
    bucket: Bucket, run_id: str, concept_id: str, name: str, shards: int, directory: Path
) -> Path:
    """A file with the lines of all shards, in their order."""
    path = directory / PREDICTIONS
    with path.open("wb") as whole:
        for shard in range(shards):
            whole.write(bucket.read(keys.work_predictions(run_id, concept_id, name, shard)))
    return path
