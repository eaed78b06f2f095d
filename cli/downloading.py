"""Predictions as files for other programs, written a part at a time."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from cli.trying import read_lines
from vibe_checker.bucket import Bucket

Line = dict[str, Any]

_PART_LINES = 5_000
_SPAN = pa.struct(
    {
        "start_index": pa.int64(),
        "end_index": pa.int64(),
        "labelled_text": pa.string(),
        "prediction_probability": pa.float64(),
        "concept_id": pa.string(),
    }
)
_FIELDS = {
    "id": pa.string(),
    "text": pa.string(),
    "prediction_probability": pa.float64(),
    "similarity": pa.float64(),
    "positive": pa.bool_(),
}
_TYPES = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string()}


def write(
    bucket: Bucket, record: dict[str, Any], path: Path, wanted: Callable[[Line], bool]
) -> int:
    """Write a classifier's predictions, those that are wanted; returns how many.

    The suffix says how: .jsonl as published; .csv and .parquet with a column for each field and
    each metadata value (`metadata.page`), the spans of .csv as JSON.
    """
    lines = path.with_name(path.name + ".lines")
    part = path.with_name(path.name + ".part")
    try:
        with lines.open("wb") as file:
            count = 0
            for line in filter(wanted, read_lines(bucket, record)):
                file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
                count += 1
        if path.suffix == ".jsonl":
            lines.rename(path)
        else:
            _convert(lines, part, path.suffix == ".csv")
            part.rename(path)
    finally:
        lines.unlink(missing_ok=True)
        part.unlink(missing_ok=True)
    return count


def _convert(lines: Path, path: Path, to_csv: bool) -> None:
    metadata = _metadata_types(lines)
    spans = pa.string() if to_csv else pa.list_(_SPAN)
    columns = {f"metadata.{name}": kind for name, kind in metadata.items()}
    schema = pa.schema({**_FIELDS, "spans": spans, **columns})
    writer = pyarrow.csv.CSVWriter if to_csv else pyarrow.parquet.ParquetWriter
    with writer(path, schema) as file:
        for part in _parts(lines):
            rows = [_row(line, metadata, to_csv) for line in part]
            file.write_table(pa.Table.from_pylist(rows, schema))


def _metadata_types(lines: Path) -> dict[str, pa.DataType]:
    """The type of each metadata value: its own, or text where there are several or none."""
    kinds: dict[str, set[type]] = {}
    for line in (line for part in _parts(lines) for line in part):
        for name, value in line["metadata"].items():
            found = kinds.setdefault(name, set())
            if value is not None:
                found.add(type(value))
    return {name: _type_of(found) for name, found in kinds.items()}


def _type_of(kinds: set[type]) -> pa.DataType:
    if kinds == {int, float}:
        return pa.float64()
    return _TYPES.get(next(iter(kinds)), pa.string()) if len(kinds) == 1 else pa.string()


def _row(line: Line, metadata: dict[str, pa.DataType], to_csv: bool) -> dict[str, Any]:
    values = {name: line["metadata"].get(name) for name in metadata}
    return {
        **{name: line.get(name) for name in _FIELDS},
        "positive": bool(line["spans"]),
        "spans": orjson.dumps(line["spans"]).decode() if to_csv else line["spans"],
        **{
            f"metadata.{name}": _as_text(value) if metadata[name] == pa.string() else value
            for name, value in values.items()
        },
    }


def _as_text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()


def _parts(lines: Path) -> Iterator[list[Line]]:
    with lines.open("rb") as file:
        while part := [orjson.loads(line) for line in islice(file, _PART_LINES)]:
            yield part
