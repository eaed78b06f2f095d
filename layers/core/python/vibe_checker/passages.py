"""The data set: an Arrow IPC (feather) file, one row per passage.

`text_block.text` is the passage; every other column is carried along as its metadata.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.dataset as ds

from vibe_checker.arrow_file import unpacked_sizes
from vibe_checker.errors import InvalidPassages, TooLarge
from vibe_checker.identifiers import ALPHABET, SHORT_ID_LENGTH
from vibe_checker.keys import PASSAGES

Rows = np.ndarray[Any, np.dtype[np.int64]]
Floats = np.ndarray[Any, np.dtype[np.float32]]

TEXT = "text_block.text"
# pyarrow and pandas write batches of 65,536 rows: some 60 MB. A file written as a single batch may
# hold a million passages still; more than this would crowd out the rest of the function's memory.
_LARGEST_BATCH_BYTES = 768 << 20
# Making candidates of 405 MB of passages took 1,540 MB at its peak, 3.8 times as much: what is
# allowed here takes 1.6 GB, a batch 0.8, a model of MiniLM's size 0.3, of FindPassages' 3.1.
_LARGEST_SELECTION_BYTES = 400 << 20

CANDIDATE_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("text", pa.large_string()),
        ("similarity", pa.float32()),
        ("metadata", pa.large_binary()),
    ]
)
"""A candidate: `metadata` is the passage's metadata as a JSON object, written once for all
classifiers. Where one of these takes embeddings there is a column EMBEDDING, too."""

EMBEDDING = "embedding"

# Rows that are Python objects at a time, between one Arrow table and the next: 100,000 passages
# with their metadata took 380 MB at once.
_ROWS_AS_OBJECTS = 4_096


class Passages:
    """An open data set.

    Only the footer is read on opening; rows are decompressed batch by batch when taken, because
    feather files are compressed and a memory map alone makes no row cheap.
    """

    def __init__(self, path: Path) -> None:
        """Raises InvalidPassages for a file that is no feather file or lacks what is needed."""
        try:
            self._file = pa.ipc.open_file(pa.memory_map(str(path)))
            dictionaries, self._sizes = unpacked_sizes(path)
            _check_size("dictionaries", dictionaries)
            self.count: int = ds.dataset(str(path), format="ipc").count_rows()
        except (pa.ArrowException, OSError, ValueError) as error:
            raise InvalidPassages(
                f"{PASSAGES} is not a readable feather file (Arrow IPC, version 2): "
                f"{str(error)[:300]}"
            ) from error
        self._sound: set[int] = set()
        self._check_schema(self._file.schema)
        if self.count == 0:
            raise InvalidPassages(f"{PASSAGES} has no rows; it needs at least one passage.")

    def _check_schema(self, schema: pa.Schema) -> None:
        if schema.names.count(TEXT) != 1:
            raise InvalidPassages(
                f"{PASSAGES} has the columns {', '.join(schema.names)[:500]}; the passages must "
                f"be in exactly one column named {TEXT!r}."
            )
        kind = schema.field(TEXT).type
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            raise InvalidPassages(
                f"{TEXT!r} in {PASSAGES} holds {str(kind)[:100]}; it must hold strings."
            )

    def take(self, rows: Rows) -> pa.Table:
        """The passages of `rows` (int64, ascending), in that order, with all their columns.

        Raises InvalidPassages for a row without text and for a file that breaks off or is damaged,
        TooLarge for what would not fit.
        """
        try:
            batches = list(self._batches_of(rows))
        except (pa.ArrowException, OSError, MemoryError) as error:
            raise InvalidPassages(
                f"{PASSAGES} breaks off or is damaged: {str(error)[:300]}"
            ) from error
        table = pa.Table.from_batches(batches, self._file.schema)
        self._check_texts(table, rows)
        return table

    def _batches_of(self, rows: Rows) -> Iterator[pa.RecordBatch]:
        start = done = taken = 0
        for number in range(self._file.num_record_batches):
            if done == len(rows):
                break
            batch = self._batch(number)
            end = int(np.searchsorted(rows, start + batch.num_rows))
            if end > done:
                selected = batch.take(pa.array(rows[done:end] - start))
                taken += selected.nbytes
                if taken > _LARGEST_SELECTION_BYTES:
                    raise TooLarge(
                        f"The first {end:,} of {len(rows):,} candidates hold {taken / 1e6:,.0f} MB "
                        f"of text and metadata in {PASSAGES}; at most "
                        f"{_LARGEST_SELECTION_BYTES / 1e6:,.0f} MB are handed on for a concept. "
                        "Lower maximum_candidates, or cut the passages shorter."
                    )
                yield selected
            start, done = start + batch.num_rows, end

    def _batch(self, number: int) -> pa.RecordBatch:
        """A batch, unpacked; seen once to be sound, since Arrow follows offsets that lie."""
        _check_size(f"a record batch, number {number:,},", self._sizes[number])
        batch = self._file.get_batch(number)
        if number not in self._sound:
            batch.validate(full=True)
            self._sound.add(number)
        return batch

    def _check_texts(self, table: pa.Table, rows: Rows) -> None:
        texts = table[TEXT]
        if texts.null_count:
            empty = rows[np.asarray(texts.is_null())]
            raise InvalidPassages(
                f"{PASSAGES} has {len(empty):,} rows without text, the first in row {empty[0]:,} "
                "(counted from 0); every passage needs one."
            )


def _check_size(what: str, size: int) -> None:
    if size > _LARGEST_BATCH_BYTES:
        raise TooLarge(
            f"{PASSAGES} has {what} of {size / 1e6:,.0f} MB; at most "
            f"{_LARGEST_BATCH_BYTES / 1e6:,.0f} MB are unpacked at a time. Write smaller ones, "
            "such as by pyarrow.feather.write_feather(table, path, chunksize=65536)."
        )


def candidates(
    table: pa.Table, rows: Rows, similarities: Floats, embeddings: Floats | None = None
) -> pa.Table:
    """The candidates of a concept, as CANDIDATE_SCHEMA.

    `table` holds the passages, `rows` their row numbers in the data set, `similarities` their
    similarity to the concept, `embeddings` (float32 [rows, d]) makes a column more; all of one
    length.
    """
    ends = range(_ROWS_AS_OBJECTS, len(table) + _ROWS_AS_OBJECTS, _ROWS_AS_OBJECTS)
    parts = [slice(end - _ROWS_AS_OBJECTS, end) for end in ends] or [slice(0)]
    found = pa.concat_tables(
        _candidates(table[part], rows[part], similarities[part]) for part in parts
    )
    return found if embeddings is None else found.append_column(EMBEDDING, _column(embeddings))


def _candidates(table: pa.Table, rows: Rows, similarities: Floats) -> pa.Table:
    texts = table[TEXT]
    return pa.table(
        [
            pa.array(map(passage_id, texts.to_pylist(), rows.tolist()), pa.string()),
            texts.cast(pa.large_string()),
            pa.array(similarities, pa.float32()),
            pa.array(_metadata(table.drop_columns([TEXT])), pa.large_binary()),
        ],
        schema=CANDIDATE_SCHEMA,
    )


def _column(matrix: Floats) -> pa.FixedSizeListArray:
    numbers = pa.array(np.ascontiguousarray(matrix, np.float32).reshape(-1))
    return pa.FixedSizeListArray.from_arrays(numbers, matrix.shape[1])


def embeddings_of(table: pa.Table) -> Floats:
    """The embeddings that candidates were handed on with: float32 [candidates, d]."""
    column = table[EMBEDDING].combine_chunks()
    # (flatten() would copy them.)
    size = column.type.list_size
    numbers: Floats = column.values.slice(column.offset * size, len(column) * size).to_numpy()
    return numbers.reshape(len(column), size)


def shuffled(rows: Rows, concept_id: str) -> Rows:
    """Places 0 to len(rows) - 1 in an order that looks random and is always the same.

    Each row number is mixed with the concept's id (splitmix64, Steele et al. 2014) and the
    results are sorted: whoever reads the first page reads a fair sample, and a passage keeps its
    place among the others whatever else is selected. int64 [len(rows)].
    """
    seed = np.uint64(int.from_bytes(hashlib.sha256(concept_id.encode()).digest()[:8]))
    mixed = (rows.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15) + seed
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.argsort(mixed ^ (mixed >> np.uint64(31)), kind="stable")


def to_bytes(table: pa.Table) -> bytes:
    """A table as one Arrow IPC file, compressed: a shard as it is staged in the bucket."""
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.ipc.new_file(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def from_bytes(body: bytes) -> pa.Table:
    """The table that `to_bytes` wrote."""
    return pa.ipc.open_file(pa.BufferReader(body)).read_all()


def passage_id(text: str, row: int) -> str:
    """An id that is unique in the data set and tells by its first part which texts are equal.

    Boilerplate stands in many documents, so the text alone does not make an id: the row number
    follows it.
    """
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
    characters = []
    for _ in range(SHORT_ID_LENGTH):
        number, remainder = divmod(number, len(ALPHABET))
        characters.append(ALPHABET[remainder])
    return f"{''.join(characters)}-{row}"


def _metadata(table: pa.Table) -> list[bytes]:
    """Each row as one JSON object: values keep their types, missing and NaN are null."""
    if not table.num_columns:
        return [b"{}"] * table.num_rows
    dump, names = orjson.dumps, table.column_names
    columns = [_values(*named) for named in zip(names, table.columns, strict=True)]
    try:
        return [
            dump(dict(zip(names, values, strict=True)), default=str)
            for values in zip(*columns, strict=True)
        ]
    except (TypeError, ValueError) as error:
        raise InvalidPassages(f"{PASSAGES} has metadata that JSON cannot hold: {error}") from error


def _values(name: str, column: pa.ChunkedArray) -> list[Any]:
    try:
        return list(_plain(column).to_pylist())
    except (pa.ArrowException, ValueError, OverflowError, TypeError) as error:
        # Such as a date in the year 30,000.
        raise InvalidPassages(
            f"{PASSAGES} has the column {name[:100]!r} of {str(column.type)[:100]}, which cannot "
            f"be read: {str(error)[:300]}"
        ) from error


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Nanoseconds cut to microseconds, the finest that a Python datetime holds."""
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        return column.cast(pa.timestamp("us", column.type.tz), safe=False)
    return column
