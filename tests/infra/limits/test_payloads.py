"""The largest runs that are meant, and what of them travels: states, answers, causes.

Step Functions takes 262,144 bytes in a state and 32,768 characters of a cause, Lambda 6 MB in an
answer. The tests keep to a quarter of the first and to less than the others.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.infra.conftest import joined, of_type
from tests.infra.limits.machine import Caught, Walk
from vibe_checker import keys
from vibe_checker.bucket import Bucket
from vibe_checker.errors import TooLarge
from vibe_checker.runs.history import check_events
from vibe_checker.runs.plan import Execution, Settings, plan
from vibe_checker.runs.results import Failure, cause, record_failure, record_result, summarise

STATE_BYTES = 64 * 1024
RESPONSE_BYTES = 5_000_000
CONCEPTS, CANDIDATES, CLASSIFIERS, SHARD = 10_000, 100_000, 51, 2_500
# As long as Lambda lets an error be, in letters of three bytes, so that cutting is put to the test.
LONG_CAUSE = json.dumps({"errorMessage": "水" * 200_000, "errorType": "InvalidModel"})
EXECUTION = Execution("arn:aws:states:us-east-1:000000000000:execution:m:" + "e" * 80, "2026-03-01")


@pytest.fixture
def definition(template: dict[str, Any]) -> dict[str, Any]:
    [machine] = of_type(template, "AWS::StepFunctions::StateMachine").values()
    loaded: dict[str, Any] = json.loads(joined(machine["DefinitionString"]))
    return loaded


@contextmanager
def _bucket() -> Iterator[Bucket]:
    with mock_aws(), pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="vibes")
        yield Bucket(client, "vibes")


@pytest.fixture(scope="module")
def planned() -> tuple[dict[str, str], list[dict[str, Any]]]:
    """What PlanRun answers for 10,000 concepts, and its list; the first has 51 classifiers."""
    with _bucket() as bucket:
        ids = [f"Q{2**31 - 1 - number}" for number in range(CONCEPTS)]
        _upload(bucket, ids)
        settings = Settings(threshold=0.65, minimum=10_000, maximum=CANDIDATES, shard_size=SHARD)
        run = plan(bucket, settings, EXECUTION, {})
        answer = {"run_id": run.run_id, "concepts_key": keys.run_concepts(run.run_id)}
        items: list[dict[str, Any]] = bucket.read_json(answer["concepts_key"])
    assert len(items) == CONCEPTS and len(items[0]["classifiers"]) == CLASSIFIERS
    return answer, items


def _upload(bucket: Bucket, ids: list[str]) -> None:
    bucket.write(keys.CONCEPTS, "\n".join(f"- {each}" for each in ids).encode())
    bucket.write(keys.PASSAGES, b"feather")
    bucket.write(keys.EMBEDDINGS, b"npy")
    bucket.write_json(keys.EMBEDDINGS_METADATA, {"embedding_model_name": "mini"})
    bucket.write("models/embedders/mini/model.onnx", b"graph")
    first = min(ids, key=_number)
    for number in range(CLASSIFIERS - 1):
        for file in ("model.onnx", "tokenizer.json", "config.json", "vocab.txt"):
            bucket.write(f"models/classifiers/{first}/{'m' * 90}-{number:02}/{file}", b"")


def _number(concept_id: str) -> int:
    return int(concept_id[1:])


def _recorded_failure(payload: Any) -> dict[str, Any]:
    """As functions/record_failure answers."""
    failure = {"error": Failure.caught(payload["error"]).as_json()}
    return (
        {"name": payload["classifier"]["name"], **failure} if "classifier" in payload else failure
    )


ANSWERS: dict[str, Any] = {
    "FetchConcept": lambda payload: {"label": "水" * 250},
    "FindPassages": lambda payload: {
        "passages": CANDIDATES,
        "shards": list(range(CANDIDATES // SHARD)),
    },
    "ClassifyPassages": lambda payload: {"passages": SHARD, "positives": SHARD, "seconds": 899.999},
    "PublishPredictions": lambda payload: {
        "name": payload["classifier"]["name"],
        "classifier_id": "a" * 8,
        "kind": "sequence",
        "passages": CANDIDATES,
        "positives": CANDIDATES,
        "seconds": 35_999.999,
    },
    "RecordResult": lambda payload: None,
    "RecordFailure": _recorded_failure,
    "RecordClassifierFailure": _recorded_failure,
    "SummariseRun": lambda payload: {
        "status": "failed",
        "error": "RunFailed",
        "cause": "水" * 10_000,
    },
}


def _fails(payload: Any) -> Any:
    raise Caught("InvalidModel", LONG_CAUSE[:32_768])


@pytest.mark.parametrize(
    "failing", [(), ("ClassifyPassages",), ("PublishPredictions",), ("FindPassages",)]
)
def test_no_state_holds_more_than_a_quarter_of_what_it_may(
    definition: dict[str, Any],
    planned: tuple[dict[str, str], list[dict[str, Any]]],
    failing: tuple[str, ...],
) -> None:
    answer, items = planned
    answers = {**ANSWERS, "PlanRun": lambda payload: answer, **dict.fromkeys(failing, _fails)}
    # One concept with all its classifiers, and how many results of the others come together.
    walk = Walk(answers, lambda: items[:1] + items[-2:])
    given = {"concept_ids": [item["concept_id"] for item in items[:1_000]]}
    state = {"Name": "x", "EnteredTime": "2026-03-01T08:00:00.000Z"}
    execution = {"Id": EXECUTION.arn, "StartTime": "2026-03-01T08:00:00.000Z", "Input": given}
    walk.run(definition, given, {"Execution": execution, "State": state})
    assert {"FetchConcept", "FindPassages", "SummariseRun"} <= set(walk.largest)
    too_large = {name: size for name, size in walk.largest.items() if size > STATE_BYTES}
    assert not too_large
    answers_bytes = [size for name, size in walk.largest.items() if name.endswith("(answer)")]
    assert max(answers_bytes) < RESPONSE_BYTES


def test_the_concepts_of_a_run_come_back_as_next_to_nothing(
    definition: dict[str, Any], planned: tuple[dict[str, str], list[dict[str, Any]]]
) -> None:
    answer, items = planned
    walk = Walk({**ANSWERS, "PlanRun": lambda payload: answer}, lambda: items[-3:])
    context = {
        "Execution": {"Id": "a", "StartTime": "b", "Input": {}},
        "State": {"EnteredTime": ""},
    }
    concepts = definition["States"]["ForEachConcept"]
    results = walk._map(concepts, answer, context)
    assert results == [{}] * 3
    assert len(json.dumps(results[:1] * CONCEPTS)) < STATE_BYTES
    assert concepts["ResultPath"] is None


def test_each_item_of_the_list_is_small_whatever_its_models(
    planned: tuple[dict[str, str], list[dict[str, Any]]],
) -> None:
    _, items = planned
    assert max(len(json.dumps(item)) for item in items) < STATE_BYTES / 8
    assert len(json.dumps(items)) < RESPONSE_BYTES


@pytest.mark.parametrize("message", ["x" * 50_000, "水" * 50_000, "\ud800" * 50_000])
def test_ten_thousand_failures_are_one_cause_that_step_functions_takes(
    bucket: Bucket, message: str
) -> None:
    ids = [f"Q{2**31 - 1 - number}" for number in range(200)]
    failure = Failure.caught({"Error": "InvalidModel", "Cause": message})
    bucket.write_json(keys.run_record("r"), {"started_at": "2026-03-01T08:00:00+00:00"})
    bucket.write_json(keys.run_concepts("r"), [{"concept_id": each} for each in ids])
    for concept_id in ids[:100]:
        record_failure(bucket, "r", concept_id, failure, 1.0)
    outcomes = [{"name": f"model {n}", "error": failure.as_json()} for n in range(CLASSIFIERS)]
    for concept_id in ids[100:]:
        record_result(bucket, "r", concept_id, outcomes, 1.0)
    summary = summarise(bucket, "r", datetime.now(UTC))
    summary["failures"] *= 50
    summary["failed_concepts"] = [f"Q{2**31 - 1 - number}" for number in range(CONCEPTS)]
    text = cause("b" * 63, summary)
    assert len(text) <= 32_768
    answer = {"status": "failed", "error": "RunFailed", "cause": text}
    assert len(json.dumps(answer, ensure_ascii=False).encode(errors="replace")) < STATE_BYTES
    assert summary["failed_concepts"][0] in text


def test_a_concept_whose_history_would_overflow_is_refused_with_what_would_do() -> None:
    check_events(CLASSIFIERS, CANDIDATES // SHARD)
    with pytest.raises(TooLarge, match="100 classifiers on 40 shards .* At most 30 shards"):
        check_events(100, 40)
    check_events(100, 30)
    with pytest.raises(TooLarge, match="At most 0 shards"):
        check_events(5_000, 1)


def test_the_events_of_a_shard_are_those_of_the_definition(definition: dict[str, Any]) -> None:
    concept = definition["States"]["ForEachConcept"]["ItemProcessor"]
    classifier = concept["States"]["ForEachClassifier"]["ItemProcessor"]
    shard = classifier["States"]["ForEachShard"]["ItemProcessor"]
    assert concept["ProcessorConfig"]["ExecutionType"] == "STANDARD"
    # One state, one function: what runs.history counts.
    assert list(shard["States"]) == ["ClassifyPassages"]
    assert set(classifier["States"]) == {
        "ForEachShard",
        "PublishPredictions",
        "RecordClassifierFailure",
    }
