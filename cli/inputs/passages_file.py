"""passages_dataset.feather, written and read a part at a time."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

# Rows that are compressed together: FindPassages unpacks these to take one of them.
BATCH_ROWS = 16_384


def write(tables: Iterable[pa.Table], path: Path) -> int:
    """Write tables of the same columns as one file; returns how many rows it has."""
    count, writer = 0, None
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    try:
        for table in _in_batches(tables):
            writer = writer or pa.ipc.new_file(str(path), table.schema, options=options)
            writer.write_table(table, max_chunksize=BATCH_ROWS)
            count += table.num_rows
    finally:
        if writer:
            writer.close()
    return count


def _in_batches(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows cut anew: every table but the last of a multiple of BATCH_ROWS."""
    pending: list[pa.Table] = []
    for table in tables:
        pending.append(table)
        if (rows := sum(each.num_rows for each in pending)) >= BATCH_ROWS:
            together = pa.concat_tables(pending).combine_chunks()
            whole = rows - rows % BATCH_ROWS
            yield together.slice(0, whole)
            pending = [together.slice(whole)]
    if pending:
        yield pa.concat_tables(pending).combine_chunks()


def texts(path: Path, start: int, size: int) -> Iterator[list[str]]:
    """The texts of a file that `write` wrote, from row `start` on and `size` at a time.

    `size` divides BATCH_ROWS, and `start` is a multiple of it.
    """
    only_text = pa.ipc.IpcReadOptions(included_fields=[0])
    with pa.memory_map(str(path)) as mapped, pa.ipc.open_file(mapped, options=only_text) as file:
        for number in range(start // BATCH_ROWS, file.num_record_batches):
            column = file.get_batch(number).column(0)
            for first in range(max(0, start - number * BATCH_ROWS), len(column), size):
                yield column.slice(first, size).to_pylist()
