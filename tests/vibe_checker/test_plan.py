import json
from dataclasses import replace
from typing import Any

import pytest

from vibe_checker import keys
from vibe_checker.bucket import Bucket
from vibe_checker.errors import (
    AlreadyStarted,
    InvalidEmbeddings,
    InvalidRequest,
    MissingInput,
    VibeCheckerError,
)
from vibe_checker.runs.plan import Execution, Plan, Settings, model_files, plan, run_id_of

SETTINGS = Settings(threshold=0.65, minimum=10, maximum=100, shard_size=5)
EXECUTION = Execution("arn:aws:states:::execution:machine:one", "2026-03-01T08:00:00.123Z")


@pytest.fixture
def inputs(bucket: Bucket) -> Bucket:
    """A bucket with every input that a plan looks at."""
    bucket.write(keys.CONCEPTS, b"- Q420\n- Q69\n")
    bucket.write(keys.PASSAGES, b"feather")
    bucket.write(keys.EMBEDDINGS, b"npy")
    bucket.write_json(keys.EMBEDDINGS_METADATA, {"embedding_model_name": "mini"})
    bucket.write("models/embedders/mini/model.onnx", b"graph")
    bucket.write("models/classifiers/Q420/bert/model.onnx", b"graph")
    bucket.write("models/classifiers/Q420/bert/onnx/more", b"more")
    bucket.write("models/classifiers/Q4200/other/model.onnx", b"graph")
    return bucket


def _concepts(bucket: Bucket, planned: Plan) -> dict[str, list[str]]:
    listed = bucket.read_json(keys.run_concepts(planned.run_id))
    return {item["concept_id"]: [c["name"] for c in item["classifiers"]] for item in listed}


def _event(version: str | None = "v1", time: str = "2026-03-01T07:59:58Z") -> dict[str, Any]:
    """What EventBridge tells of an upload, in AWS's shape."""
    uploaded = {"key": keys.CONCEPTS, "size": 12, "etag": "e", "sequencer": "00A1"}
    if version:
        uploaded["version-id"] = version
    return {
        "detail-type": "Object Created",
        "source": "aws.s3",
        "time": time,
        "detail": {"bucket": {"name": "vibes"}, "object": uploaded},
    }


def test_named_concepts_are_planned_with_their_classifiers(inputs: Bucket) -> None:
    planned = plan(inputs, SETTINGS, EXECUTION, {"concept_ids": ["Q420", "Q69"]})
    assert _concepts(inputs, planned) == {"Q69": ["keyword"], "Q420": ["keyword", "bert"]}
    assert planned.trigger == "concept_ids"
    assert keys.CONCEPTS not in planned.inputs


@pytest.mark.parametrize("given", [{}, {"Comment": "Insert your JSON here"}])
def test_an_input_without_ids_means_all_of_concepts_yml(inputs: Bucket, given: object) -> None:
    planned = plan(inputs, SETTINGS, EXECUTION, given)
    assert list(_concepts(inputs, planned)) == ["Q69", "Q420"]
    assert planned.trigger == "concepts.yml"
    assert keys.CONCEPTS in planned.inputs


def test_an_upload_runs_the_version_that_was_uploaded(inputs: Bucket) -> None:
    uploaded = inputs.pin(keys.CONCEPTS)
    inputs.write(keys.CONCEPTS, b"- Q1\n")
    planned = plan(inputs, SETTINGS, EXECUTION, _event(uploaded.version_id))
    assert planned.trigger == "upload"
    assert list(_concepts(inputs, planned)) == ["Q69", "Q420"]
    assert planned.inputs[keys.CONCEPTS] == uploaded


def test_the_models_files_travel_with_their_concept_by_version(inputs: Bucket) -> None:
    planned = plan(inputs, SETTINGS, EXECUTION, {"concept_ids": ["Q420"]})
    [item] = inputs.read_json(keys.run_concepts(planned.run_id))
    keyword, bert = item["classifiers"]
    assert keyword == {"name": "keyword", "model": False}
    assert bert == {"name": "bert", "model": True}
    files = model_files(inputs, planned.run_id, "Q420")
    assert [(pin.key, bool(pin.version_id)) for pin in files["bert"]] == [
        ("models/classifiers/Q420/bert/model.onnx", True),
        ("models/classifiers/Q420/bert/onnx/more", True),
    ]


def test_chosen_classifiers_are_run_where_a_concept_has_them(inputs: Bucket) -> None:
    planned = plan(inputs, SETTINGS, EXECUTION, {"classifiers": ["bert"]})
    assert _concepts(inputs, planned) == {"Q420": ["bert"]}
    assert planned.concept_count == 1


def test_a_classifier_that_no_concept_has_is_refused(inputs: Bucket) -> None:
    with pytest.raises(InvalidRequest, match="None of the 2 concepts .* named brt"):
        plan(inputs, SETTINGS, EXECUTION, {"classifiers": ["brt"]})


def test_the_record_loads_again(inputs: Bucket) -> None:
    planned = plan(inputs, SETTINGS, EXECUTION, {})
    assert Plan.load(inputs, planned.run_id) == planned
    assert [pin.key for pin in planned.embedder] == ["models/embedders/mini/model.onnx"]


def test_planning_twice_changes_nothing_even_if_an_input_has_changed(inputs: Bucket) -> None:
    first = plan(inputs, SETTINGS, EXECUTION, {})
    inputs.write(keys.PASSAGES, b"another data set")
    inputs.write("models/classifiers/Q69/new/model.onnx", b"graph")
    assert plan(inputs, SETTINGS, EXECUTION, {}) == first
    assert _concepts(inputs, first)["Q69"] == ["keyword"]


