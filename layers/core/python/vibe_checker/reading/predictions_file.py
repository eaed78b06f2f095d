"""One predictions.jsonl, opened to be filtered: the lines as they are, and columns beside them.

pyarrow reads the columns of 100,000 predictions (120 MB) in half a second; the lines stay in the
mapped file, and only those that are shown are parsed as JSON again. So what is shown or downloaded
is what was written, whatever the columns made of it.
"""

import mmap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from vibe_checker.reading import records
from vibe_checker.reading.columns import Column, Counts, Mask, column

Floats = np.ndarray[Any, np.dtype[np.float64]]

# A line must fit into a block, and lines are a few hundred bytes to a few MB.
_BLOCK_BYTES = 8 << 20
# Looked at to learn which metadata is text, so that the file need not be read twice.
_SAMPLE = 100


class Lines:
    """The lines of a file that hold something, by number, without copying the file."""

    def __init__(self, body: mmap.mmap | bytes, keep: Counts | None = None) -> None:
        self._body = body
        ends = _line_ends(body)
        starts = np.concatenate(([0], ends[:-1] + 1)) if len(ends) else ends
        filled = ends - starts > 1  # a blank line, or one of a carriage return, is no line
        self._starts, self._ends = starts[filled], ends[filled]
        if keep is not None:
            self._starts, self._ends = self._starts[keep], self._ends[keep]

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, number: int) -> bytes:
        return self._body[self._starts[number] : self._ends[number]]

    @property
    def sizes(self) -> Counts:
        """The bytes of each line, with its line break."""
        return self._ends - self._starts + 1


@dataclass(frozen=True)
class PredictionsFile:
    """The readable lines of a predictions.jsonl and what they can be filtered by.

    All arrays have one entry for each of `lines`; numbers that are missing are NaN. `broken`
    counts the lines that could not be read.
    """

    lines: Lines
    broken: int
    ids: Any
    texts: Any
    positive: Mask
    probability: Floats
    similarity: Floats
    columns: dict[str, Column]
    metadata_names: list[str]

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def size(self) -> int:
        """About how many bytes of memory it takes."""
        return int(self.lines.sizes.sum()) * 2

    def record(self, number: int) -> records.Record:
        """One prediction, parsed from its line."""
        return records.parse(self.lines[number])


def open_file(path: Path) -> PredictionsFile:
    """Open a file; a line that is no prediction is left out and counted."""
    if path.stat().st_size == 0:
        return _from_records(Lines(b""), [])
    with path.open("rb") as file:
        body = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    lines = Lines(body)
    try:
        table = _read(path, _texts(lines))
        if table.num_rows == len(lines):
            return _from_table(lines, table)
    except (pa.ArrowException, AttributeError, KeyError, TypeError, ValueError):
        pass  # something is irregular: line by line is slower, and loses no line but broken ones
    return _from_lines(body, lines)


def _read(path: Path, texts: set[str]) -> Any:
    """The file as a table; metadata in `texts` is read as text, the other is inferred.

    Text that looks like a moment would be inferred to be one, and moved to UTC: the first of
    January at five hours east would become the year before.
    """
    metadata = pa.struct([(name, pa.string()) for name in sorted(texts)])
    fields = [
        ("id", pa.string()),
        ("text", pa.large_string()),
        ("prediction_probability", pa.float64()),
        ("metadata", metadata),
    ]
    parse = pj.ParseOptions(explicit_schema=pa.schema(fields))
    with pa.memory_map(str(path)) as source:
        table = pj.read_json(source, pj.ReadOptions(block_size=_BLOCK_BYTES), parse)
    moments = {f.name for f in table["metadata"].type if pa.types.is_timestamp(f.type)}
    return _read(path, texts | moments) if moments else table


