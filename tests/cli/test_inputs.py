import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet
import pytest
from typer.testing import Result

from cli.errors import Wrong
from cli.inputs import checking, embedding, pushing, sources
from vibe_checker import bucket as keys
from vibe_checker.bucket import Bucket
from vibe_checker.passages import TEXT
from vibe_checker.runs.inputs import shared_inputs

TEXTS = [f"Passage {i} is about {what}." for i in range(6) for what in ("floods", "carbon taxes")]


@pytest.fixture(scope="module")
def built(demo_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set that the command built from a CSV file."""
    from typer.testing import CliRunner

    from cli.main import app

    directory = tmp_path_factory.mktemp("inputs")
    rows = "\n".join(f'"{text}",{page}' for page, text in enumerate([*TEXTS, "  "]))
    (directory / "mine.csv").write_text(f"body,page\n{rows}\n")
    model = demo_data / "models/embedders/all-MiniLM-L6-v2"
    arguments = ["inputs", "build", directory / "mine.csv", "--model", model, "-o"]
    arguments += [directory / "set", "--text-column", "body", "--column", "page_number=page"]
    done = CliRunner().invoke(app, [str(each) for each in arguments])
    assert done.exit_code == 0, done.output
    assert "Rows without text, left out: 1" in done.stderr
    return directory / "set"


@pytest.fixture
def copy(built: Path, tmp_path: Path) -> Path:
    """The set, to be changed; the model, which is large, is linked."""
    for name in (keys.PASSAGES, keys.EMBEDDINGS, keys.EMBEDDINGS_METADATA):
        (tmp_path / name).write_bytes((built / name).read_bytes())
    (tmp_path / "models").symlink_to(built / "models")
    return tmp_path


def faults(directory: Path) -> set[str]:
    return {finding.name for finding in checking.check(directory) if not finding.ok}


def test_a_built_set_holds_text_mapped_columns_and_fits_together(built: Path) -> None:
    table = pyarrow.feather.read_table(str(built / keys.PASSAGES))
    assert table.column_names == [TEXT, "page_number"]
    assert table[TEXT].to_pylist() == TEXTS
    assert faults(built) == set()
    assert not (built / ".build").exists()


def test_other_peoples_rows_are_noticed(copy: Path) -> None:
    matrix = np.load(copy / keys.EMBEDDINGS)
    np.save(copy / keys.EMBEDDINGS, matrix[::-1])
    assert faults(copy) == {"files", "sample"}


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (lambda m: m[:-1], "rows"),
        (lambda m: np.where(np.arange(len(m))[:, None] == 3, np.nan, m), "norms"),
        (lambda m: m * 2, "norms"),
        (lambda m: m.astype(np.float64), "embeddings"),
        (lambda m: m[:, :100] / np.linalg.norm(m[:, :100], axis=1, keepdims=True), "dimension"),
    ],
)
def test_spoiled_embeddings_are_noticed(
    copy: Path, spoil: Callable[[Any], Any], found: str
) -> None:
    np.save(copy / keys.EMBEDDINGS, spoil(np.load(copy / keys.EMBEDDINGS)))
    assert found in faults(copy)


def test_a_missing_model_is_noticed_and_nothing_is_pushed(
    copy: Path, bucket: Bucket, invoke: Callable[..., Result]
) -> None:
    (copy / "models").unlink()
    done = invoke("inputs", "push", copy)
    assert done.exit_code == 1 and "model" in done.stderr
    assert list(bucket.keys("")) == []


def test_check_ends_with_1_and_tells_scripts_what_it_found(
    copy: Path, invoke: Callable[..., Result]
) -> None:
    (copy / keys.PASSAGES).unlink()
    done = invoke("inputs", "check", copy, "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["ok"] is False


def test_a_run_never_sees_half_of_a_set(built: Path, copy: Path, bucket: Bucket) -> None:
    first = pushing.push(built, bucket, lambda key, sent: None)
    bucket.write(keys.PASSAGES, b"half of the next set")
    _, pins = shared_inputs(bucket)
    versions = {pin.key: pin.version_id for pin in pins if pin.key in first}
    assert versions == {key: told["version_id"] for key, told in first.items()}


def test_pushing_again_uploads_only_the_metadata(built: Path, bucket: Bucket) -> None:
    first = pushing.push(built, bucket, lambda key, sent: None)
    assert pushing.push(built, bucket, lambda key, sent: None) == first
    assert set(first) >= {keys.PASSAGES, keys.EMBEDDINGS}


class _Model:
    """Stands in for an embedder; fails at the text that `fails_at` names."""

    def __init__(self, fails_at: str = "") -> None:
        self.fails_at = fails_at
        self.seen: list[str] = []

    def embed(self, texts: list[str]) -> Any:
        if self.fails_at in texts:
            raise InterruptedError
        self.seen += texts
        return np.array([[float(text), 1.0] for text in texts], np.float32)


def test_an_interrupted_build_goes_on_where_it_was(tmp_path: Path) -> None:
    texts = pa.chunked_array([[str(i) for i in range(2_000)]])
    with pytest.raises(InterruptedError):
        embedding.embed(texts, _Model("1500"), tmp_path, "one", lambda done: None)  # type: ignore[arg-type]
    again, told = _Model(), list[int]()
    path = embedding.embed(texts, again, tmp_path, "one", told.append)  # type: ignore[arg-type]
    assert "5" not in again.seen and told[0] > 0 and told[-1] == 2_000
    rows = np.load(path)
    assert np.allclose(rows[:, 0] / rows[:, 1], np.arange(2_000))


def test_another_set_does_not_go_on_with_what_was_begun(tmp_path: Path) -> None:
    texts = pa.chunked_array([["1", "2"]])
    embedding.embed(texts, _Model(), tmp_path, "one", lambda done: None)  # type: ignore[arg-type]
    told = list[int]()
    embedding.embed(texts, _Model(), tmp_path, "another", told.append)  # type: ignore[arg-type]
    assert told == [0, 2]


def test_jsonl_with_nested_objects_and_parquet_give_the_same_passages(tmp_path: Path) -> None:
    lines = [{"text_block": {"text": text, "page": i}} for i, text in enumerate(TEXTS)]
    (tmp_path / "p.jsonl").write_text("\n".join(map(json.dumps, lines)))
    pyarrow.parquet.write_table(pa.Table.from_pylist(lines), tmp_path / "p.parquet")
    read = [sources.read(tmp_path / name, None, {})[0] for name in ("p.jsonl", "p.parquet")]
    assert read[0].equals(read[1])
    assert read[0].column_names == [TEXT, "text_block.page"]


def test_a_csv_column_that_turns_from_numbers_to_text_is_read_as_text(tmp_path: Path) -> None:
    rows = "\n".join(f"passage {i},{i}" for i in range(100_000))
    (tmp_path / "p.csv").write_text(f"text,page\n{rows}\nlast,xii\n")
    table, left_out = sources.read(tmp_path / "p.csv", "text", {})
    assert table["page"].to_pylist()[-1] == "xii" and left_out == 0


@pytest.mark.parametrize(
    ("content", "says"),
    [("a,b\n1,2\n", "its columns are a, b"), ("text_block.text\n\n", "no passage with text")],
)
def test_a_file_without_passages_is_told_in_words(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "p.csv").write_text(content)
    with pytest.raises(Wrong, match=says):
        sources.read(tmp_path / "p.csv", None, {})
