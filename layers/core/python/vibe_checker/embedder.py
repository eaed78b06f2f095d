"""A sentence-transformers directory with an ONNX export: texts → unit vectors.

The directory's own files say what follows the graph: `modules.json` lists the modules in order,
the Pooling module's config.json how token vectors become one, and a Normalize module that the
vector gets length 1 (sentence-transformers, `SentenceTransformer` and `Pooling`).
"""

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from vibe_checker.errors import InvalidModel
from vibe_checker.onnx_text import Array, Batch, TextModel, max_length, read_json
from vibe_checker.parsing import json_value

Pooling = Callable[[Array, Array], Array]


def _cls(tokens: Array, mask: Array) -> Array:
    first: Array = tokens[:, 0]
    return first


def _mean(tokens: Array, mask: Array) -> Array:
    weights = mask[:, :, None].astype(np.float32)
    mean: Array = (tokens * weights).sum(axis=1) / np.maximum(weights.sum(axis=1), 1e-9)
    return mean


def _mean_sqrt(tokens: Array, mask: Array) -> Array:
    weights = mask[:, :, None].astype(np.float32)
    mean: Array = (tokens * weights).sum(axis=1) / np.sqrt(np.maximum(weights.sum(axis=1), 1e-9))
    return mean


def _max(tokens: Array, mask: Array) -> Array:
    highest: Array = np.where(mask[:, :, None] == 1, tokens, -np.inf).max(axis=1)
    return highest


def _last(tokens: Array, mask: Array) -> Array:
    last: Array = tokens[np.arange(len(tokens)), mask.sum(axis=1) - 1]
    return last


# In the order in which sentence-transformers joins them where several are on.
_POOLINGS: dict[str, Pooling] = {
    "pooling_mode_cls_token": _cls,
    "pooling_mode_max_tokens": _max,
    "pooling_mode_mean_tokens": _mean,
    "pooling_mode_mean_sqrt_len_tokens": _mean_sqrt,
    "pooling_mode_lasttoken": _last,
}


# A module lies in a folder of the model's own directory, or right in it.
_FOLDER = re.compile(r"(?:\w[\w.-]*)?", re.ASCII)


class Embedder:
    """An embedding model, open and ready; `dimension` is the length of its vectors."""

    def __init__(self, name: str, directory: Path, threads: int) -> None:
        """Open the model in `directory`; raises InvalidModel naming what is missing or unknown."""
        self.name = name
        modules = _modules(name, directory)
        self._poolings = _poolings(name, directory / modules["Pooling"])
        self._normalised = "Normalize" in modules
        self._prompt = _default_prompt(name, directory)
        self._model = TextModel(
            name,
            _graph(directory),
            directory / "tokenizer.json",
            max_length(name, directory),
            threads,
        )

    def embed(self, texts: Sequence[str]) -> Array:
        """float32 [len(texts), d]; the order and company of the texts change nothing."""
        vectors: Array | None = None
        prompted = [self._prompt + text for text in texts]
        for places, pooled in self._model.run(prompted, self._pooled):
            if vectors is None:
                vectors = np.empty((len(texts), pooled.shape[1]), np.float32)
            vectors[places] = pooled
        return np.empty((0, 0), np.float32) if vectors is None else vectors

    def _pooled(self, batch: Batch) -> Array:
        tokens = next((value for value in batch.outputs.values() if value.ndim == 3), None)
        if tokens is None:
            raise InvalidModel(
                f"{self.name}: the graph gives {', '.join(batch.outputs)}, none of them a vector "
                "for each token; export it with last_hidden_state among its outputs."
            )
        vectors = np.concatenate([pool(tokens, batch.mask) for pool in self._poolings], axis=1)
        if self._normalised:
            vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        return vectors


def _graph(directory: Path) -> Path:
    nested = directory / "onnx" / "model.onnx"
    return nested if nested.is_file() else directory / "model.onnx"


def _modules(name: str, directory: Path) -> dict[str, str]:
    """Module kind → its folder, from modules.json."""
    try:
        listed: list[dict[str, Any]] = json_value((directory / "modules.json").read_bytes())
        modules = {str(m["type"]).rsplit(".", 1)[-1]: str(m["path"]) for m in listed}
    except FileNotFoundError:
        raise InvalidModel(
            f"{name} has no modules.json; upload the whole sentence-transformers directory."
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidModel(f"{name}: modules.json cannot be read: {error}") from error
    unknown = sorted(set(modules) - {"Transformer", "Pooling", "Normalize"})
    if unknown or "Pooling" not in modules:
        raise InvalidModel(
            f"{name}: modules.json lists {', '.join(modules)[:500]}; Transformer, Pooling and "
            "Normalize can be run."
        )
    if not _FOLDER.fullmatch(modules["Pooling"]):
        raise InvalidModel(
            f"{name}: modules.json has the path {modules['Pooling'][:100]!r}; it must be the "
            "name of a folder."
        )
    return modules


def _poolings(name: str, directory: Path) -> list[Pooling]:
    config = read_json(name, directory / "config.json")
    asked = [key for key, on in config.items() if key.startswith("pooling_mode_") and on is True]
    unknown = sorted(set(asked) - set(_POOLINGS))
    if unknown or not asked:
        raise InvalidModel(
            f"{name}: {directory.name}/config.json asks for "
            f"{', '.join(unknown)[:500] or 'no pooling'}; known are {', '.join(_POOLINGS)}."
        )
    return [pool for key, pool in _POOLINGS.items() if key in asked]


def _default_prompt(name: str, directory: Path) -> str:
    """What the model wants before every text, "" for most."""
    config = read_json(name, directory / "config_sentence_transformers.json")
    prompts, chosen = config.get("prompts"), config.get("default_prompt_name")
    if not isinstance(prompts, dict) or not isinstance(chosen, str):
        return ""
    return str(prompts.get(chosen, ""))
