"""Predictions as files for other programs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from cli.trying import read_lines
from vibe_checker.bucket import Bucket

_FIELDS = ("id", "text", "prediction_probability", "similarity")


def write(
    bucket: Bucket, record: dict[str, Any], path: Path, wanted: Callable[[dict[str, Any]], bool]
) -> int:
    """Write a classifier's predictions, those that are wanted; returns how many.

    The suffix says how: .jsonl as published; .csv and .parquet with a column for each field and
    each metadata value (`metadata.page`), the spans of .csv as JSON.
    """
    lines = (line for line in read_lines(bucket, record) if wanted(line))
    part = path.with_name(path.name + ".part")
    if path.suffix == ".jsonl":
        count = 0
        with part.open("wb") as file:
            for line in lines:
                file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
                count += 1
    else:
        table = _table(list(lines), as_text=path.suffix == ".csv")
        writer = pyarrow.csv.write_csv if path.suffix == ".csv" else pyarrow.parquet.write_table
        writer(table, part)
        count = table.num_rows
    part.replace(path)
    return count


def _table(lines: list[dict[str, Any]], as_text: bool) -> pa.Table:
    names = dict.fromkeys(name for line in lines for name in line["metadata"])
    columns: dict[str, Any] = {name: [line[name] for line in lines] for name in _FIELDS}
    columns["positive"] = [bool(line["spans"]) for line in lines]
    spans = [line["spans"] for line in lines]
    columns["spans"] = [orjson.dumps(each).decode() for each in spans] if as_text else spans
    for name in names:
        columns[f"metadata.{name}"] = _column([line["metadata"].get(name) for line in lines])
    return pa.table(columns)


def _column(values: list[Any]) -> Any:
    """Values of one type as they are; of several, or nested ones, as text."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {int, float} or (len(kinds) == 1 and kinds <= {str, bool}):
        return pa.array(values, pa.float64() if kinds == {int, float} else None)
    return [
        value if value is None or isinstance(value, str) else orjson.dumps(value).decode()
        for value in values
    ]
