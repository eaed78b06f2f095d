"""Passages from files of every kind, of more than one part, and from files that are wrong."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet
import pytest

from cli.errors import Wrong
from cli.inputs import json_lines, passages_file, sources
from vibe_checker.passages import TEXT

ROWS = [
    {"body": f'Line one of {number},\nand "two"; żółw 水', "page": number, "when": None}
    for number in range(50)
]


def _jsonl(table: pa.Table, path: Path) -> None:
    path.write_text("\n".join(map(json.dumps, table.to_pylist())))


def _tsv(table: pa.Table, path: Path) -> None:
    options = pyarrow.csv.WriteOptions(delimiter="\t")
    pyarrow.csv.write_csv(table, path, write_options=options)


WRITERS: dict[str, Callable[[pa.Table, Path], Any]] = {
    "feather": lambda table, path: pyarrow.feather.write_feather(table, str(path), chunksize=7),
    "parquet": lambda table, path: pyarrow.parquet.write_table(table, path, row_group_size=7),
    "csv": pyarrow.csv.write_csv,
    "tsv": _tsv,
    "jsonl": _jsonl,
}


def read(path: Path, text_column: str | None = None, **renamed: str) -> list[dict[str, Any]]:
    """The rows of the passages in a file."""
    tables = list(sources.Source(path, text_column, renamed).tables())
    rows: list[dict[str, Any]] = pa.concat_tables(tables).to_pylist()
    return rows


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of some kB are read in many parts, as others are of some GB."""
    monkeypatch.setattr(json_lines, "_PART_BYTES", 200)
    monkeypatch.setattr(sources, "_BLOCK_BYTES", 200)


@pytest.mark.parametrize("kind", WRITERS)
def test_every_kind_of_file_gives_the_same_passages(
    kind: str, tmp_path: Path, small_parts: None
) -> None:
    path = tmp_path / f"mine.{kind}"
    WRITERS[kind](pa.Table.from_pylist(ROWS), path)
    expected = [{TEXT: row["body"], "number": row["page"], "when": None} for row in ROWS]
    assert read(path, "body", number="page") == expected


def test_rows_without_text_are_left_out_and_counted(tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_text('{"t": "a"}\n{"t": " \\n"}\n{"t": null}\n{}\n{"t": "b"}\n')
    source = sources.Source(tmp_path / "p.jsonl", "t", {})
    texts = [text for table in source.tables() for text in table[TEXT].to_pylist()]
    assert texts == ["a", "b"] and source.left_out == 3


def test_structs_become_a_column_for_each_field(tmp_path: Path) -> None:
    line = {"text_block": {"text": "a", "page": 4}, "document": {"meta": {"country": "PL"}}}
    (tmp_path / "p.jsonl").write_text(json.dumps(line))
    assert read(tmp_path / "p.jsonl") == [
        {TEXT: "a", "text_block.page": 4, "document.meta.country": "PL"}
    ]


def test_columns_that_only_later_json_lines_have_are_carried(
    tmp_path: Path, small_parts: None
) -> None:
    lines = [{"t": "a" * 90, "n": 1}] * 9 + [{"t": "b" * 90, "n": 1.5, "late": {"x": "y"}}] * 9
    (tmp_path / "p.jsonl").write_text("\n".join(map(json.dumps, lines)))
    rows = read(tmp_path / "p.jsonl", "t")
    assert len(rows) == 18
    assert (rows[0]["n"], rows[0]["late.x"]) == (1.0, None)
    assert (rows[-1]["n"], rows[-1]["late.x"]) == (1.5, "y")


def test_what_looks_like_a_date_at_first_may_be_text_further_on(
    tmp_path: Path, small_parts: None
) -> None:
    lines = [{"t": "a" * 90, "d": "2020-01-01"}] * 9 + [{"t": "b" * 90, "d": "soon"}] * 9
    (tmp_path / "p.jsonl").write_text("\n".join(map(json.dumps, lines)))
    rows = read(tmp_path / "p.jsonl", "t")
    assert (rows[0]["d"], rows[-1]["d"]) == ("2020-01-01", "soon")


def test_a_csv_column_that_is_text_further_on_is_text_and_others_stay_numbers(
    tmp_path: Path, small_parts: None
) -> None:
    lines = [f"{'a' * 90},1,{number}" for number in range(9)] + [f"{'b' * 90},iv,9"] * 9
    (tmp_path / "p.csv").write_text("\n".join(["t,page,n", *lines]))
    rows = read(tmp_path / "p.csv", "t")
    assert (rows[0]["page"], rows[0]["n"]) == ("1", 0)
    assert (rows[-1]["page"], rows[-1]["n"]) == ("iv", 9)


def test_categories_are_carried_as_their_values(tmp_path: Path) -> None:
    region = pa.array(["Africa", "Asia", "Africa"]).dictionary_encode()
    table = pa.table({TEXT: ["a", "b", "c"], "region": region})
    pyarrow.feather.write_feather(table, str(tmp_path / "p.feather"))
    assert [row["region"] for row in read(tmp_path / "p.feather")] == ["Africa", "Asia", "Africa"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("p.csv", "a,b\n1,2\n", "its columns are a, b.*--text-column"),
        ("p.csv", "text_block.text\n\n", "no passage with text"),
        ("p.csv", "text_block.text,b\nx\n", "cannot be read as csv"),
        ("p.csv", "", "cannot be read as csv"),
        ("p.jsonl", '{"text_block.text": 1', "cannot be read as jsonl"),
        ("p.jsonl", "", "no passage with text"),
        ("p.parquet", "no parquet", "cannot be read as parquet"),
        ("p.feather", "no feather", "cannot be read as feather"),
        ("p.xlsx", "", "is none of .feather"),
    ],
)
def test_a_file_without_passages_is_told_in_words(
    tmp_path: Path, name: str, content: str, says: str
) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(Wrong, match=says):
        read(tmp_path / name)


def test_texts_are_read_back_from_any_row_on(tmp_path: Path) -> None:
    count = passages_file.BATCH_ROWS + 700
    tables = [
        pa.table({TEXT: pa.array([str(i) for i in range(start, min(start + 900, count))])})
        for start in range(0, count, 900)
    ]
    assert passages_file.write(tables, tmp_path / "p.feather") == count
    for start in (0, 1_024, passages_file.BATCH_ROWS - 1_024, passages_file.BATCH_ROWS):
        found = [
            t for part in passages_file.texts(tmp_path / "p.feather", start, 1_024) for t in part
        ]
        assert found == [str(i) for i in range(start, count)]
