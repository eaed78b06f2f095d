import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pyarrow as pa
import pytest
from onnx import TensorProto, helper

from local.demo.bert_onnx import Graph
from tests.vibe_checker.test_sequence import CONCEPT, options
from tests.vibe_checker.tiny_models import linear_head, sequence_model
from vibe_checker.classifiers import open_classifier, takes_embeddings
from vibe_checker.classifiers.directory import ModelDirectory
from vibe_checker.errors import InvalidModel
from vibe_checker.passages import candidates, embeddings_of, from_bytes, to_bytes
from vibe_checker.predictions import Prediction
from vibe_checker.spans import Span

HERE = Path(__file__).parent / "golden"
GOLDEN = json.loads((HERE / "transformers.json").read_text())["heads"]
# Of [x, y] the first column is 1 - x, the second x, if y is 1.
COLUMNS = np.array([[-1, 1], [1, 0]], np.float32)


def shard(embeddings: Any) -> pa.Table:
    """Candidates as FindPassages hands them on."""
    matrix = np.array(embeddings, np.float32)
    table = pa.table({"text_block.text": [f"passage {n}" for n in range(len(matrix))]})
    rows = np.arange(len(matrix))
    found = candidates(table, rows, np.zeros(len(matrix), np.float32), matrix)
    return from_bytes(to_bytes(found))


def opened(directory: Path) -> Any:
    return open_classifier("head", ModelDirectory("head", directory, threads=1), CONCEPT)


def predict(directory: Path, embeddings: Any) -> list[Prediction]:
    return list(opened(directory).predict(shard(embeddings)))


def refusal(directory: Path, embeddings: Any) -> str:
    with pytest.raises(InvalidModel) as refused:
        predict(directory, embeddings)
    return str(refused.value)


@pytest.mark.parametrize(
    ("name", "label"), [("logistic", "1"), ("network_zipmap", "yes"), ("calibrated", "Carbon tax")]
)
def test_what_skl2onnx_exports_says_what_scikit_learn_says(tmp_path: Path, name: str, label: str):
    shutil.copyfile(HERE / f"{name}.onnx", tmp_path / "model.onnx")
    found = [prediction.probability for prediction in predict(tmp_path, GOLDEN["embeddings"])]

    assert found == pytest.approx(GOLDEN[name], abs=1e-5)
    assert opened(tmp_path).card.behaviour["labels"] == [label]


def test_a_positive_passage_has_one_span_over_all_of_it(tmp_path: Path):
    found = predict(linear_head(tmp_path, COLUMNS), [[0.75, 1], [0.25, 1]])

    assert found == [([Span(0, 9, 0.75)], 0.75), ([], 0.25)]


def test_thresholds_of_0_and_1_are_honoured(tmp_path: Path):
    directory, rows = linear_head(tmp_path, COLUMNS), [[0, 1], [0.5, 1], [1, 1]]

    assert all(each.spans for each in predict(options(directory, threshold=0), rows))
    found = predict(options(directory, threshold=1), rows)
    assert [bool(each.spans) for each in found] == [False, False, True]


def test_a_probability_is_written_as_short_as_it_is_and_meets_that_threshold(tmp_path: Path):
    directory = options(linear_head(tmp_path, COLUMNS), threshold=0.7)

    assert predict(directory, [[0.7, 1]]) == [([Span(0, 9, 0.7)], 0.7)]


def test_logits_become_probabilities_by_the_number_of_labels(tmp_path: Path):
    two = linear_head(tmp_path / "two", COLUMNS, output="logits")
    one = linear_head(tmp_path / "one", np.array([[1], [0]], np.float32), output="logits")

    assert predict(two, [[0.5, 1], [1, 0]])[0].probability == 0.5
    softmax = predict(two, [[1, 0]])[0].probability
    assert softmax == pytest.approx(1 / (1 + np.exp(-2)), abs=1e-6)
    assert predict(one, [[0, 1], [2, 0]])[0].probability == 0.5
    sigmoid = predict(one, [[2, 0]])[0].probability
    assert sigmoid == pytest.approx(1 / (1 + np.exp(-2)), abs=1e-6)


