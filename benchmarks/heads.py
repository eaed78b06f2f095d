"""100,000 candidates scored by a head on their embeddings, beside scikit-learn."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.linear_model import LogisticRegression

from benchmarks.data import shard, unit_rows
from benchmarks.measure import Row, medians
from vibe_checker.classifiers import open_classifier
from vibe_checker.classifiers.directory import ModelDirectory
from vibe_checker.concept import Concept
from vibe_checker.passages import from_bytes

CANDIDATES = 100_000
_DIMENSION = 384


def measure(rounds: int, quick: bool) -> list[Row]:
    """From the candidates' embeddings to predictions, spans included."""
    matrix = unit_rows(CANDIDATES, _DIMENSION)
    model = LogisticRegression().fit(matrix[:2_000], matrix[:2_000, 0] > 0)
    candidates = from_bytes(shard(["A passage."] * CANDIDATES, _DIMENSION))
    shape = [("X", FloatTensorType([None, _DIMENSION]))]
    tasks = {}
    with TemporaryDirectory() as temporary:
        for how, zipmap in (("ours", False), ("ours, with ZipMap", True)):
            directory = Path(temporary, how)
            directory.mkdir()
            export = to_onnx(model, initial_types=shape, options={"zipmap": zipmap})
            (directory / "model.onnx").write_bytes(export.SerializeToString())
            classifier = open_classifier(
                "head",
                ModelDirectory("head", directory, threads=2),
                Concept(wikibase_id="Q1", preferred_label="gas"),
            )
            tasks[how] = lambda c=classifier: c.predict(candidates)
        tasks["scikit-learn predict_proba alone"] = lambda: model.predict_proba(np.asarray(matrix))
        found = {name: each.wall for name, each in medians(tasks, rounds).items()}
    what = f"Embedding head, {CANDIDATES:,} candidates to predictions"
    promise = {"ours": ("< 100 ms", found["ours"] < 0.1)}
    return [
        Row(what, how, 1000 * each, "ms", each / found["ours"], *promise.get(how, ("", None)))
        for how, each in found.items()
    ]
