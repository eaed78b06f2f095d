import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather
import pytest
import yaml

from local.demo import build, cached
from local.demo.build import cache_key
from local.demo.corpus import passages


@pytest.fixture(scope="module")
def demo() -> Path:
    return cached()


@pytest.fixture(scope="module")
def table(demo: Path) -> pa.Table:
    return pyarrow.feather.read_table(demo / "passages_dataset.feather")


def test_a_directory_has_every_input_of_a_run(demo: Path) -> None:
    names = {path.name for path in demo.iterdir()}
    assert names == {
        "concepts.yml",
        "models",
        "passages_dataset.feather",
        "passages_embeddings.npy",
        "passages_embeddings_metadata.json",
        "wikibase",
    }
    assert (demo / "models/embedders/all-MiniLM-L6-v2/onnx/model.onnx").is_file()


def test_every_concept_on_the_list_is_in_the_wikibase(demo: Path) -> None:
    concepts = yaml.safe_load((demo / "concepts.yml").read_text(encoding="utf-8"))
    assert len(concepts) == 12
    assert all((demo / "wikibase" / f"{concept}.json").is_file() for concept in concepts)


def test_passages_embeddings_and_metadata_agree(demo: Path, table: pa.Table) -> None:
    embeddings = np.load(demo / "passages_embeddings.npy", mmap_mode="r")
    metadata = json.loads((demo / "passages_embeddings_metadata.json").read_text())
    assert embeddings.dtype == np.float32
    assert embeddings.shape == (table.num_rows, 384)
    assert metadata["embedding_model_name"] == "all-MiniLM-L6-v2"
    assert metadata["passages_count"] == table.num_rows
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1.0, atol=1e-5)


def test_row_i_of_the_embeddings_is_passage_i(demo: Path, table: pa.Table) -> None:
    texts = table["text_block.text"].to_pylist()
    assert texts == [passage.text for passage in passages()]
    embeddings = np.load(demo / "passages_embeddings.npy")
    repeated = next(text for text in texts if texts.count(text) > 1)
    first, second = [row for row, text in enumerate(texts) if text == repeated][:2]
    assert embeddings[first] @ embeddings[second] == pytest.approx(1.0, abs=1e-5)


def test_metadata_is_typed_and_sometimes_missing(table: pa.Table) -> None:
    assert table.schema.field("publication_ts").type == pa.timestamp("us")
    assert table.schema.field("translated").type == pa.bool_()
    assert table["text_block.text"].null_count == 0
    incomplete = [name for name in table.column_names if table[name].null_count]
    assert len(incomplete) >= 6
    assert all(table[name].null_count < table.num_rows / 2 for name in incomplete)


def test_the_truth_is_not_among_the_metadata(table: pa.Table) -> None:
    assert not any("concept" in name or "kind" in name for name in table.column_names)


def test_a_directory_is_written_once_and_replaced_only_if_it_is_a_demo(
    demo: Path, tmp_path: Path
) -> None:
    directory = tmp_path / "demo"
    build(directory)
    written = (directory / "concepts.yml").stat().st_mtime_ns
    build(directory)
    assert (directory / "concepts.yml").stat().st_mtime_ns == written
    (directory / ".vibe-checker-demo").write_text("older")
    (directory / "left over").touch()
    build(directory)
    assert not (directory / "left over").exists()


def test_a_directory_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(FileExistsError, match="not the demo's"):
        build(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_an_interrupted_build_is_not_taken_for_a_whole_one(tmp_path: Path) -> None:
    def interrupt(message: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached(interrupt, cache=tmp_path)
    assert not (tmp_path / f"demo-{cache_key()}").exists()
