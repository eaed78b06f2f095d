import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.feather
import pytest
from typer.testing import Result

from cli.errors import Wrong
from cli.inputs import building, checking, embedding, model_files, pushing
from vibe_checker import keys
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


def test_a_run_that_starts_while_a_set_is_pushed_sees_the_one_before(
    built: Path, copy: Path, bucket: Bucket
) -> None:
    def seen() -> dict[str, str | None]:
        return {pin.key: pin.version_id for pin in shared_inputs(bucket)[1]}

    pushing.push(built, bucket, lambda key, sent: None)
    before = seen()
    other_set(copy)
    during: list[dict[str, str | None]] = []
    pushed = pushing.push(copy, bucket, lambda key, sent: during.append(seen()))
    after = seen()
    assert len(during) > 4 and all(each == before for each in during)
    assert {key: after[key] for key in pushed} == {
        k: told["version_id"] for k, told in pushed.items()
    }
    assert after[keys.PASSAGES] != before[keys.PASSAGES]
    assert after[keys.EMBEDDINGS] != before[keys.EMBEDDINGS]


def other_set(directory: Path) -> None:
    """Put the set's passages and rows into the opposite order, which makes another set."""
    table = pyarrow.feather.read_table(str(directory / keys.PASSAGES))
    backwards = table.take(np.arange(table.num_rows)[::-1])
    pyarrow.feather.write_feather(backwards, str(directory / keys.PASSAGES))
    np.save(directory / keys.EMBEDDINGS, np.load(directory / keys.EMBEDDINGS)[::-1])


def test_a_run_never_sees_a_file_that_was_uploaded_without_its_set(
    built: Path, copy: Path, bucket: Bucket
) -> None:
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
        return np.array([[len(text), 1 + sum(map(ord, text))] for text in texts], np.float32)


def embed(count: int, model: _Model, directory: Path, told: list[int] | None = None) -> bytes:
    """The .npy file of texts "0", "1", ..."""

    def texts(start: int, size: int) -> Iterator[list[str]]:
        numbers = [str(i) for i in range(start, count)]
        return (numbers[first : first + size] for first in range(0, len(numbers), size))

    report = (told if told is not None else []).append
    return embedding.embed(texts, count, model, directory, f"{count} texts", report).read_bytes()  # type: ignore[arg-type]


def test_an_interrupted_build_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    uninterrupted, interrupted = tmp_path / "one", tmp_path / "other"
    uninterrupted.mkdir(), interrupted.mkdir()
    with pytest.raises(InterruptedError):
        embed(5_000, _Model("3500"), interrupted)
    again, told = _Model(), list[int]()
    assert embed(5_000, again, interrupted, told) == embed(5_000, _Model(), uninterrupted)
    assert "5" not in again.seen and told[0] > 0 and told[-1] == 5_000


def test_rows_of_a_build_are_of_length_1_and_in_the_order_of_the_texts(tmp_path: Path) -> None:
    embed(3_000, _Model(), tmp_path)
    rows = np.load(tmp_path / "embeddings.part.npy")
    raw = _Model().embed([str(i) for i in range(3_000)])
    assert rows.dtype == np.float32
    assert np.allclose(rows, raw / np.linalg.norm(raw, axis=1, keepdims=True))


def test_another_set_does_not_go_on_with_what_was_begun(tmp_path: Path) -> None:
    embed(2, _Model(), tmp_path)
    told = list[int]()
    embed(3, _Model(), tmp_path, told)
    assert told[0] == 0


def test_a_second_build_into_the_same_directory_is_refused(tmp_path: Path) -> None:
    with (
        building.workplace(tmp_path),
        pytest.raises(Wrong, match="Another"),
        building.workplace(tmp_path),
    ):
        pass


def test_of_a_model_only_what_runs_need_is_taken(tmp_path: Path) -> None:
    kept = ["1_Pooling/config.json", "onnx/model.onnx", "onnx/model.onnx_data", "vocab.txt"]
    left = [".git/config.json", "model.safetensors", "onnx/model_O4.onnx", "pytorch_model.bin"]
    for name in [*kept, *left]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in model_files.needed(tmp_path)]
    assert found == kept
