"""Run an ONNX text model over many texts: tokenise, sort by length, batch by tokens, run."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import onnxruntime as ort
from tokenizers import Encoding, Tokenizer

from vibe_checker.errors import InvalidModel
from vibe_checker.parsing import json_value

Array = np.ndarray[Any, Any]
Read = TypeVar("Read")

# Tokens in a batch, padding included. Measured with a MiniLM-size graph and a batch for each core:
# 1,024 is as fast as 512 and 2,048, more is slower, because what passes between the layers no
# longer fits a core's cache.
_BATCH_TOKENS = 1_024
_NEEDED_INPUTS = {"input_ids", "attention_mask"}
_KNOWN_INPUTS = _NEEDED_INPUTS | {"token_type_ids"}
# Tokenizers say "no limit" with a huge number.
_NO_LIMIT = 1_000_000
_COUNTED_FROM_PADDING = {
    "roberta", "roberta-prelayernorm", "xlm-roberta", "xlm-roberta-xl", "xmod", "camembert",
    "data2vec-text", "ibert", "longformer", "mpnet",
}  # fmt: skip


@dataclass(frozen=True)
class Batch:
    """What a model made of some of the texts.

    `outputs` maps each output of the graph to its array [texts, ...]; `mask` (int64 [texts,
    tokens]) is 1 where a token is real.
    """

    outputs: dict[str, Array]
    mask: Array
    encodings: list[Encoding]


class TextModel:
    """A model directory's graph with its tokenizer.

    The tokenizer's own padding is switched off (files often carry a fixed length) and it cuts
    texts at `max_length` tokens, special ones included.

    Each of `threads` works on a batch of its own, alone from the first layer to the last: nobody
    waits for another, as threads that share every matrix product do. Measured on two cores: 1.1
    to 1.4 times as fast as one batch at a time on both.
    """

    def __init__(self, name: str, graph: Path, tokenizer: Path, max_length: int, threads: int):
        """Raises InvalidModel, with `name` in the message, for what cannot be loaded."""
        self.name = name
        self._threads = threads
        self.session = open_session(name, graph, threads=1)
        self._inputs = [each.name for each in self.session.get_inputs()]
        if not _NEEDED_INPUTS <= set(self._inputs) <= _KNOWN_INPUTS:
            raise InvalidModel(
                f"{name}: {graph.name} takes {', '.join(self._inputs)}; with a tokenizer.json it "
                "must take input_ids, attention_mask and, where it needs them, token_type_ids. "
                "(A head on embeddings has no tokenizer.json beside it.)"
            )
        self._tokenizer = _open_tokenizer(name, tokenizer)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_length)

    def run(
        self, texts: Sequence[str], read: Callable[[Batch], Read], offsets: bool = False
    ) -> Iterator[tuple[list[int], Read]]:
        """Places in `texts` with what `read` makes of their batch; together every text once.

        `read` is called by several threads at once, so that large outputs are gone before the
        next batch. With `offsets` encodings tell where each token stands (slower by a third).
        """
        encode = self._tokenizer.encode_batch if offsets else self._tokenizer.encode_batch_fast
        try:
            encodings = encode(list(texts))
        except Exception as error:  # the Rust library raises bare Exception
            raise InvalidModel(
                f"{self.name}: tokenizer.json cannot be used: {_first_line(error)}"
            ) from error
        # The longest first: memory peaks at the start and not at the end of an hour, and the
        # threads end together, on the shortest.
        order = sorted(range(len(texts)), key=lambda i: (-len(encodings[i].ids), i))
        batches = list(_by_tokens(order, [len(e.ids) for e in encodings]))
        with ThreadPoolExecutor(self._threads) as pool:
            yield from zip(
                batches,
                pool.map(lambda batch: read(self._run([encodings[i] for i in batch])), batches),
                strict=True,
            )

    def _run(self, encodings: list[Encoding]) -> Batch:
        feed = {
            "input_ids": _padded([e.ids for e in encodings]),
            # A text without any token reads as one of padding: a graph takes no less than one.
            "attention_mask": _padded([e.attention_mask or [1] for e in encodings]),
            "token_type_ids": _padded([e.type_ids for e in encodings]),
        }
        names = [output.name for output in self.session.get_outputs()]
        inputs = {name: feed[name] for name in self._inputs}
        values = run_graph(self.name, self.session, names, inputs)
        if not all(isinstance(value, np.ndarray) for value in values):
            raise InvalidModel(f"{self.name}: the graph gives what are no arrays; export it anew.")
        return Batch(dict(zip(names, values, strict=True)), feed["attention_mask"], encodings)


def open_session(name: str, graph: Path, threads: int) -> ort.InferenceSession:
    """An onnxruntime session on the CPU; raises InvalidModel for a file that is no such graph."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that wait in a loop take the core from the one that works.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    if not graph.is_file():
        raise InvalidModel(f"{name} has no {graph.name}; export the model to ONNX.")
    try:
        return ort.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    except MemoryError:
        raise
    except Exception as error:  # onnxruntime's errors have no common class below this one
        raise InvalidModel(
            f"{name}: {graph.name} cannot be loaded: {_first_line(error)}"
        ) from error


