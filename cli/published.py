"""What is published: which concepts have predictions, and by which classifiers."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from vibe_checker import keys
from vibe_checker.bucket import Bucket
from vibe_checker.errors import MissingInput
from vibe_checker.identifiers import ConceptId, concept_number, is_concept_id
from vibe_checker.publication import CLASSIFIER, CONCEPT

_READERS = 32


def concepts(bucket: Bucket) -> list[ConceptId]:
    """Every concept with a folder in the bucket, by number."""
    names = (prefix.rstrip("/") for prefix in bucket.folders("Q"))
    return sorted((ConceptId(name) for name in names if is_concept_id(name)), key=concept_number)


def classifiers(bucket: Bucket, concept_ids: Iterable[str]) -> list[dict[str, Any]]:
    """classifier.json of every published classifier of the concepts, `concept_id` added.

    Sorted by concept, name and date. Folders without that file are not published yet.
    """
    with ThreadPoolExecutor(_READERS) as pool:
        folders = pool.map(lambda each: list(bucket.folders(f"{each}/")), concept_ids)
        prefixes = [prefix for found in folders for prefix in found]
        records = pool.map(lambda prefix: _read(bucket, prefix), prefixes)
        found = [record for record in records if record is not None]
    return sorted(found, key=_order)


def _order(record: dict[str, Any]) -> tuple[int, str, str, str]:
    number = concept_number(ConceptId(record["concept_id"]))
    return number, record["name"], record["date"], record["id"]


def _read(bucket: Bucket, prefix: str) -> dict[str, Any] | None:
    try:
        return {"concept_id": prefix.split("/")[0], **bucket.read_json(prefix + CLASSIFIER)}
    except MissingInput:
        return None


def concept(bucket: Bucket, record: dict[str, Any]) -> dict[str, Any]:
    """The concept.json that belongs to a published classifier, in the version that it names."""
    key = keys.output_prefix(record["concept_id"], record["id"]) + CONCEPT
    found: dict[str, Any] = bucket.read_json(key, record.get("versions", {}).get(CONCEPT))
    return found


def labels_of(bucket: Bucket, results: Iterable[dict[str, Any]]) -> dict[str, str]:
    """Concept id → preferred label, from what the results of a run have published."""
    published = {
        result["concept_id"]: outcome["classifier_id"]
        for result in results
        for outcome in result["classifiers"]
        if "classifier_id" in outcome
    }

    def label(concept_id: str) -> str:
        prefix = keys.output_prefix(concept_id, published[concept_id])
        try:
            return str(bucket.read_json(prefix + CONCEPT)["preferred_label"])
        except MissingInput:
            return ""

    with ThreadPoolExecutor(_READERS) as pool:
        return dict(zip(published, pool.map(label, published), strict=True))
