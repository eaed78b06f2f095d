"""What a run is asked with and what lies in the bucket: names and ids stay in their places."""

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vibe_checker import concept_list, keys
from vibe_checker.bucket import Bucket, Pin
from vibe_checker.classifiers import checked_model_name
from vibe_checker.concept import Concept
from vibe_checker.errors import (
    InvalidEmbeddings,
    InvalidInput,
    InvalidModel,
    InvalidRequest,
    VibeCheckerError,
)
from vibe_checker.identifiers import is_concept_id
from vibe_checker.local_copies import LocalCopies
from vibe_checker.runs.inputs import checked_model_name as checked_embedder_name
from vibe_checker.runs.plan import Execution, Settings, model_files, plan

SETTINGS = Settings(threshold=0.65, minimum=10, maximum=100, shard_size=5)
EXECUTION = Execution("arn:aws:states:::execution:machine:one", "2026-03-01T08:00:00.123Z")
# Every key that planning may write.
PLANNED = re.compile(
    r"runs/[0-9T-]*-[a-z0-9]{8}/(run\.json|concepts\.json|work/Q[1-9][0-9]*/models\.json)"
)
STEERING = [
    "../x",
    "..",
    "a/../../b",
    "%2e%2e%2f",
    "Q1/../../runs",
    "a\nb",
    "a\0b",
    "\u202e",
    "Q1\n",
]
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(STEERING),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
IDS = st.lists(st.sampled_from(["Q69", "Q420", "Q1\n", "q1", "Q0"]) | JSON, max_size=4)
UPLOAD = st.fixed_dictionaries(
    {},
    optional={
        "time": JSON,
        "detail": JSON
        | st.fixed_dictionaries(
            {
                "object": JSON
                | st.fixed_dictionaries(
                    {"key": st.just("concepts.yml")},
                    optional={"version-id": JSON, "sequencer": JSON},
                )
            }
        ),
    },
)
INPUTS = JSON | st.fixed_dictionaries(
    {}, optional={"concept_ids": IDS | JSON, "classifiers": JSON, "Comment": JSON}
)


@pytest.fixture
def inputs(bucket: Bucket) -> Bucket:
    bucket.write(keys.CONCEPTS, b"- Q420\n- Q69\n")
    bucket.write(keys.PASSAGES, b"feather")
    bucket.write(keys.EMBEDDINGS, b"npy")
    bucket.write_json(keys.EMBEDDINGS_METADATA, {"embedding_model_name": "mini"})
    bucket.write("models/embedders/mini/model.onnx", b"graph")
    return bucket


@settings(max_examples=50)
@given(given_=INPUTS | UPLOAD)
def test_whatever_a_run_is_asked_it_is_planned_or_refused(inputs: Bucket, given_: Any) -> None:
    before = set(inputs.keys(""))
    # What Step Functions hands on has been JSON.
    asked = json.loads(json.dumps(given_))
    try:
        planned = plan(inputs, SETTINGS, EXECUTION, asked)
        assert planned.concept_count
    except (InvalidRequest, InvalidInput) as error:
        assert 0 < len(str(error)) < 4_000
    for key in set(inputs.keys("")) - before:
        assert PLANNED.fullmatch(key), key
        inputs.client.delete_object(Bucket=inputs.name, Key=key)