def test_order_and_shard_borders_change_no_prediction(tmp_path: Path):
    shutil.copyfile(HERE / "logistic.onnx", tmp_path / "model.onnx")
    rows = np.random.default_rng(1).standard_normal((50, 8)).astype(np.float32)
    head = opened(tmp_path)

    def found(part: Any) -> list[float]:
        return [prediction.probability for prediction in head.predict(shard(part))]

    together = pytest.approx(found(rows), abs=1e-6)
    assert found(rows[::-1])[::-1] == together
    assert found(rows[:1]) + found(rows[1:17]) + found(rows[17:]) == together


def test_embeddings_come_through_a_shard_as_they_were():
    matrix = np.random.default_rng(0).standard_normal((7, 5)).astype(np.float32)

    assert np.array_equal(embeddings_of(shard(matrix)), matrix)
    assert np.array_equal(embeddings_of(shard(matrix).slice(2, 3)), matrix[2:5])
    assert embeddings_of(shard(matrix[:0])).shape == (0, 5)


def test_no_passages_make_no_predictions(tmp_path: Path):
    assert predict(linear_head(tmp_path, COLUMNS), np.empty((0, 2))) == []


def test_a_head_for_embeddings_of_another_length_is_refused(tmp_path: Path):
    said = refusal(linear_head(tmp_path, COLUMNS), [[1, 2, 3]])

    assert "takes 2 numbers a passage; this data set's embeddings have 3" in said


def test_candidates_without_embeddings_are_refused(tmp_path: Path):
    head = opened(linear_head(tmp_path, COLUMNS))

    with pytest.raises(InvalidModel, match="the candidates came without"):
        head.predict(pa.table({"text": pa.array(["a"], pa.large_string())}))


def test_an_output_that_does_not_say_what_it_is_is_refused(tmp_path: Path):
    assert "one output must be called" in refusal(linear_head(tmp_path, COLUMNS, "y"), [[1, 1]])


def test_margins_in_the_place_of_probabilities_are_refused(tmp_path: Path):
    said = refusal(linear_head(tmp_path, COLUMNS), [[0.5, 1], [1.5, 1]])

    assert "probabilities of a passage is 1.5; it must lie between 0 and 1" in said


def test_classes_that_the_graph_names_but_does_not_give_are_refused(tmp_path: Path):
    # scikit-learn's columns are ["gas", "other"]; this one says "gas" whatever it is shown.
    graph = Graph()
    graph.add("MatMul", "x", graph.weight("columns", COLUMNS), name="probabilities")
    graph.add("Identity", graph.weight("gas", np.array(["gas"], object)), name="label")
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])
    label = helper.make_tensor_value_info("label", TensorProto.STRING, [None])
    y = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 2])
    onnx.save(graph.model("head", [x], [label, y]), tmp_path / "model.onnx")

    assert "does not say which of its 2 columns is whose" in refusal(tmp_path, [[1, 1]])

    (tmp_path / "config.json").write_text('{"id2label": {"0": "gas", "1": "other"}}')
    options(tmp_path, positive_label="other")
    assert [each.probability for each in predict(tmp_path, [[0.75, 1]])] == [0.75]


def test_a_text_model_without_its_tokenizer_is_refused(tmp_path: Path):
    directory = sequence_model(tmp_path, ["no", "yes"])
    (directory / "tokenizer.json").unlink()

    assert "a text model needs its tokenizer.json" in refusal(directory, [[1, 1]])


def test_a_head_beside_a_tokenizer_is_refused(tmp_path: Path):
    directory = sequence_model(tmp_path, ["no", "yes"])
    linear_head(directory, COLUMNS)

    assert "A head on embeddings has no tokenizer.json" in refusal(directory, [[1, 1]])


def test_labels_that_do_not_fit_the_graph_are_refused(tmp_path: Path):
    (linear_head(tmp_path, COLUMNS) / "config.json").write_text('{"id2label": {"0": "yes"}}')

    assert "gives 2 numbers for a passage, config.json names 1 labels" in refusal(
        tmp_path, [[1, 1]]
    )


def test_heads_are_told_from_other_classifiers_by_their_files():
    prefix = "models/classifiers/Q69/head/"

    assert takes_embeddings([prefix + "model.onnx", prefix + "classifier.yml"])
    assert not takes_embeddings([prefix + "model.onnx", prefix + "tokenizer.json"])
    assert not takes_embeddings([])  # by keyword
