"""Runs of the real stack on the local AWS, from what starts them to what they leave behind."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from local.project import LocalProject
from vibe_checker import keys
from vibe_checker.concept import Concept

# Every field of a prediction, in the order in which the line holds them.
FIELDS = ["id", "text", "spans", "prediction_probability", "similarity", "metadata"]


@pytest.fixture(scope="module")
def summary(project: LocalProject, demo_run: str) -> dict[str, Any]:
    read: dict[str, Any] = project.bucket.read_json(keys.run_summary(demo_run))
    return read


@pytest.fixture(scope="module")
def published(project: LocalProject, demo_run: str) -> dict[tuple[str, str], dict[str, Any]]:
    """(concept id, classifier name) → classifier.json of everything that is published."""
    found = {}
    for key in project.bucket.keys("Q"):
        if key.endswith("/classifier.json"):
            record = project.bucket.read_json(key)
            if "versions" not in record:  # put there by hand, by other tests
                continue
            found[key.split("/")[0], record["name"]] = record
    return found


def test_uploading_concepts_yml_runs_every_concept_in_it(
    project: LocalProject, demo_run: str, summary: dict[str, Any]
) -> None:
    record = project.bucket.read_json(keys.run_record(demo_run))
    assert record["trigger"] == "upload"
    assert summary["status"] == "succeeded"
    assert summary["concepts"] == record["concept_count"] == 12
    assert summary["failures"] == []


def test_a_run_pins_the_version_of_every_input(project: LocalProject, demo_run: str) -> None:
    inputs = project.bucket.read_json(keys.run_record(demo_run))["inputs"]
    assert {"concepts.yml", keys.PASSAGES, keys.EMBEDDINGS, keys.EMBEDDINGS_METADATA} <= set(inputs)
    assert "models/embedders/all-MiniLM-L6-v2/onnx/model.onnx" in inputs
    assert all(pin["version_id"] for pin in inputs.values())


def test_every_concept_has_its_keyword_classifier_and_each_of_its_models(
    published: dict[tuple[str, str], dict[str, Any]], project: LocalProject
) -> None:
    models = {
        (path.parts[-3], path.parts[-2])
        for path in project.data.glob("models/classifiers/*/*/model.onnx")
    }
    assert len(models) >= 2
    assert models <= set(published)
    assert len([name for _, name in published if name == "keyword"]) == 12


def test_predictions_have_the_promised_form(
    published: dict[tuple[str, str], dict[str, Any]], project: LocalProject
) -> None:
    for (concept_id, _), record in published.items():
        lines = _predictions(project, concept_id, record)
        assert len(lines) == record["counts"]["passages"]
        assert sum(bool(line["spans"]) for line in lines) == record["counts"]["positives"]
        assert len({line["id"] for line in lines}) == len(lines)
        for line in lines:
            assert list(line) == FIELDS
            _check_spans(line, concept_id)


def _check_spans(line: dict[str, Any], concept_id: str) -> None:
    end = 0
    for span in line["spans"]:
        assert end <= span["start_index"] < span["end_index"] <= len(line["text"])
        end = span["end_index"]
        whole = (span["start_index"], end) == (0, len(line["text"]))
        text = None if whole else line["text"][span["start_index"] : end]
        assert span["labelled_text"] == text
        assert span["concept_id"] == concept_id


def test_a_model_gives_every_passage_a_probability_and_keywords_give_none(
    published: dict[tuple[str, str], dict[str, Any]], project: LocalProject
) -> None:
    for (concept_id, name), record in published.items():
        for line in _predictions(project, concept_id, record):
            probability = line["prediction_probability"]
            assert (probability is None) == (name == "keyword")
            if probability is not None:
                assert bool(line["spans"]) == (probability >= record["threshold"])


def test_the_concept_that_was_classified_can_be_loaded_again(
    published: dict[tuple[str, str], dict[str, Any]], project: LocalProject
) -> None:
    record = published["Q420", "keyword"]
    key = keys.output_prefix("Q420", record["id"]) + "concept.json"
    concept = Concept.model_validate(project.bucket.read_json(key))
    assert concept.preferred_label == "flood"
    assert set(record["labels"]) == set(concept.all_labels)
    assert concept.subconcept_labels and concept.negative_labels


def test_missing_metadata_is_null_and_never_a_word_for_it(
    published: dict[tuple[str, str], dict[str, Any]], project: LocalProject
) -> None:
    lines = _predictions(project, "Q69", published["Q69", "keyword"])
    values = [value for line in lines for value in line["metadata"].values()]
    assert None in values
    assert not {"nan", "NaN", "None", "NaT", ""} & {v for v in values if isinstance(v, str)}


def test_running_again_gives_the_same_bytes(
    published: dict[tuple[str, str], dict[str, Any]], project: LocalProject
) -> None:
    record = published["Q69", "keyword"]
    before = _body(project, "Q69", record)
    ended = project.wait(project.start({"concept_ids": ["Q69"]}))
    assert ended["status"] == "SUCCEEDED"
    key = keys.output_prefix("Q69", record["id"]) + "classifier.json"
    again = project.bucket.read_json(key)
    assert again["run_id"] != record["run_id"]
    assert _body(project, "Q69", again) == before


def test_named_concepts_are_run_and_no_others(project: LocalProject, demo_run: str) -> None:
    execution = project.start({"concept_ids": ["Q420", "Q69", "Q420"], "classifiers": ["keyword"]})
    assert project.wait(execution)["status"] == "SUCCEEDED"
    run_id = project.run_of(execution)
    results = [project.bucket.read_json(k) for k in project.bucket.keys(keys.run_results(run_id))]
    assert [result["concept_id"] for result in results] == ["Q420", "Q69"]
    assert [[c["name"] for c in result["classifiers"]] for result in results] == [["keyword"]] * 2


def test_the_consoles_default_input_runs_all_of_concepts_yml(
    project: LocalProject, demo_run: str
) -> None:
    given = {"Comment": "Insert your JSON here", "classifiers": ["pooled-words"]}
    execution = project.start(given)
    assert project.wait(execution)["status"] == "SUCCEEDED"
    record = project.bucket.read_json(keys.run_record(project.run_of(execution)))
    assert record["trigger"] == "concepts.yml"
    assert record["requested"] == given


@pytest.fixture
def corrupt_model(project: LocalProject) -> Iterator[str]:
    """A concept with a classifier whose model file is no model."""
    prefix = keys.classifier_prefix("Q642", "broken")
    config = b'{"id2label": {"0": "no", "1": "yes"}, "max_position_embeddings": 512}'
    files = {"model.onnx": b"no model", "tokenizer.json": b"{}", "config.json": config}
    for name, body in files.items():
        project.bucket.write(prefix + name, body)
    yield "Q642"
    for name in files:
        project.bucket.client.delete_object(Bucket=project.bucket.name, Key=prefix + name)


def test_one_concepts_failure_costs_no_other(
    project: LocalProject, demo_run: str, corrupt_model: str
) -> None:
    execution = project.start({"concept_ids": ["Q69", corrupt_model, "Q999999"]})
    ended = project.wait(execution)
    run_id = project.run_of(execution)
    assert (ended["status"], ended["error"]) == ("FAILED", "RunFailed")
    assert "2 of 3 concepts failed" in ended["cause"]
    assert f"{corrupt_model} (broken): InvalidModel: broken: model.onnx cannot" in ended["cause"]
    assert "Q999999: ConceptUnusable: " in ended["cause"]
    good, broken, missing = (
        project.bucket.read_json(keys.run_result(run_id, concept_id))
        for concept_id in ("Q69", corrupt_model, "Q999999")
    )
    assert good["status"] == "succeeded"
    assert [c["name"] for c in broken["classifiers"] if "error" not in c] == ["keyword"]
    assert missing["error"]["class"] == "ConceptUnusable"
    summary = project.bucket.read_json(keys.run_summary(run_id))
    assert summary["failed_concepts"] == [corrupt_model, "Q999999"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"concept_ids": []}, "names no concepts"),
        ({"concept_ids": "Q69"}, "must be a list"),
        ({"concept_ids": ["Q69", "q69", "Q069"]}, "item 2: 'q69'; item 3: 'Q069'"),
        ([], "must be an object"),
    ],
)
def test_what_cannot_be_run_ends_at_its_plan_and_says_why(
    project: LocalProject, given: object, message: str
) -> None:
    execution = project.start(given)
    ended = project.wait(execution)
    assert (ended["status"], ended["error"]) == ("FAILED", "InvalidRequest")
    assert message in ended["cause"]
    run_id = project.run_of(execution)
    assert list(project.bucket.keys(f"runs/{run_id}/")) == [keys.run_record(run_id)]
    assert message in project.bucket.read_json(keys.run_record(run_id))["error"]["message"]


def _body(project: LocalProject, concept_id: str, record: dict[str, Any]) -> bytes:
    key = keys.output_prefix(concept_id, record["id"]) + "predictions.jsonl"
    return project.bucket.read(key, record["versions"]["predictions.jsonl"])


def _predictions(
    project: LocalProject, concept_id: str, record: dict[str, Any]
) -> list[dict[str, Any]]:
    return [json.loads(line) for line in _body(project, concept_id, record).splitlines()]
