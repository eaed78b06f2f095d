"""A BERT encoder written as an ONNX graph, from its weights, without PyTorch.

The architecture is Devlin et al. 2019 (https://arxiv.org/abs/1810.04805), the tensor names are
those of Hugging Face's BertModel:

    embeddings = LayerNorm(word[ids] + position[0..n) + token_type[types])
    for each layer:
        heads   = softmax(QKᵀ / √d + bias) V        bias: 0 where the mask is 1, else -10,000
        x       = LayerNorm(x + dense(heads))
        x       = LayerNorm(x + dense(gelu(dense(x))))
    last_hidden_state = x                           float32 [batch, sequence, hidden]
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

# The first opset with Gelu as one operator (LayerNormalization came with 17); an exporter's
# older five-node pattern would have to be fused again by the runtime.
OPSET = 20
# What opset 20 came with; newer ones buy nothing here and lock older runtimes out.
IR_VERSION = 9
# Large enough that exp() of it is zero beside any real score.
_MASKED = -10_000.0

Tensors = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Shape:
    """The numbers of config.json that the graph needs."""

    layers: int
    heads: int
    hidden: int
    epsilon: float

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Shape":
        """The shape in a Hugging Face config.json. Raises ValueError for another architecture."""
        found = (config["model_type"], config["hidden_act"], config["position_embedding_type"])
        if found != ("bert", "gelu", "absolute"):
            raise ValueError(f"not a BERT with gelu and absolute positions: {found}")
        return cls(
            layers=config["num_hidden_layers"],
            heads=config["num_attention_heads"],
            hidden=config["hidden_size"],
            epsilon=config["layer_norm_eps"],
        )


class Graph:
    """Nodes and weights as they are added; every method returns the name of its output."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: dict[str, onnx.TensorProto] = {}

    def weight(self, name: str, values: NDArray[Any]) -> str:
        """A constant of the graph; the same name given twice is stored once."""
        if name not in self.weights:
            self.weights[name] = numpy_helper.from_array(np.ascontiguousarray(values), name)
        return name

    def add(self, operator: str, *inputs: str, name: str, **attributes: Any) -> str:
        """One node with one output, which is called `name`."""
        node = helper.make_node(operator, inputs, [name], name=f"{name}/{operator}", **attributes)
        self.nodes.append(node)
        return name

    def model(self, name: str, inputs: list[Any], outputs: list[Any]) -> onnx.ModelProto:
        """The checked model."""
        graph = helper.make_graph(self.nodes, name, inputs, outputs, list(self.weights.values()))
        model = helper.make_model(
            graph,
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
            producer_name="vibe-checker demo",
        )
        onnx.checker.check_model(model)
        return model