def run_graph(
    name: str, session: ort.InferenceSession, outputs: list[str], inputs: dict[str, Array]
) -> list[Any]:
    """What the graph makes of `inputs`; raises InvalidModel where it fails on them."""
    try:
        found: list[Any] = session.run(outputs, inputs)
    except MemoryError:
        raise
    except Exception as error:  # onnxruntime's errors have no common class below this one
        raise InvalidModel(f"{name}: the graph cannot be run: {_first_line(error)}") from error
    return found


def read_json(name: str, path: Path) -> dict[str, Any]:
    """One of a model directory's JSON files, {} where it is not there."""
    if not path.is_file():
        return {}
    try:
        value = json_value(path.read_bytes())
    except ValueError as error:
        raise InvalidModel(f"{name}: {path.name} is not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise InvalidModel(f"{name}: {path.name} must hold a JSON object.")
    return value


def max_length(name: str, directory: Path) -> int:
    """How many tokens the model was made for, special tokens included, from its own files.

    The smallest limit among sentence_bert_config.json, tokenizer_config.json and config.json.
    tokenizer.json is not asked: its truncation is a leftover of whoever saved it.
    """
    limits = [
        read_json(name, directory / "sentence_bert_config.json").get("max_seq_length"),
        read_json(name, directory / "tokenizer_config.json").get("model_max_length"),
        _positions(read_json(name, directory / "config.json")),
    ]
    known = [int(n) for n in limits if isinstance(n, int | float) and 0 < n < _NO_LIMIT]
    if not known:
        raise InvalidModel(
            f"{name} does not say how many tokens it takes: neither sentence_bert_config.json "
            "(max_seq_length) nor tokenizer_config.json (model_max_length) nor config.json "
            "(max_position_embeddings) is there."
        )
    return min(known)


def _positions(config: dict[str, Any]) -> int | None:
    """The positions that a text may take up; RoBERTa's kind begins to count behind the padding."""
    positions = config.get("max_position_embeddings")
    if not isinstance(positions, int):
        return None
    if str(config.get("model_type")) not in _COUNTED_FROM_PADDING:
        return positions
    padding = config.get("pad_token_id")
    return positions - (padding if isinstance(padding, int) else 0) - 1


def check_numbers(name: str, logits: Array) -> None:
    """Raise InvalidModel where a graph gives NaN, as half-precision ones do that overflow."""
    if np.isnan(logits).any():
        raise InvalidModel(
            f"{name}: the graph gives NaN; was it exported in half precision? Export it in fp32."
        )


def sigmoid(logits: Array) -> Array:
    """1 / (1 + exp(-logits)), float32, without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * logits.astype(np.float32))))


def softmax(logits: Array) -> Array:
    """Over the last axis, float32, without overflow."""
    logits = logits.astype(np.float32)
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def _open_tokenizer(name: str, path: Path) -> Tokenizer:
    if not path.is_file():
        raise InvalidModel(f"{name} has no {path.name}; save the model's fast tokenizer with it.")
    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:  # the Rust library raises bare Exception
        raise InvalidModel(f"{name}: {path.name} cannot be loaded: {_first_line(error)}") from error


def _by_tokens(order: list[int], lengths: list[int]) -> Iterator[list[int]]:
    """Cut `order`, longest first, into batches of at most _BATCH_TOKENS padded tokens."""
    start = 0
    while start < len(order):
        size = max(1, _BATCH_TOKENS // max(1, lengths[order[start]]))
        yield order[start : start + size]
        start += size


def _padded(rows: list[list[int]]) -> Array:
    """int64 [len(rows), longest], zeros behind each row: no model reads what its mask hides."""
    padded = np.zeros((len(rows), max(1, *map(len, rows))), np.int64)
    for place, row in enumerate(rows):
        padded[place, : len(row)] = row
    return padded


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:300]
