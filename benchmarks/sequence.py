"""Sequence classification through the handler's own path, beside transformers' pipeline."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks import minilm
from benchmarks.data import shard, texts
from benchmarks.measure import Row, medians
from local.demo.build import CACHE
from local.demo.embedding_model import read_tokenizer
from vibe_checker import passages, predictions
from vibe_checker.classifiers import open_classifier
from vibe_checker.classifiers.directory import ModelDirectory
from vibe_checker.concept import Concept

_CONCEPT = Concept(wikibase_id="Q1", preferred_label="carbon tax")
# Makes a median of some 60 tokens.
_MEDIAN_LENGTH = 290
# A square product that fits no cache: what the machine's matrix product does at its best.
_SIDE = 2_048
_THEIRS = "transformers pipeline, batch 32"
Scores = Callable[..., list[float]]


def measure(rounds: int, quick: bool) -> list[Row]:
    """Passages a second of both, and what share of the machine's matrix product ours reaches."""
    staged = texts(100 if quick else 400, _MEDIAN_LENGTH)
    with TemporaryDirectory() as temporary:
        directory = Path(temporary)
        weights = minilm.write(directory, CACHE)
        config = json.loads((directory / "config.json").read_text())
        tokens = [len(each.ids) for each in read_tokenizer(directory).encode_batch(staged)]
        body = shard(staged)
        ours, theirs = _ours(directory, body), _transformers(directory, weights, config, staged)
        fewer_bits = {
            how: _ours(path, body) for how, path in minilm.in_fewer_bits(directory).items()
        }
        tasks = {"ours": ours, _THEIRS: theirs, "sgemm": _sgemm(), **fewer_bits}
        found = medians(tasks, rounds)
        apart, flips = _difference(ours(), theirs())
        what = f"Sequence classifier of MiniLM's size, median {np.median(tokens):.0f} tokens"
        speed = {how: len(staged) / found[how].wall for how in ("ours", _THEIRS, *fewer_bits)}
        rows = [_fewer(what, how, speed, ours, fewer_bits[how]) for how in fewer_bits]
    ratio = speed["ours"] / speed[_THEIRS]
    # Both by CPU: a core's matrix product, not what is left of it beside others.
    share = minilm.flops(tokens, config) / found["ours"].cpu / (2 * _SIDE**3 / found["sgemm"].cpu)
    equal = apart <= 1e-4 and flips == 0
    return [
        Row(what, "ours", speed["ours"], "passages/s", 1, "≥ 3.8 × transformers", ratio >= 3.8),
        Row(what, _THEIRS, speed[_THEIRS], "passages/s", ratio),
        Row(what, "ours, of the sgemm roofline (CPU)", 100 * share, "%", None, "≥ 75 %",
            share >= 0.75),
        Row(what, f"largest difference in probability, {flips} decisions flipped", apart, "", None,
            "≤ 1e-4, none flipped", equal),
        *rows,
    ]  # fmt: skip


def _fewer(what: str, how: str, speed: dict[str, float], ours: Scores, other: Scores) -> Row:
    """What fewer bits would bring, and what they would cost."""
    apart, flips = _difference(other(), ours())
    # The shortest text alone and among all the others.
    company = abs(other()[0] - other(slice(1))[0])
    cost = f"{100 * flips / len(ours()):.2g} % of decisions flip, Δp ≤ {apart:.2g}"
    company_said = f", {company:.1g} by the batch" if company > 1e-5 else ""
    return Row(
        what, f"{how}, not offered: {cost}{company_said}", speed[how], "passages/s",
        speed["ours"] / speed[how],
    )  # fmt: skip


def _ours(directory: Path, body: bytes) -> Scores:
    model = ModelDirectory("minilm", directory, threads=os.cpu_count() or 1)
    classifier = open_classifier("minilm", model, _CONCEPT)

    def run(part: slice = slice(None)) -> list[float]:
        candidates = passages.from_bytes(body)[part]
        found = classifier.predict(candidates)
        b"".join(predictions.lines(candidates, found, "Q1"))
        return [prediction.probability or 0.0 for prediction in found]

    return run


def _transformers(
    directory: Path, weights: dict[str, Any], config: dict[str, Any], staged: list[str]
) -> Callable[[], list[float]]:
    import torch
    from transformers import (
        AutoTokenizer,
        BertConfig,
        BertForSequenceClassification,
        pipeline,
    )

    settings = {key: value for key, value in config.items() if key not in ("id2label", "label2id")}
    model = BertForSequenceClassification(
        BertConfig(**settings, id2label={0: "no", 1: "yes"}, label2id={"no": 0, "yes": 1})
    )
    model.load_state_dict({name: torch.tensor(value) for name, value in weights.items()}, False)
    tokenizer = AutoTokenizer.from_pretrained(directory)
    classify = pipeline(
        "text-classification", model=model.eval(), tokenizer=tokenizer, top_k=None,
        truncation=True, max_length=256, batch_size=32, device="cpu",
    )  # fmt: skip

    def run() -> list[float]:
        return [
            next(each["score"] for each in found if each["label"] == "yes")
            for found in classify(staged)
        ]

    return run


def _sgemm() -> Callable[[], object]:
    draw = np.random.default_rng(0)
    a, b = (draw.random((_SIDE, _SIDE), np.float32) for _ in range(2))

    def run() -> object:
        # One core: threads that wait for each other spin, and the processor's time counts that.
        with threadpool_limits(1):
            return a @ b

    return run


def _difference(ours: list[float], theirs: list[float]) -> tuple[float, int]:
    """The largest difference, and how many decisions differ at the median as threshold."""
    one, other = np.array(ours), np.array(theirs)
    threshold = np.median(other)
    near = np.abs(other - threshold) < 1e-7  # the median itself
    flips = ((one >= threshold) != (other >= threshold)) & ~near
    return float(np.abs(one - other).max()), int(flips.sum())
