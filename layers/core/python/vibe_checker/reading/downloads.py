"""What is filtered, as a file: JSONL as it was written, or CSV for a spreadsheet, in parts.

Lambda hands back at most 6 MB, so a large selection comes in parts that, one after another, make
the file: only the first part of a CSV has the head line.
"""

import csv
import io
from typing import Any

import numpy as np

from vibe_checker.reading.columns import Counts
from vibe_checker.reading.predictions_file import PredictionsFile
from vibe_checker.reading.records import Record

FORMATS = ("jsonl", "csv")
# As base64 a third larger; and a line of CSV may be a little longer than its JSON.
PART_BYTES = 3_500_000
# A spreadsheet takes a cell that begins so for a formula, and runs it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS = ["id", "text", "positive", "spans", "probability", "similarity"]


def parts(file: PredictionsFile, rows: Counts) -> list[Counts]:
    """`rows` in stretches of at most PART_BYTES, or of one line where that is longer."""
    if not len(rows):
        return [rows]
    ends = np.cumsum(file.lines.sizes[rows])
    borders, start = [], 0
    while start < len(rows):
        before = ends[start - 1] if start else 0
        stop = int(np.searchsorted(ends, before + PART_BYTES, side="right"))
        start = max(stop, start + 1)
        borders.append(start)
    return np.split(rows, borders[:-1])


def jsonl(file: PredictionsFile, rows: Counts) -> bytes:
    """The lines as they are in the file."""
    return b"".join(file.lines[row].rstrip(b"\r") + b"\n" for row in rows.tolist())


def as_csv(file: PredictionsFile, rows: Counts, *, head: bool) -> bytes:
    """The lines as CSV; `spans` is "start-end" in characters, separated by blanks.

    A cell that a spreadsheet would take for a formula is preceded by an apostrophe.
    """
    names = list(file.metadata_names)
    text = io.StringIO()
    write = csv.writer(text, lineterminator="\r\n").writerow
    if head:
        write([_cell(name) for name in [*_COLUMNS, *names]])
    for row in rows.tolist():
        record = file.record(row)
        write([*_cells(record), *(_cell(record.metadata.get(name)) for name in names)])
    return text.getvalue().encode("utf-8", "replace")


def _cells(record: Record) -> list[object]:
    return [
        _cell(record.id),
        _cell(record.text),
        int(record.positive),
        " ".join(f"{span.start}-{span.end}" for span in record.spans),
        "" if record.probability is None else record.probability,
        "" if record.similarity is None else record.similarity,
    ]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return str(value)
    text = "; ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text