class BertGraph(Graph):
    """A BERT encoder over `tensors`, built part by part."""

    def __init__(self, tensors: Tensors, shape: Shape) -> None:
        super().__init__()
        self.tensors = tensors
        self.shape = shape

    def linear(self, x: str, source: str, name: str) -> str:
        """x Wᵀ + b with the weights of the PyTorch module `source`."""
        kernel = self.weight(f"{source}.weight.T", self.tensors[f"{source}.weight"].T)
        bias = self.weight(f"{source}.bias", self.tensors[f"{source}.bias"])
        product = self.add("MatMul", x, kernel, name=f"{name}/product")
        return self.add("Add", product, bias, name=name)

    def layer_norm(self, x: str, source: str, name: str) -> str:
        """Layer normalisation over the last axis."""
        scale = self.weight(f"{source}.weight", self.tensors[f"{source}.weight"])
        bias = self.weight(f"{source}.bias", self.tensors[f"{source}.bias"])
        return self.add(
            "LayerNormalization", x, scale, bias, name=name, axis=-1, epsilon=self.shape.epsilon
        )

    def embeddings(self) -> str:
        """Word, position and token type embeddings, summed and normalised."""
        words = self._rows("word_embeddings", "input_ids")
        types = self._rows("token_type_embeddings", "token_type_ids")
        total = self.add("Add", words, types, name="embeddings/words_and_types")
        total = self.add("Add", total, self._positions(), name="embeddings/sum")
        return self.layer_norm(total, "embeddings.LayerNorm", "embeddings")

    def _table(self, table: str) -> str:
        name = f"embeddings.{table}.weight"
        return self.weight(name, self.tensors[name])

    def _rows(self, table: str, indices: str) -> str:
        return self.add("Gather", self._table(table), indices, name=f"embeddings/{table}")

    def _positions(self) -> str:
        """The first rows of the position table, as many as the sequence is long."""
        length = self.add("Shape", "input_ids", name="length", start=1, end=2)
        zero = self.weight("axis_0", np.array([0]))
        table = self._table("position_embeddings")
        # Slice, because Gather of a Range meets a faulty rewrite in onnxruntime 1.32.
        return self.add("Slice", table, zero, length, zero, name="embeddings/positions")

    def mask_bias(self) -> str:
        """0 for a token, -10,000 for padding: float32 [batch, 1, 1, sequence]."""
        axes = self.weight("axes_1_2", np.array([1, 2]))
        wide = self.add("Unsqueeze", "attention_mask", axes, name="mask/wide")
        real = self.add("Cast", wide, name="mask/float", to=TensorProto.FLOAT)
        one = self.weight("one", np.array(1.0, np.float32))
        masked = self.weight("masked", np.array(_MASKED, np.float32))
        padding = self.add("Sub", one, real, name="mask/padding")
        return self.add("Mul", padding, masked, name="mask")

    def heads(self, x: str, source: str, name: str, order: list[int]) -> str:
        """A projection split into heads: [batch, sequence, hidden] → transposed to `order`."""
        projected = self.linear(x, source, name)
        size = self.shape.hidden // self.shape.heads
        split = self.weight("split_heads", np.array([0, 0, self.shape.heads, size]))
        shaped = self.add("Reshape", projected, split, name=f"{name}/split")
        return self.add("Transpose", shaped, name=f"{name}/heads", perm=order)

    def attention(self, x: str, mask: str, layer: str) -> str:
        """Scaled dot-product attention of every head, joined and projected."""
        source = f"{layer}.attention.self"
        query = self.heads(x, f"{source}.query", f"{layer}/query", [0, 2, 1, 3])
        key = self.heads(x, f"{source}.key", f"{layer}/key", [0, 2, 3, 1])
        value = self.heads(x, f"{source}.value", f"{layer}/value", [0, 2, 1, 3])
        weights = self._attention_weights(query, key, mask, layer)
        context = self.add("MatMul", weights, value, name=f"{layer}/context")
        context = self.add("Transpose", context, name=f"{layer}/context/back", perm=[0, 2, 1, 3])
        joined = self.weight("join_heads", np.array([0, 0, self.shape.hidden]))
        context = self.add("Reshape", context, joined, name=f"{layer}/context/joined")
        return self.linear(context, f"{layer}.attention.output.dense", f"{layer}/attention")

    def _attention_weights(self, query: str, key: str, mask: str, layer: str) -> str:
        size = self.shape.hidden // self.shape.heads
        root = self.weight("root_of_head_size", np.array(size**0.5, np.float32))
        scores = self.add("MatMul", query, key, name=f"{layer}/scores")
        scores = self.add("Div", scores, root, name=f"{layer}/scores/scaled")
        scores = self.add("Add", scores, mask, name=f"{layer}/scores/masked")
        return self.add("Softmax", scores, name=f"{layer}/weights", axis=-1)

    def layer(self, x: str, mask: str, number: int) -> str:
        """One transformer layer, normalised after each residual sum."""
        layer = f"encoder.layer.{number}"
        attended = self.attention(x, mask, layer)
        attended = self.add("Add", attended, x, name=f"{layer}/residual_1")
        attended = self.layer_norm(attended, f"{layer}.attention.output.LayerNorm", f"{layer}/mid")
        inner = self.linear(attended, f"{layer}.intermediate.dense", f"{layer}/inner")
        inner = self.add("Gelu", inner, name=f"{layer}/gelu")
        outer = self.linear(inner, f"{layer}.output.dense", f"{layer}/outer")
        outer = self.add("Add", outer, attended, name=f"{layer}/residual_2")
        return self.layer_norm(outer, f"{layer}.output.LayerNorm", f"{layer}/out")


def bert_model(tensors: Tensors, config: dict[str, Any]) -> onnx.ModelProto:
    """The encoder as a model.

    Inputs: input_ids, attention_mask, token_type_ids, int64 [batch, sequence]. Output:
    last_hidden_state, float32 [batch, sequence, hidden].
    """
    shape = Shape.from_config(config)
    graph = BertGraph(tensors, shape)
    x, mask = graph.embeddings(), graph.mask_bias()
    for number in range(shape.layers):
        x = graph.layer(x, mask, number)
    graph.add("Identity", x, name="last_hidden_state")
    axes = ["batch", "sequence"]
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, axes)
        for name in ("input_ids", "attention_mask", "token_type_ids")
    ]
    output = helper.make_tensor_value_info(
        "last_hidden_state", TensorProto.FLOAT, [*axes, shape.hidden]
    )
    return graph.model("bert", inputs, [output])
