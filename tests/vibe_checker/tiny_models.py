"""Tiny models with random but fixed weights, as directories like those of real ones.

What transformers makes of the very same weights is in golden/transformers.json, written by
golden/make_transformers.py.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper
from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import WordPiece

from local.demo.bert_onnx import BertGraph, Graph, Shape

Tensors = dict[str, NDArray[np.float32]]

VOCABULARY = (
    "[PAD] [UNK] [CLS] [SEP] the a of and in carbon tax ##es ##ation levy gas ##eous green ##house"
    " climate change policy ##makers net zero - , . ( ) 2030 e ##mission ##s"
).split()
BERT: dict[str, Any] = {
    "model_type": "bert",
    "vocab_size": len(VOCABULARY),
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "intermediate_size": 64,
    "max_position_embeddings": 24,
    "type_vocab_size": 2,
    "hidden_act": "gelu",
    "position_embedding_type": "absolute",
    "layer_norm_eps": 1e-12,
    "pad_token_id": 0,
}
TEXTS = [
    "The carbon tax and the gas levy.",
    "net-zero",
    "",
    "Climate policymakers, in 2030 (the net-zero climate change policy), taxes emissions of gas",
    "taxation",
    "unheard words",
    "the the the the the the the the the the the the the the the the the the the carbon tax tax",
]


def weights(labels: int, seed: int = 7) -> Tensors:
    """Those of Hugging Face's BertModel with a pooler, and of a linear layer above it."""
    draw = np.random.default_rng(seed)
    hidden, inner = BERT["hidden_size"], BERT["intermediate_size"]

    def table(*shape: int) -> NDArray[np.float32]:
        # Large enough that the classes differ well from text to text.
        return (draw.standard_normal(shape) * 0.4).astype(np.float32)

    tensors = {
        "embeddings.word_embeddings.weight": table(len(VOCABULARY), hidden),
        "embeddings.position_embeddings.weight": table(BERT["max_position_embeddings"], hidden),
        "embeddings.token_type_embeddings.weight": table(2, hidden),
    }
    norms = ["embeddings.LayerNorm"]
    linear = {"pooler.dense": (hidden, hidden), "classifier": (labels, hidden)}
    for number in range(BERT["num_hidden_layers"]):
        layer = f"encoder.layer.{number}"
        for name in ("self.query", "self.key", "self.value", "output.dense"):
            linear[f"{layer}.attention.{name}"] = (hidden, hidden)
        linear[f"{layer}.intermediate.dense"] = (inner, hidden)
        linear[f"{layer}.output.dense"] = (hidden, inner)
        norms += [f"{layer}.attention.output.LayerNorm", f"{layer}.output.LayerNorm"]
    for name in norms:
        tensors[f"{name}.weight"], tensors[f"{name}.bias"] = 1 + table(hidden), table(hidden)
    for name, shape in linear.items():
        tensors[f"{name}.weight"], tensors[f"{name}.bias"] = table(*shape), table(shape[0])
    return tensors


def write_tokenizer(directory: Path) -> None:
    """BERT's tokenizer; its file pads and cuts at lengths that are not the model's."""
    tokenizer = Tokenizer(
        WordPiece({word: place for place, word in enumerate(VOCABULARY)}, unk_token="[UNK]")
    )
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    tokenizer.enable_padding(length=12)
    tokenizer.enable_truncation(8)
    tokenizer.save(str(directory / "tokenizer.json"))


def _encoder(tensors: Tensors) -> tuple[BertGraph, str]:
    graph = BertGraph(tensors, Shape.from_config(BERT))
    x, mask = graph.embeddings(), graph.mask_bias()
    for number in range(BERT["num_hidden_layers"]):
        x = graph.layer(x, mask, number)
    return graph, x


def _save(graph: Graph, directory: Path, output: str, shape: list[Any]) -> None:
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"])
        for name in ("input_ids", "attention_mask", "token_type_ids")
    ]
    outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)]
    onnx.save(graph.model("tiny", inputs, outputs), directory / "model.onnx")


def _write_config(directory: Path, labels: list[str], **more: object) -> None:
    config = {**BERT, "id2label": {str(n): label for n, label in enumerate(labels)}, **more}
    (directory / "config.json").write_text(json.dumps(config))


