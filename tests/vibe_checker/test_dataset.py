"""The three input files together: what is found in good ones, and what bad ones are told."""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import feather

from vibe_checker import passages
from vibe_checker.concept import Concept
from vibe_checker.dataset import DataSet
from vibe_checker.embedder import Embedder
from vibe_checker.errors import InvalidEmbeddings, InvalidPassages, VibeCheckerError
from vibe_checker.passages import TEXT
from vibe_checker.retrieval import select, similarities
from vibe_checker.runs.plan import Settings

GOLDEN = json.loads((Path(__file__).parent / "golden" / "selection.json").read_text())
FLOOD = Concept(wikibase_id="Q420", preferred_label="flood")
SETTINGS = Settings(threshold=0.5, minimum=2, maximum=4, shard_size=2)
TEXTS = [
    "The river flooded the town twice.",
    "Income tax is due in April.",
    "Flood defences protect the coast.",
    "Income tax is due in April.",
    "Teachers are paid by the district.",
]


@pytest.fixture(scope="module")
def embedder(demo_data: Path) -> Embedder:
    [model] = (demo_data / "models" / "embedders").iterdir()
    return Embedder(model.name, model, threads=2)


class Files:
    """The three input files of a data set, which a test may spoil before they are opened."""

    def __init__(self, directory: Path, embedder: Embedder) -> None:
        self.passages = directory / "passages_dataset.feather"
        self.embeddings = directory / "passages_embeddings.npy"
        self.metadata: dict[str, Any] = {"passages_count": len(TEXTS)}
        self._embedder = embedder
        self.write_passages({TEXT: TEXTS})
        self.vectors = embedder.embed(TEXTS)
        np.save(self.embeddings, self.vectors)

    def write_passages(self, columns: dict[str, Any], **options: Any) -> None:
        feather.write_feather(pa.table(columns), self.passages, **options)

    def open(self) -> DataSet:
        return DataSet(self.passages, self.embeddings, self.metadata, self._embedder)

    def candidates(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.open().candidates(FLOOD, SETTINGS).to_pylist()
        return rows


@pytest.fixture
def files(tmp_path: Path, embedder: Embedder) -> Files:
    return Files(tmp_path, embedder)


def test_what_is_about_the_concept_is_found(files: Files) -> None:
    assert {row["text"] for row in files.candidates()} == {TEXTS[0], TEXTS[2]}


def test_similarities_are_those_of_the_embeddings(files: Files, embedder: Embedder) -> None:
    vector = embedder.embed([FLOOD.markdown()])[0]
    expected = dict(zip(TEXTS, files.vectors @ vector, strict=True))
    for row in files.candidates():
        assert row["similarity"] == pytest.approx(expected[row["text"]], abs=1e-6)


def test_a_passages_id_is_its_own_even_where_its_text_is_not(files: Files) -> None:
    everything = Settings(threshold=-1, minimum=5, maximum=5, shard_size=5)
    rows = files.open().candidates(FLOOD, everything).to_pylist()
    ids = {row["id"] for row in rows}
    boilerplate = [row["id"] for row in rows if row["text"] == TEXTS[1]]
    assert len(ids) == 5
    assert len({each.split("-")[0] for each in boilerplate}) == 1


def test_metadata_keeps_its_types_and_missing_is_null(files: Files) -> None:
    files.write_passages(
        {
            TEXT: TEXTS,
            "page": pa.array([1, None, 1, 1, 1]),
            "score": pa.array([0.5, 1.0, float("nan"), 1.0, 1.0]),
            "date": pa.array([datetime(2024, 1, 2)] * 5, pa.timestamp("ns")),
            "topics": pa.array([["a", None]] * 5),
            "checked": pa.array([True] * 5),
        }
    )
    found = {row["text"]: json.loads(row["metadata"]) for row in files.candidates()}
    first, third = found[TEXTS[0]], found[TEXTS[2]]
    assert first == {
        "page": 1,
        "score": 0.5,
        "date": "2024-01-02T00:00:00",
        "topics": ["a", None],
        "checked": True,
    }
    assert third["score"] is None


@pytest.mark.parametrize("chunk", [1, 2, 100])
@pytest.mark.parametrize("compression", ["lz4", "zstd", "uncompressed"])
def test_record_batches_and_compression_change_nothing(
    files: Files, chunk: int, compression: str
) -> None:
    expected = files.candidates()
    files.write_passages({TEXT: TEXTS}, chunksize=chunk, compression=compression)
    assert files.candidates() == expected


def test_float16_embeddings_find_the_same(files: Files) -> None:
    expected = [row["id"] for row in files.candidates()]
    np.save(files.embeddings, files.vectors.astype(np.float16))
    assert [row["id"] for row in files.candidates()] == expected


def test_the_order_is_a_shuffle_that_is_always_the_same() -> None:
    rows = np.arange(1000)
    order = passages.shuffled(rows, "Q69")
    assert sorted(order) == list(rows)
    assert list(order) != list(rows)
    assert list(order) == list(passages.shuffled(rows, "Q69"))
    assert list(order) != list(passages.shuffled(rows, "Q420"))
    some = rows[::3]
    kept = [row for row in order if row % 3 == 0]
    assert list(some[passages.shuffled(some, "Q69")]) == kept


def test_a_shard_reads_back_as_it_was_written(files: Files) -> None:
    table = files.open().candidates(FLOOD, SETTINGS, with_embeddings=True)
    again = passages.from_bytes(passages.to_bytes(table))
    assert again.equals(table)
    assert np.array_equal(passages.embeddings_of(again), passages.embeddings_of(table))


def _truncated(files: Files) -> None:
    body = files.passages.read_bytes()
    files.passages.write_bytes(body[: len(body) // 2])


def _saved(value: Any) -> Callable[[Files], None]:
    return lambda files: np.save(files.embeddings, value(files.vectors), allow_pickle=True)


def _nan(row: int) -> Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]:
    def spoil(vectors: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
        spoilt = vectors.copy()
        spoilt[row] = np.nan
        return spoilt

    return spoil


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (_truncated, InvalidPassages, "passages_dataset.feather is not a readable feather file"),
        (lambda f: f.passages.write_bytes(b""), InvalidPassages, "not a readable feather file"),
        (
            lambda f: f.write_passages({"text": TEXTS}),
            InvalidPassages,
            "has the columns text; the passages must be in exactly one column named",
        ),
        (
            lambda f: f.write_passages({TEXT: [1] * 5}),
            InvalidPassages,
            "holds int64; it must hold strings",
        ),
        (
            lambda f: f.write_passages({TEXT: pa.array([], pa.string())}),
            InvalidPassages,
            "has no rows",
        ),
        (
            lambda f: f.write_passages({TEXT: [None, *TEXTS[1:]]}),
            InvalidPassages,
            "has 1 rows without text, the first in row 0",
        ),
        (
            lambda f: f.metadata.update(passages_count=7),
            InvalidEmbeddings,
            "states passages_count 7, but passages_dataset.feather has 5 rows",
        ),
        (_saved(lambda v: v[:3]), InvalidEmbeddings, "has the shape (3, 384), but"),
        (_saved(lambda v: v[0]), InvalidEmbeddings, "has the shape (384,)"),
        (_saved(lambda v: v.astype(np.float64)), InvalidEmbeddings, "holds float64; it must hold"),
        (_saved(lambda v: v.astype(object)), InvalidEmbeddings, "not a readable .npy file"),
        (_saved(lambda v: v * 2), InvalidEmbeddings, "not of length 1, the first row 0 (length 2)"),
        (_saved(_nan(3)), InvalidEmbeddings, "the first row 3 (length nan)"),
        (
            _saved(lambda v: v[:, :10] / np.linalg.norm(v[:, :10], axis=1)[:, None]),
            InvalidEmbeddings,
            "has 10 numbers a row, but the model that passages_embeddings_metadata.json names",
        ),
        (lambda f: f.embeddings.write_bytes(b"no array"), InvalidEmbeddings, "not a readable .npy"),
        (
            lambda f: f.embeddings.write_bytes(f.embeddings.read_bytes()[:-100]),
            InvalidEmbeddings,
            "not a readable .npy",
        ),
    ],
)
def test_files_that_cannot_be_used_are_named_with_the_reason(
    files: Files, spoil: Callable[[Files], None], error: type[VibeCheckerError], message: str
) -> None:
    spoil(files)
    with pytest.raises(error) as caught:
        files.candidates()
    assert message in str(caught.value)


def test_nan_between_the_sampled_rows_is_found_by_the_scores() -> None:
    matrix = np.zeros((5000, 2), np.float32)
    matrix[:, 0] = 1
    matrix[4321] = np.nan
    with pytest.raises(
        InvalidEmbeddings, match="NaN or infinity in 1 rows, the first in row 4,321"
    ):
        similarities(matrix, np.array([1, 0], np.float32))


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: case["name"])
def test_selection_agrees_with_the_golden_cases(case: dict[str, Any]) -> None:
    scores = eval(case["similarities_numpy_expr"], {"np": np}).astype(np.float32)
    rows = select(scores, GOLDEN["threshold"], GOLDEN["min"], GOLDEN["max"])
    assert len(rows) == case["n_selected"]
    if case["order_is_deterministic"]:
        best_first = rows[np.argsort(-scores[rows], kind="stable")]
        assert list(best_first[:5]) == case["first5_in_order"]
        assert list(best_first[-5:]) == case["last5_in_order"]
        assert hashlib.sha256(rows.tobytes()).hexdigest() == case["sorted_index_sha256"]
    else:  # all scores tie: the lower row numbers win, where the golden system's choice was chance
        assert list(rows) == list(range(case["n_selected"]))


@given(
    st.lists(st.sampled_from([0.1, 0.5, 0.65, 0.7, 0.9, float("nan")]), max_size=40),
    st.integers(1, 10),
    st.integers(0, 20),
)
def test_selection_is_the_rule_in_words(scores: list[float], minimum: int, more: int) -> None:
    maximum = minimum + more
    array = np.array(scores, np.float32)
    usable = [row for row in range(len(scores)) if not np.isnan(array[row])]
    ranked = sorted(usable, key=lambda row: (-array[row], row))
    above = [row for row in ranked if array[row] > np.float32(0.65)]
    wanted = above[:maximum] if len(above) >= minimum else ranked[:minimum]
    assert list(select(array, 0.65, minimum, maximum)) == sorted(wanted)