@pytest.mark.parametrize(
    "given_",
    [
        {"concept_ids": ["x" * 250_000]},
        {"concept_ids": [{"a": "x" * 250_000}]},
        {"concept_ids": ["\ud800"] * 10_000},
        {"classifiers": ["x" * 250_000]},
        {"classifiers": "x" * 250_000},
        ["x" * 250_000],
    ],
)
def test_a_refusal_is_short_whatever_was_asked(inputs: Bucket, given_: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        plan(inputs, SETTINGS, EXECUTION, given_)
    # Step Functions takes 32,768 characters.
    assert len(str(caught.value)) < 4_000


@pytest.mark.parametrize(
    "body",
    [
        b"- 1" + b":1" * 900_000,
        b"- " + b"9" * 1_900_000,
        b"- Q1\n" * 10_000 + b"- &a [" + b"*a, " * 10 + b"]",
        b"- !!timestamp soon",
        b"- !!int ''",
        b"- !!float ''",
        b"- !!binary '\xc3\xa9'",
        b"{" * 100_000,
        b"? " * 100_000,
        b"- " * 100_000,
        b"--- a\n" * 100_000,
        b"%YAML 9.9\n---\n- Q1",
        b"%TAG ! tag:x\n---\n- !y Q1",
        b"- 'Q1",
        b"- Q1\0",
    ],
    ids=range(15),
)
def test_a_list_beyond_measure_is_refused_soon(body: bytes) -> None:
    with pytest.raises(InvalidRequest) as caught:
        concept_list.parse(body)
    assert "concepts.yml" in str(caught.value) and len(str(caught.value)) < 4_000


@given(
    st.text(max_size=60)
    | st.text(st.sampled_from("[]{}:,-?!&*#|>'\"%@`\n \tQ1a~"), max_size=120)
    | JSON.map(json.dumps)
)
def test_concepts_yml_of_any_content_is_ids_or_refused(text: str) -> None:
    try:
        ids = concept_list.parse(text.encode(errors="replace"))
    except InvalidRequest:
        return
    assert ids and all(map(is_concept_id, ids))


@given(st.text(max_size=30) | st.sampled_from(STEERING) | JSON)
def test_an_embedding_models_name_stays_below_its_prefix(name: Any) -> None:
    try:
        checked = checked_embedder_name(name)
    except InvalidEmbeddings:
        return
    parts = keys.embedder_prefix(checked).split("/")
    assert parts[:2] == ["models", "embedders"] and not {"", ".", ".."} & set(parts[:-1])


@given(st.text(max_size=30) | st.sampled_from([*STEERING, "keyword", "candidates"]))
def test_a_classifiers_name_stays_below_its_prefix(name: str) -> None:
    try:
        checked = checked_model_name(name)
    except InvalidModel:
        return
    assert checked.isprintable() and not set("/\\%?#") & set(checked)
    assert checked not in (".", "..", "keyword")


@given(st.text(max_size=12) | st.sampled_from(STEERING))
def test_a_concepts_id_is_an_id_or_refused(text: str) -> None:
    if not is_concept_id(text):
        with pytest.raises(ValueError):
            Concept(wikibase_id=text, preferred_label="a")  # type: ignore[arg-type]
    else:
        assert re.fullmatch("Q[0-9]+", text, re.ASCII)


def test_a_models_directory_of_a_bad_name_costs_nothing_else(inputs: Bucket) -> None:
    for name in ("..", "keyword", "a%2Fb", "a\nb", "plain"):
        inputs.write(f"models/classifiers/Q69/{name}/model.onnx", b"graph")
    planned = plan(inputs, SETTINGS, EXECUTION, {"concept_ids": ["Q69"]})
    [item] = inputs.read_json(keys.run_concepts(planned.run_id))
    assert [each["name"] for each in item["classifiers"] if not each["model"]] == ["keyword"]
    models = [each["name"] for each in item["classifiers"] if each["model"]]
    assert set(models) == set(model_files(inputs, planned.run_id, "Q69"))
    assert "plain" in models
    for name in set(models) - {"plain"}:
        with pytest.raises(InvalidModel, match="cannot be called"):
            checked_model_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "../model.onnx",
        "a/../../model.onnx",
        "/etc/passwd",
        "a//b",
        "./a",
        "a\\..\\b",
        "a\nb",
        "a\0b",
        "x" * 300,
        "model.onnx/beside itself",
    ],
)
def test_a_models_file_stays_in_its_directory(bucket: Bucket, tmp_path: Any, name: str) -> None:
    pins = [_written(bucket, "m/model.onnx")]
    pins.append(Pin(f"m/{name}", None, 1, "etag"))
    with pytest.raises(VibeCheckerError):
        LocalCopies(bucket, tmp_path / "copies").tree(pins, "m/")
    assert [path.name for path in tmp_path.iterdir()] == ["copies"]


def test_the_consoles_folder_marks_are_no_files_of_a_model(inputs: Bucket) -> None:
    inputs.write("models/embedders/mini/", b"")
    inputs.write("models/embedders/mini/onnx/", b"")
    inputs.write("models/classifiers/Q69/bert/", b"")
    planned = plan(inputs, SETTINGS, EXECUTION, {"concept_ids": ["Q69"]})
    assert [pin.key for pin in planned.embedder] == ["models/embedders/mini/model.onnx"]
    [item] = inputs.read_json(keys.run_concepts(planned.run_id))
    assert [each["name"] for each in item["classifiers"]] == ["keyword"]


def _written(bucket: Bucket, key: str) -> Pin:
    bucket.write(key, b"graph")
    return bucket.pin(key)
