"""A trained network as a directory that looks like an exported sequence classifier.

    model.onnx      input_ids, attention_mask → logits float32 [batch, labels]
    tokenizer.json  the embedding model's
    config.json     labels and problem type, in Hugging Face's words
    classifier.yml  the threshold and which label is the positive one

It has two forms, as such classifiers do: two labels whose probabilities are the softmax of the
logits, and one label whose probability is the sigmoid of its logit. With logits -z/2 and z/2 the
softmax of the second is the sigmoid of z, so both forms come from the same network.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import yaml
from onnx import TensorProto, helper

from local.demo.bert_onnx import Graph
from local.demo.training import Network
from local.demo.word_features import Matrix

_TOKENIZER_FILES = ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"]
# Longer texts are cut. No passage of the demo is longer.
_LONGEST = 256


@dataclass(frozen=True)
class Form:
    """How the network's output for a concept becomes logits: by a factor for each label."""

    labels: list[str]
    factors: list[float]
    problem_type: str

    @classmethod
    def two_labels(cls, concept: str) -> "Form":
        """Softmax over "not carbon tax" and "carbon tax"."""
        return cls([f"not {concept}", concept], [-0.5, 0.5], "single_label_classification")

    @classmethod
    def one_label(cls, concept: str) -> "Form":
        """The sigmoid of one logit."""
        return cls([concept], [1.0], "multi_label_classification")


def write_classifier(
    directory: Path, form: Form, model: onnx.ModelProto, threshold: float, embedder: Path
) -> None:
    """All files of one classifier."""
    directory.mkdir(parents=True, exist_ok=True)
    onnx.save(model, directory / "model.onnx")
    for name in _TOKENIZER_FILES:
        shutil.copyfile(embedder / name, directory / name)
    config = json.dumps(_config(form), indent=2) + "\n"
    (directory / "config.json").write_text(config, encoding="utf-8")
    settings = yaml.safe_dump({"threshold": threshold, "positive_label": form.labels[-1]})
    (directory / "classifier.yml").write_text(settings, encoding="utf-8")


def _config(form: Form) -> dict[str, Any]:
    return {
        "architectures": ["PooledWordsForSequenceClassification"],
        "model_type": "pooled-words",
        "problem_type": form.problem_type,
        "num_labels": len(form.labels),
        "id2label": {str(number): label for number, label in enumerate(form.labels)},
        "label2id": {label: number for number, label in enumerate(form.labels)},
        "max_position_embeddings": _LONGEST,
        "pad_token_id": 0,
    }


def classifier_model(
    network: Network, vectors: Matrix, concept: int, form: Form
) -> onnx.ModelProto:
    """The network's output number `concept` as a graph.

    A word's hidden units depend on nothing but the word, so they are looked up, not computed:
    the table holds x W + b for each word of the vocabulary.
    """
    graph = Graph()
    table = graph.weight("words", vectors @ network.words + network.bias)
    words = graph.add("Gather", table, "input_ids", name="words/gathered")
    hidden = graph.add("Relu", words, name="words/rectified")
    features = _pooled(graph, hidden)
    factors = np.array(form.factors, dtype=np.float32)
    kernel = graph.weight("kernel", network.outputs[:, [concept]] * factors)
    bias = graph.weight("bias", network.intercept[concept] * factors)
    graph.add("Gemm", features, kernel, bias, name="logits")
    axes = ["batch", "sequence"]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, axes)
        for name in ("input_ids", "attention_mask")
    ]
    logits = helper.make_tensor_value_info(
        "logits", TensorProto.FLOAT, ["batch", len(form.factors)]
    )
    return graph.model("pooled_words", inputs, [logits])


def _pooled(graph: Graph, hidden: str) -> str:
    """[max, mean] over the tokens; what is masked is 0, which no hidden unit is below."""
    last, tokens = graph.weight("axis_2", np.array([2])), graph.weight("axis_1", np.array([1]))
    mask = graph.add("Cast", "attention_mask", name="mask/float", to=TensorProto.FLOAT)
    wide = graph.add("Unsqueeze", mask, last, name="mask")
    masked = graph.add("Mul", hidden, wide, name="masked")
    highest = graph.add("ReduceMax", masked, tokens, name="max", keepdims=0)
    total = graph.add("ReduceSum", masked, tokens, name="sum", keepdims=0)
    count = graph.add("ReduceSum", mask, tokens, name="count", keepdims=1)
    mean = graph.add("Div", total, count, name="mean")
    return graph.add("Concat", highest, mean, name="features", axis=1)
