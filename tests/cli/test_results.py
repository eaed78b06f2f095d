import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.csv
import pyarrow.parquet
import pytest
from typer.testing import Result

from vibe_checker.bucket import Bucket
from vibe_checker.concept import Concept
from vibe_checker.identifiers import ConceptId

SPAN = {"start_index": 2, "end_index": 12, "prediction_probability": 0.9}
LINES = [
    {"id": "a", "text": "A carbon tax.", "spans": [SPAN], "metadata": {"page": 1}},
    {"id": "b", "text": "Nothing.", "spans": [], "prediction_probability": 0.1},
]


@pytest.fixture
def predictions(tmp_path: Path) -> Path:
    """A directory with predictions made elsewhere."""
    concept = Concept(wikibase_id=ConceptId("Q69"), preferred_label="carbon tax")
    (tmp_path / "concept.json").write_text(concept.model_dump_json())
    _write(tmp_path, LINES)
    return tmp_path


def _write(directory: Path, lines: list[Any]) -> None:
    (directory / "predictions.jsonl").write_text("\n".join(map(json.dumps, lines)))


@pytest.fixture
def pushed(predictions: Path, bucket: Bucket, invoke: Callable[..., Result]) -> str:
    """The id of the classifier whose predictions were pushed."""
    done = invoke("results", "push", predictions, "-c", "Q69", "--name", "theirs")
    assert done.exit_code == 0, done.output
    return done.stdout.strip()


def test_pushed_predictions_are_committed_like_our_own(bucket: Bucket, pushed: str) -> None:
    record = bucket.read_json(f"Q69/{pushed}/classifier.json")
    assert list(record)[:3] == ["id", "name", "date"]
    assert record["counts"] == {"passages": 2, "positives": 1}
    for name, version in record["versions"].items():
        assert bucket.pin(f"Q69/{pushed}/{name}").version_id == version
    line = json.loads(bucket.read(f"Q69/{pushed}/predictions.jsonl").split(b"\n")[0])
    assert line["spans"][0]["labelled_text"] == "carbon tax"


def test_the_same_classifier_has_the_same_id_again(
    predictions: Path, pushed: str, invoke: Callable[..., Result]
) -> None:
    again = invoke("results", "push", predictions, "-c", "Q69", "--name", "theirs")
    assert again.stdout.strip() == pushed


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ({"id": "a", "text": "again", "spans": []}, "earlier line"),
        ({"id": "c", "text": "short", "spans": [SPAN]}, "must lie in the text"),
        ({"id": "c", "text": "A carbon tax", "spans": [SPAN, SPAN]}, "behind the"),
        ({"id": "c", "text": "", "spans": []}, "'text' must be text"),
        ({"id": "c", "text": "x", "spans": [], "prediction_probability": 7}, "from 0 to 1"),
        ({"id": "c", "text": "x"}, "'spans' must be a list"),
    ],
)
def test_a_bad_line_is_named_by_its_number_and_nothing_is_pushed(
    predictions: Path,
    bucket: Bucket,
    invoke: Callable[..., Result],
    line: dict[str, Any],
    says: str,
) -> None:
    _write(predictions, [*LINES, line])
    done = invoke("results", "push", predictions, "-c", "Q69", "--name", "theirs")
    assert done.exit_code == 2 and "line 3" in done.stderr and says in done.stderr
    assert list(bucket.keys("")) == []


def test_list_and_show_find_what_is_published(pushed: str, invoke: Callable[..., Result]) -> None:
    listed = json.loads(invoke("results", "list", "--json").stdout)
    assert [each["id"] for each in listed] == [pushed]
    shown = invoke("results", "show", "Q69", "--classifier", "theirs", "--only", "positive")
    assert "A carbon tax." in shown.stdout and "Nothing." not in shown.stdout


@pytest.mark.parametrize("format", ["jsonl", "csv", "parquet"])
def test_downloads_hold_the_lines_asked_for(
    pushed: str, tmp_path: Path, invoke: Callable[..., Result], format: str
) -> None:
    arguments = ["Q69", "--only", "positive", "--format", format, "-o", tmp_path / "out"]
    path = Path(invoke("results", "download", *arguments).stdout.strip())
    if format == "jsonl":
        (line,) = map(json.loads, path.read_text().splitlines())
        assert line["id"] == "a"
    else:
        read = pyarrow.csv.read_csv if format == "csv" else pyarrow.parquet.read_table
        (row,) = read(path).to_pylist()
        assert (row["id"], row["positive"], row["metadata.page"]) == ("a", True, 1)


def test_an_unknown_classifier_is_answered_with_those_there_are(
    pushed: str, invoke: Callable[..., Result]
) -> None:
    done = invoke("results", "show", "Q69", "--classifier", "nope")
    assert done.exit_code == 2 and f"theirs ({pushed})" in done.stderr
