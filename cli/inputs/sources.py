"""Passages from a file of any common kind, read a part at a time, however large it is."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from cli.errors import Wrong
from cli.inputs import json_lines
from vibe_checker.passages import TEXT

# What is read at a time, and what the types of CSV columns are guessed from.
_BLOCK_BYTES = 16 << 20


@dataclass
class Source:
    """The passages in a file, as the tables that a run reads; `left_out` counts while it goes on.

    `text_column` holds the text, where it is not called `text_block.text`; `renamed` maps a new
    name to the column that shall have it. Structs become one column for each field, named
    `outer.inner`. All tables have the same columns. Rows without text are left out.
    """

    path: Path
    text_column: str | None
    renamed: Mapping[str, str]
    left_out: int = 0

    def tables(self) -> Iterator[pa.Table]:
        """The passages, in order.

        Raises Wrong for a file that cannot be read, with the column names where one of those
        asked for is missing.
        """
        reader = _READERS.get(self.path.suffix.lower())
        if reader is None:
            raise Wrong(
                f"{self.path} is none of {', '.join(_READERS)}; convert it to one of these."
            )
        if not self.path.is_file():
            raise Wrong(f"{self.path} does not exist.")
        found = False
        try:
            for table in reader(self.path):
                kept = self._with_text(self._renamed(_plain(table)))
                found = found or kept.num_rows > 0
                yield kept
        except pa.ArrowException as error:
            reason = " ".join(str(error).split())[:300]
            kind = self.path.suffix[1:]
            raise Wrong(f"{self.path} cannot be read as {kind}: {reason}") from error
        if not found:
            raise Wrong(f"{self.path} has no passage with text in it.")

    def _renamed(self, table: pa.Table) -> pa.Table:
        """The table with its new names, the text first."""
        wanted = {**self.renamed, TEXT: self.text_column or self.renamed.get(TEXT, TEXT)}
        missing = [old for old in wanted.values() if old not in table.column_names]
        if missing:
            hint = " Name the text's with --text-column." if TEXT in missing else ""
            raise Wrong(
                f"{self.path} has no column {' or '.join(map(repr, missing))}; its columns are "
                f"{', '.join(table.column_names)}.{hint}"
            )
        new_names = {old: new for new, old in wanted.items()}
        names = [new_names.get(name, name) for name in table.column_names]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise Wrong(
                f"{self.path} would have two columns named {', '.join(repeated)}; rename one."
            )
        table = table.rename_columns(names)
        return table.select([TEXT, *(name for name in names if name != TEXT)])

    def _with_text(self, table: pa.Table) -> pa.Table:
        texts = table[TEXT]
        try:
            texts = texts.cast(pa.large_string())
        except pa.ArrowException:
            raise Wrong(f"The text column of {self.path} holds {texts.type}, not text.") from None
        table = table.set_column(0, TEXT, texts)
        blank = pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(texts)), 0)
        kept = table.filter(pc.invert(pc.fill_null(blank, True)))
        self.left_out += table.num_rows - kept.num_rows
        return kept


def _plain(table: pa.Table) -> pa.Table:
    """Structs as a column for each field, and no dictionaries, which differ from part to part."""
    while any(pa.types.is_struct(field.type) for field in table.schema):
        table = table.flatten()
    for place, field in enumerate(table.schema):
        if pa.types.is_dictionary(field.type):
            decoded = table.column(place).cast(field.type.value_type)
            table = table.set_column(place, field.name, decoded)
    return table


def _feather(path: Path) -> Iterator[pa.Table]:
    with pa.memory_map(str(path)) as mapped, pa.ipc.open_file(mapped) as file:
        for number in range(file.num_record_batches):
            yield pa.Table.from_batches([file.get_batch(number)])


def _parquet(path: Path) -> Iterator[pa.Table]:
    with pyarrow.parquet.ParquetFile(path) as file:
        for batch in file.iter_batches():
            yield pa.Table.from_batches([batch])


def _csv(path: Path) -> Iterator[pa.Table]:
    return _delimited(path, ",")


def _tsv(path: Path) -> Iterator[pa.Table]:
    return _delimited(path, "\t")


def _delimited(path: Path, delimiter: str) -> Iterator[pa.Table]:
    types = _csv_types(path, delimiter)
    for batch in _open_csv(path, delimiter, types):
        yield pa.Table.from_batches([batch])


def _csv_types(path: Path, delimiter: str) -> dict[str, pa.DataType]:
    """The types that a first look at the columns suggests, where they hold to the file's end.

    A column that looks like numbers at first and is text further on is text.
    """
    guessed = {field.name: field.type for field in _open_csv(path, delimiter, {}).schema}
    if _holds(path, delimiter, guessed):
        return guessed
    return {
        name: kind if _holds(path, delimiter, {name: kind}, [name]) else pa.string()
        for name, kind in guessed.items()
    }


def _holds(
    path: Path, delimiter: str, types: Mapping[str, pa.DataType], only: Sequence[str] = ()
) -> bool:
    try:
        for _ in _open_csv(path, delimiter, types, only):
            pass
    except pa.ArrowInvalid:
        return False
    return True


def _open_csv(
    path: Path, delimiter: str, types: Mapping[str, pa.DataType], only: Sequence[str] = ()
) -> pyarrow.csv.CSVStreamingReader:
    return pyarrow.csv.open_csv(
        path,
        read_options=pyarrow.csv.ReadOptions(block_size=_BLOCK_BYTES),
        parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict(types), include_columns=list(only)
        ),
    )


_READERS: dict[str, Callable[[Path], Iterator[pa.Table]]] = {
    ".feather": _feather,
    ".arrow": _feather,
    ".parquet": _parquet,
    ".csv": _csv,
    ".tsv": _tsv,
    ".jsonl": json_lines.tables,
    ".ndjson": json_lines.tables,
}
