import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pyarrow as pa
import pytest
from onnx import numpy_helper

from tests.vibe_checker.tiny_models import TEXTS, sequence_model
from vibe_checker.classifiers import open_classifier
from vibe_checker.classifiers.directory import ModelDirectory
from vibe_checker.classifiers.sequence import SequenceClassifier
from vibe_checker.concept import Concept
from vibe_checker.errors import InvalidModel
from vibe_checker.predictions import Prediction
from vibe_checker.spans import Span

GOLDEN = json.loads((Path(__file__).parent / "golden/transformers.json").read_text())
CONCEPT = Concept(wikibase_id="Q69", preferred_label="Carbon tax")


def candidates(texts: list[str]) -> pa.Table:
    return pa.table({"text": pa.array(texts, pa.large_string())})


def opened(directory: Path, threads: int = 2) -> Any:
    return open_classifier("tiny", ModelDirectory("tiny", directory, threads), CONCEPT)


def predict(directory: Path, texts: list[str] = TEXTS) -> list[Prediction]:
    return list(opened(directory).predict(candidates(texts)))


def probabilities(directory: Path, texts: list[str] = TEXTS) -> list[Any]:
    return [prediction.probability for prediction in predict(directory, texts)]


def options(directory: Path, **values: object) -> Path:
    (directory / "classifier.yml").write_text(json.dumps(values))
    return directory


def test_softmax_probabilities_are_those_of_transformers(tmp_path: Path):
    golden = [each["yes"] for each in GOLDEN["sequence"]]

    assert probabilities(sequence_model(tmp_path, ["no", "yes"])) == pytest.approx(golden, abs=1e-5)


def test_independent_labels_are_read_by_sigmoid_as_transformers_does(tmp_path: Path):
    directory = sequence_model(tmp_path, ["a", "b", "c"], problem_type="multi_label_classification")
    golden = [each["b"] for each in GOLDEN["sequence_multi_label"]]

    assert probabilities(options(directory, positive_label="b")) == pytest.approx(golden, abs=1e-5)


def test_a_single_label_is_read_by_sigmoid_as_transformers_does(tmp_path: Path):
    golden = [each["yes"] for each in GOLDEN["sequence_one_label"]]

    assert probabilities(sequence_model(tmp_path, ["yes"])) == pytest.approx(golden, abs=1e-5)


def test_a_positive_passage_has_one_span_over_all_of_it(tmp_path: Path):
    directory = options(sequence_model(tmp_path, ["no", "yes"]), threshold=0)
    predictions = predict(directory, ["net-zero", ""])

    assert predictions[0].spans == [Span(0, 8, predictions[0].probability)]
    assert predictions[1].spans == []


def test_a_threshold_of_0_takes_every_passage_and_of_1_only_the_certain(tmp_path: Path):
    directory = sequence_model(tmp_path, ["no", "yes"])
    texts = [text for text in TEXTS if text]

    every = predict(options(directory, threshold=0), texts)
    certain = predict(options(directory, threshold=1), texts)

    assert all(prediction.spans for prediction in every)
    assert not any(prediction.spans for prediction in certain if prediction.probability < 1)


def test_a_probability_written_like_the_threshold_is_positive(tmp_path: Path):
    directory = sequence_model(tmp_path, ["no", "yes"])
    found = probabilities(directory)[0]

    [prediction, *_] = predict(options(directory, threshold=found), TEXTS)

    assert bool(prediction.spans) or prediction.probability < found


def test_batches_order_and_threads_change_no_prediction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    directory, texts = sequence_model(tmp_path, ["no", "yes"]), TEXTS * 3
    together = probabilities(directory, texts)

    assert probabilities(directory, texts[::-1]) == pytest.approx(together[::-1], abs=1e-6)
    alone = [probabilities(directory, [text])[0] for text in texts]
    assert alone == pytest.approx(together, abs=1e-6)
    shards = probabilities(directory, texts[:5]) + probabilities(directory, texts[5:])
    assert shards == pytest.approx(together, abs=1e-6)
    monkeypatch.setattr("vibe_checker.onnx_text._BATCH_TOKENS", 16)
    assert probabilities(directory, texts) == pytest.approx(together, abs=1e-6)
    one = opened(directory, threads=1).predict(candidates(texts))
    assert [prediction.probability for prediction in one] == pytest.approx(together, abs=1e-6)


def test_no_passages_make_no_predictions(tmp_path: Path):
    assert predict(sequence_model(tmp_path, ["no", "yes"]), []) == []


@pytest.mark.parametrize("labels", [["no", "carbon tax"], ["Q69", "no"], ["LABEL_0", "LABEL_1"]])
def test_the_positive_label_is_known_by_its_name(tmp_path: Path, labels: list[str]):
    classifier = opened(sequence_model(tmp_path, labels))

    assert classifier.card.behaviour["labels"] == [labels[0] if labels[0] == "Q69" else labels[1]]


def test_the_threshold_may_stand_in_config_json(tmp_path: Path):
    directory = sequence_model(tmp_path, ["no", "yes"], threshold=0.3)

    assert opened(directory).card.behaviour["threshold"] == 0.3
    assert opened(options(directory, threshold=0)).card.behaviour["threshold"] == 0


