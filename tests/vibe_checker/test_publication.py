import json
from typing import Any

import pytest

from vibe_checker import keys
from vibe_checker.bucket import Bucket, Pin
from vibe_checker.concept import Concept
from vibe_checker.errors import MissingInput
from vibe_checker.publication import publish
from vibe_checker.runs.plan import Plan, Settings

CONCEPT = Concept(wikibase_id="Q69", preferred_label="carbon tax")
CARD = {"id": "abcdefgh", "name": "keyword", "kind": "keyword", "labels": ["carbon tax"]}
PLAN = Plan(
    run_id="r",
    trigger="concept_ids",
    requested={},
    execution_arn="arn",
    started_at="2026-03-01T08:00:00Z",
    settings=Settings(threshold=0.65, minimum=10, maximum=100, shard_size=2),
    concept_count=1,
    embedding_model="mini",
    inputs={keys.PASSAGES: Pin(keys.PASSAGES, "v7", 3, "etag")},
)
SHARDS = [
    {"passages": 2, "positives": 1, "seconds": 0.25},
    {"passages": 1, "positives": 0, "seconds": 0.5},
]


@pytest.fixture
def staged(bucket: Bucket) -> Bucket:
    bucket.write_json(keys.work_classifier("r", "Q69", "keyword"), CARD)
    bucket.write(keys.work_predictions("r", "Q69", "keyword", 0), b"1\n2\n")
    bucket.write(keys.work_predictions("r", "Q69", "keyword", 1), b"3\n")
    return bucket


def _published(bucket: Bucket) -> dict[str, Any]:
    record: dict[str, Any] = bucket.read_json("Q69/abcdefgh/classifier.json")
    return record


def test_the_shards_lines_are_published_in_their_order(staged: Bucket) -> None:
    publish(staged, PLAN, CONCEPT, "keyword", SHARDS)
    assert staged.read("Q69/abcdefgh/predictions.jsonl") == b"1\n2\n3\n"


def test_what_the_classifier_is_begins_with_id_name_and_date(staged: Bucket) -> None:
    publish(staged, PLAN, CONCEPT, "keyword", SHARDS)
    record = _published(staged)
    assert list(record)[:3] == ["id", "name", "date"]
    assert record["date"] == "2026-03-01"
    assert record["counts"] == {"passages": 3, "positives": 1}
    assert record["inputs"] == {keys.PASSAGES: "v7"}
    assert record["labels"] == ["carbon tax"]


def test_the_commit_mark_names_the_versions_of_the_other_two(staged: Bucket) -> None:
    publish(staged, PLAN, CONCEPT, "keyword", SHARDS)
    versions = _published(staged)["versions"]
    staged.write("Q69/abcdefgh/predictions.jsonl", b"of a run that broke off\n")
    assert staged.read("Q69/abcdefgh/predictions.jsonl", versions["predictions.jsonl"]) == (
        b"1\n2\n3\n"
    )
    concept = json.loads(staged.read("Q69/abcdefgh/concept.json", versions["concept.json"]))
    assert Concept.model_validate(concept) == CONCEPT


def test_a_lost_shard_publishes_nothing(staged: Bucket) -> None:
    with pytest.raises(MissingInput, match="00002.jsonl"):
        publish(staged, PLAN, CONCEPT, "keyword", [*SHARDS, SHARDS[0]])
    assert list(staged.keys("Q")) == []


def test_the_outcome_is_what_a_summary_counts(staged: Bucket) -> None:
    assert publish(staged, PLAN, CONCEPT, "keyword", SHARDS) == {
        "name": "keyword",
        "classifier_id": "abcdefgh",
        "kind": "keyword",
        "passages": 3,
        "positives": 1,
        "seconds": 0.75,
    }