def sequence_model(directory: Path, labels: list[str], **config: object) -> Path:
    """BertForSequenceClassification."""
    directory.mkdir(parents=True, exist_ok=True)
    graph, x = _encoder(weights(len(labels)))
    zero, one = graph.weight("zero", np.array([0])), graph.weight("one_more", np.array([1]))
    first = graph.add("Slice", x, zero, one, one, name="first")
    flat = graph.weight("flat", np.array([-1, BERT["hidden_size"]]))
    first = graph.add("Reshape", first, flat, name="first/flat")
    pooled = graph.add("Tanh", graph.linear(first, "pooler.dense", "pooler"), name="pooled")
    graph.add("Identity", graph.linear(pooled, "classifier", "scores"), name="logits")
    _save(graph, directory, "logits", ["batch", len(labels)])
    _write_config(directory, labels, **config)
    write_tokenizer(directory)
    return directory


def token_model(directory: Path, labels: list[str], **config: object) -> Path:
    """BertForTokenClassification."""
    directory.mkdir(parents=True, exist_ok=True)
    graph, x = _encoder(weights(len(labels)))
    graph.add("Identity", graph.linear(x, "classifier", "scores"), name="logits")
    _save(graph, directory, "logits", ["batch", "sequence", len(labels)])
    _write_config(directory, labels, **config)
    write_tokenizer(directory)
    return directory


def embedding_model(directory: Path, pooling: str = "pooling_mode_mean_tokens") -> Path:
    """A sentence-transformers directory: BERT, a pooling, unit length."""
    (directory / "1_Pooling").mkdir(parents=True, exist_ok=True)
    graph, x = _encoder(weights(2))
    graph.add("Identity", x, name="last_hidden_state")
    _save(graph, directory, "last_hidden_state", ["batch", "sequence", BERT["hidden_size"]])
    _write_config(directory, ["a", "b"])
    write_tokenizer(directory)
    kinds = ["models.Transformer", "models.Pooling", "models.Normalize"]
    paths = ["", "1_Pooling", "2_Normalize"]
    modules = [
        {"idx": n, "name": str(n), "path": path, "type": f"sentence_transformers.{kind}"}
        for n, (kind, path) in enumerate(zip(kinds, paths, strict=True))
    ]
    (directory / "modules.json").write_text(json.dumps(modules))
    pooled = {"word_embedding_dimension": BERT["hidden_size"], pooling: True}
    (directory / "1_Pooling" / "config.json").write_text(json.dumps(pooled))
    return directory


def tags_model(directory: Path, labels: list[str], tags: dict[str, list[float]]) -> Path:
    """A tagger whose logits are looked up by word, for tests of what is made of them.

    Words without an entry are surely `labels[0]`.
    """
    directory.mkdir(parents=True, exist_ok=True)
    table = np.full((len(VOCABULARY), len(labels)), -20, np.float32)
    table[:, 0] = 20
    for word, logits in tags.items():
        table[VOCABULARY.index(word)] = logits
    graph = Graph()
    graph.add("Gather", graph.weight("tags", table), "input_ids", name="logits")
    ids, mask = (
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "sequence"])
        for name in ("input_ids", "attention_mask")
    )
    output = helper.make_tensor_value_info(
        "logits", TensorProto.FLOAT, ["batch", "sequence", len(labels)]
    )
    onnx.save(graph.model("tags", [ids, mask], [output]), directory / "model.onnx")
    _write_config(directory, labels)
    write_tokenizer(directory)
    return directory


def linear_head(
    directory: Path, columns: NDArray[np.float32], output: str = "probabilities"
) -> Path:
    """A head whose output is the embeddings [N, d] times `columns` [d, labels]."""
    directory.mkdir(parents=True, exist_ok=True)
    graph = Graph()
    graph.add("MatMul", "embeddings", graph.weight("columns", columns), name=output)
    dimension, labels = columns.shape
    inputs = [helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["n", dimension])]
    outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n", labels])]
    onnx.save(graph.model("head", inputs, outputs), directory / "model.onnx")
    return directory