def test_a_file_that_changes_changes_the_id(tmp_path: Path):
    directory = sequence_model(tmp_path, ["no", "yes"])
    before = opened(directory).card.id

    assert opened(directory).card.id == before
    assert opened(options(directory, threshold=0.5)).card.id != before


def test_a_graph_in_a_folder_of_its_own_is_found(tmp_path: Path):
    directory = sequence_model(tmp_path, ["no", "yes"])
    (directory / "onnx").mkdir()
    (directory / "model.onnx").rename(directory / "onnx" / "model.onnx")

    assert isinstance(opened(directory), SequenceClassifier)


def refusal(directory: Path) -> str:
    with pytest.raises(InvalidModel) as refused:
        opened(directory).predict(candidates(["net-zero"]))
    return str(refused.value)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"threshold": 1.5}, "threshold 1.5; it must be a number from 0 to 1"),
        ({"threshold": True}, "threshold True"),
        ({"threshold": "0.5"}, "threshold '0.5'"),
        ({"positive_label": "maybe"}, "'maybe'; the model's labels are no, yes"),
        ({"treshold": 0.5}, "it may hold positive_label and threshold"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    tmp_path: Path, values: dict[str, object], said: str
):
    assert said in refusal(options(sequence_model(tmp_path, ["no", "yes"]), **values))


@pytest.mark.parametrize("body", ["a: [", "\xff", "- 1"])
def test_a_classifier_yml_that_is_none_is_refused(tmp_path: Path, body: str):
    directory = sequence_model(tmp_path, ["no", "yes"])
    (directory / "classifier.yml").write_bytes(body.encode("latin-1"))

    assert "classifier.yml" in refusal(directory)


@pytest.mark.parametrize("missing", ["model.onnx", "config.json", "tokenizer.json"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str):
    directory = sequence_model(tmp_path, ["no", "yes"])
    (directory / missing).unlink()

    assert missing in refusal(directory)


@pytest.mark.parametrize("broken", ["model.onnx", "config.json", "tokenizer.json"])
def test_a_broken_file_is_named(tmp_path: Path, broken: str):
    directory = sequence_model(tmp_path, ["no", "yes"])
    (directory / broken).write_text("{")

    assert broken in refusal(directory)


def test_labels_that_do_not_say_which_is_positive_are_refused(tmp_path: Path):
    assert "which of the labels a, b is the positive one?" in refusal(
        sequence_model(tmp_path, ["a", "b"])
    )


def test_a_regression_model_is_refused(tmp_path: Path):
    assert "regression" in refusal(sequence_model(tmp_path, ["yes"], problem_type="regression"))


def test_a_config_that_promises_labels_the_graph_lacks_is_refused(tmp_path: Path):
    directory = sequence_model(tmp_path, ["no", "yes"])
    config = json.loads((directory / "config.json").read_text())
    config["id2label"] = {"0": "a", "1": "b", "2": "yes"}
    (directory / "config.json").write_text(json.dumps(config))

    assert "gives (2,) for a passage where config.json promises 3 labels" in refusal(directory)


def test_labels_that_are_not_numbered_are_refused(tmp_path: Path):
    directory = sequence_model(tmp_path, ["no", "yes"])
    config = json.loads((directory / "config.json").read_text())
    (directory / "config.json").write_text(json.dumps({**config, "id2label": {"1": "yes"}}))

    assert "it must number the labels" in refusal(directory)


def test_a_graph_with_more_labels_than_config_json_names_is_refused(tmp_path: Path):
    directory = sequence_model(tmp_path, ["no", "yes"])
    config = json.loads((directory / "config.json").read_text())
    (directory / "config.json").write_text(json.dumps({**config, "id2label": {"0": "yes"}}))

    assert "gives (2,) for a passage where config.json promises 1 labels" in refusal(directory)


@pytest.mark.parametrize("asked", ["yes", "no"])
def test_a_positive_label_that_yaml_takes_for_a_truth_is_understood(tmp_path: Path, asked: str):
    directory = sequence_model(tmp_path, ["no", "yes"])
    (directory / "classifier.yml").write_text(f"positive_label: {asked}\n")

    assert opened(directory).card.behaviour["labels"] == [asked]


def test_a_text_without_a_single_token_has_a_probability_all_the_same(tmp_path: Path):
    directory = sequence_model(tmp_path, ["no", "yes"])
    tokenizer = json.loads((directory / "tokenizer.json").read_text())
    tokenizer["post_processor"] = None  # which would set [CLS] and [SEP] around it
    (directory / "tokenizer.json").write_text(json.dumps(tokenizer))

    alone = probabilities(directory, [""])

    assert probabilities(directory, ["", "net-zero", "carbon tax"])[:1] == pytest.approx(alone)


def test_a_graph_that_gives_no_numbers_is_refused(tmp_path: Path):
    directory = sequence_model(tmp_path, ["no", "yes"])
    model = onnx.load(directory / "model.onnx")
    [bias] = [each for each in model.graph.initializer if each.name == "classifier.bias"]
    bias.CopyFrom(numpy_helper.from_array(np.array([0, np.nan], np.float32), bias.name))
    onnx.save(model, directory / "model.onnx")

    assert "the graph gives NaN" in refusal(directory)