def test_the_same_upload_told_of_twice_is_one_executions_work(inputs: Bucket) -> None:
    event = _event(inputs.pin(keys.CONCEPTS).version_id)
    first = plan(inputs, SETTINGS, EXECUTION, event)
    later = Execution("arn:aws:states:::execution:machine:two", "2026-03-01T08:00:09Z")
    with pytest.raises(AlreadyStarted, match="machine:one"):
        plan(inputs, SETTINGS, later, event)
    assert Plan.load(inputs, first.run_id) == first


def test_two_uploads_are_two_runs() -> None:
    assert run_id_of(EXECUTION, _event("v1")) != run_id_of(EXECUTION, _event("v2"))
    unversioned = _event(None)
    other = json.loads(json.dumps(unversioned).replace("00A1", "00A2"))
    assert run_id_of(EXECUTION, unversioned) != run_id_of(EXECUTION, other)


def test_run_ids_sort_by_time() -> None:
    early, late = (
        run_id_of(replace(EXECUTION, started_at=f"2026-03-0{day}T08:00:00Z"), {}) for day in (1, 2)
    )
    assert early < late
    assert early.startswith("2026-03-01T08-00-00-")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([], "The input is []"),
        ("Q69", 'The input is "Q69"'),
        (None, "The input is null"),
        ({"concept_ids": "Q69"}, 'concept_ids is "Q69"'),
        ({"concept_ids": None}, "concept_ids is null"),
        ({"concept_ids": {"a": 1}}, 'concept_ids is {"a": 1}'),
        ({"concept_ids": []}, "concept_ids names no concepts"),
        ({"concept_ids": ["Q1", "Q1\n"]}, "item 2: 'Q1\\n'"),
        ({"classifiers": []}, "classifiers is []"),
        ({"classifiers": "keyword"}, 'classifiers is "keyword"'),
        ({"classifiers": [""]}, 'classifiers is [""]'),
    ],
)
def test_a_request_that_cannot_be_meant_is_refused_and_recorded(
    inputs: Bucket, given: object, message: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        plan(inputs, SETTINGS, EXECUTION, given)
    assert message in str(caught.value)
    [key] = inputs.keys("runs/")
    record = inputs.read_json(key)
    assert record["error"] == {"class": "InvalidRequest", "message": str(caught.value)}
    assert record["requested"] == given


@pytest.mark.parametrize(
    "missing",
    [keys.CONCEPTS, keys.PASSAGES, keys.EMBEDDINGS, keys.EMBEDDINGS_METADATA],
)
def test_a_missing_input_is_named(inputs: Bucket, missing: str) -> None:
    inputs.client.delete_object(Bucket=inputs.name, Key=missing)
    with pytest.raises(MissingInput, match=f"{missing} is not in the bucket"):
        plan(inputs, SETTINGS, EXECUTION, {})


@pytest.mark.parametrize(
    ("metadata", "error", "message"),
    [
        ({"embedding_model_name": "other"}, MissingInput, "names the model 'other'"),
        ({}, InvalidEmbeddings, "embedding_model_name None"),
        ([], InvalidEmbeddings, "embedding_model_name None"),
        ({"embedding_model_name": "../runs"}, InvalidEmbeddings, "'../runs'"),
        ({"embedding_model_name": "a/../b"}, InvalidEmbeddings, "'a/../b'"),
        ({"embedding_model_name": ""}, InvalidEmbeddings, "''"),
    ],
)
def test_metadata_must_name_a_model_that_is_there(
    inputs: Bucket, metadata: object, error: type[VibeCheckerError], message: str
) -> None:
    inputs.write_json(keys.EMBEDDINGS_METADATA, metadata)
    with pytest.raises(error) as caught:
        plan(inputs, SETTINGS, EXECUTION, {})
    assert message in str(caught.value)
    assert keys.EMBEDDINGS_METADATA in str(caught.value)


def test_a_model_may_have_an_owner_before_its_name(inputs: Bucket) -> None:
    inputs.write_json(keys.EMBEDDINGS_METADATA, {"embedding_model_name": "BAAI/bge-small-en"})
    inputs.write("models/embedders/BAAI/bge-small-en/model.onnx", b"graph")
    planned = plan(inputs, SETTINGS, EXECUTION, {})
    assert planned.embedding_model == "BAAI/bge-small-en"


def test_an_execution_started_again_after_the_input_was_mended_is_planned(inputs: Bucket) -> None:
    inputs.write(keys.CONCEPTS, b"- q69")
    with pytest.raises(InvalidRequest):
        plan(inputs, SETTINGS, EXECUTION, {})
    inputs.write(keys.CONCEPTS, b"- Q69")
    planned = plan(inputs, SETTINGS, EXECUTION, {})
    assert Plan.load(inputs, planned.run_id) == planned


def test_a_thousand_concepts_fit_each_into_a_small_state(inputs: Bucket) -> None:
    inputs.write(keys.CONCEPTS, "".join(f"- Q{n}\n" for n in range(1, 1001)).encode())
    for name in range(20):
        for file in ("model.onnx", "tokenizer.json", "config.json", "classifier.yml"):
            inputs.write(f"models/classifiers/Q7/model-{name}/{file}", b"")
    planned = plan(inputs, SETTINGS, EXECUTION, {})
    items = inputs.read_json(keys.run_concepts(planned.run_id))
    assert len(items) == planned.concept_count == 1000
    assert max(len(json.dumps(item)) for item in items) < 64_000