def _texts(lines: Lines) -> set[str]:
    """The metadata that is text, as far as some lines out of all show."""
    found: set[str] = set()
    for number in range(0, len(lines), max(len(lines) // _SAMPLE, 1)):
        metadata = records.loads(lines[number])["metadata"] or {}
        found |= {name for name, value in metadata.items() if isinstance(value, str)}
    return found


def _from_table(lines: Lines, table: Any) -> PredictionsFile:
    if table["text"].null_count:
        raise ValueError("a line without text")
    spans = table["spans"].combine_chunks()
    metadata = table["metadata"].combine_chunks()
    fields = {f.name: pc.struct_field(metadata, [f.name]) for f in metadata.type}
    spoken = table.column_names
    similarity = table["similarity"] if "similarity" in spoken else fields.get("similarity")
    return PredictionsFile(
        lines=lines,
        broken=0,
        ids=table["id"].combine_chunks().fill_null(""),
        texts=table["text"],
        positive=_have_entries(spans),
        probability=_best(_floats(table["prediction_probability"]), spans),
        similarity=_floats(similarity, len(lines)),
        columns=_columns(fields),
        metadata_names=list(fields),
    )


def _have_entries(spans: Any) -> Mask:
    if pa.types.is_null(spans.type):
        return np.zeros(len(spans), dtype=bool)
    lengths = pc.list_value_length(spans).fill_null(0)
    return np.asarray(lengths.to_numpy(zero_copy_only=False)) > 0


def _best(stated: Floats, spans: Any) -> Floats:
    """The stated probabilities; where there is none, that of the most probable span."""
    if not np.isnan(stated).any() or pa.types.is_null(spans.type):
        return stated
    entries = pc.list_flatten(spans)
    kind = entries.type
    if not pa.types.is_struct(kind) or kind.get_field_index("prediction_probability") < 0:
        return stated
    rows = pc.list_parent_indices(spans).to_numpy(zero_copy_only=False)
    best = np.full(len(stated), -np.inf)
    known = _floats(pc.struct_field(entries, ["prediction_probability"]))
    np.maximum.at(best, rows, np.nan_to_num(known, nan=-np.inf))
    return np.where(np.isnan(stated) & np.isfinite(best), best, stated)


def _floats(values: Any, length: int = 0) -> Floats:
    """Numbers, or text that spells them, as floats; NaN where there is none."""
    if values is None or pa.types.is_null(values.type):
        return np.full(len(values) if values is not None else length, np.nan)
    if pa.types.is_string(values.type):
        numbers = [records.first_number(value) for value in values.to_pylist()]
        return np.array([np.nan if n is None else n for n in numbers], dtype=np.float64)
    floats = np.asarray(values.cast(pa.float64()).to_numpy(), dtype=np.float64)
    return np.where(np.isfinite(floats), floats, np.nan)


def _columns(fields: dict[str, Any]) -> dict[str, Column]:
    found = {name: column(name, values) for name, values in fields.items() if name != "similarity"}
    return {name: each for name, each in found.items() if each is not None}


def _from_lines(body: mmap.mmap, lines: Lines) -> PredictionsFile:
    read: list[records.Record] = []
    keep: list[int] = []
    for number in range(len(lines)):
        try:
            read.append(records.parse(lines[number]))
            keep.append(number)
        except ValueError:
            continue
    kept = Lines(body, keep=np.array(keep, dtype=np.int64))
    return _from_records(kept, read, broken=len(lines) - len(keep))


def _from_records(lines: Lines, read: list[records.Record], broken: int = 0) -> PredictionsFile:
    names = dict.fromkeys(name for record in read for name in record.metadata)
    fields = {name: _array([record.metadata.get(name) for record in read]) for name in names}
    return PredictionsFile(
        lines=lines,
        broken=broken,
        ids=pa.array([_encodable(record.id) for record in read], pa.string()),
        texts=pa.chunked_array([[_encodable(record.text) for record in read]], pa.large_string()),
        positive=np.array([record.positive for record in read], dtype=bool),
        probability=np.array([record.probability for record in read], dtype=np.float64),
        similarity=np.array([record.similarity for record in read], dtype=np.float64),
        columns=_columns(fields),
        metadata_names=list(fields),
    )


def _array(values: list[Any]) -> Any:
    """Values of one kind as they are; of several kinds as text."""
    try:
        return pa.array(values)
    except (pa.ArrowException, UnicodeEncodeError, OverflowError):
        return pa.array([None if v is None else _shown(v) for v in values], pa.string())


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return _encodable(value)
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # nested beyond orjson's measure, or a number or text beyond it
        return _encodable(str(value))


def _encodable(text: str) -> str:
    """Half a surrogate pair, which JSON can spell and UTF-8 cannot, as a question mark."""
    return text.encode("utf-8", "replace").decode()


def _line_ends(body: mmap.mmap | bytes) -> Counts:
    """Where each line ends, the last one too if no line break follows it."""
    whole = np.frombuffer(body, np.uint8)
    # In stretches: comparing makes an array of the size of what is compared.
    ends = [
        np.flatnonzero(whole[start : start + _BLOCK_BYTES] == 10) + start
        for start in range(0, len(whole), _BLOCK_BYTES)
    ]
    if len(whole) and whole[-1] != 10:
        ends.append(np.array([len(whole)]))
    return np.concatenate(ends).astype(np.int64) if ends else np.empty(0, dtype=np.int64)
