"""Passages from a file of any common kind, as the table that a run reads."""

import csv
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.feather
import pyarrow.json
import pyarrow.parquet

from cli.errors import Wrong
from vibe_checker.passages import TEXT

# The longest line of a JSONL file that is read; pyarrow's own limit, 1 MB, is a long document.
_JSON_BLOCK_BYTES = 64 << 20


def read(path: Path, text_column: str | None, renamed: Mapping[str, str]) -> tuple[pa.Table, int]:
    """The passages in `path`, and how many rows were left out because they have no text.

    `text_column` holds the text, where it is not called `text_block.text`; `renamed` maps a new
    name to the column that shall have it. Structs become one column for each field, named
    `outer.inner`. Raises Wrong with the column names where one of those asked for is missing.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise Wrong(f"{path} is none of {', '.join(_READERS)}; convert it to one of these.")
    if not path.is_file():
        raise Wrong(f"{path} does not exist.")
    try:
        table = _flat(reader(path))
    except (pa.ArrowException, UnicodeDecodeError, csv.Error) as error:
        reason = " ".join(str(error).split())[:300]
        raise Wrong(f"{path} cannot be read as {path.suffix[1:]}: {reason}") from error
    return _with_text(path, _renamed(path, table, text_column, renamed))


def _feather(path: Path) -> pa.Table:
    return pyarrow.feather.read_table(str(path))


def _parquet(path: Path) -> pa.Table:
    return pyarrow.parquet.ParquetFile(path).read()


def _json(path: Path) -> pa.Table:
    options = pyarrow.json.ReadOptions(block_size=_JSON_BLOCK_BYTES)
    return pyarrow.json.read_json(path, read_options=options)


def _csv(path: Path) -> pa.Table:
    return _delimited(path, ",")


def _tsv(path: Path) -> pa.Table:
    return _delimited(path, "\t")


def _delimited(path: Path, delimiter: str) -> pa.Table:
    parse = pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    try:
        return pyarrow.csv.read_csv(path, parse_options=parse)
    except pa.ArrowInvalid:
        # A column that looks like numbers at first and is text further on: all columns as text.
        with path.open(newline="", encoding="utf-8-sig") as file:
            names = next(csv.reader(file, delimiter=delimiter), [])
        convert = pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()))
        return pyarrow.csv.read_csv(path, parse_options=parse, convert_options=convert)


_READERS: dict[str, Callable[[Path], pa.Table]] = {
    ".feather": _feather,
    ".arrow": _feather,
    ".parquet": _parquet,
    ".csv": _csv,
    ".tsv": _tsv,
    ".jsonl": _json,
    ".ndjson": _json,
}


def _flat(table: pa.Table) -> pa.Table:
    while any(pa.types.is_struct(field.type) for field in table.schema):
        table = table.flatten()
    return table


def _renamed(
    path: Path, table: pa.Table, text_column: str | None, renamed: Mapping[str, str]
) -> pa.Table:
    """The table with its new names, the text first."""
    wanted = {**renamed, TEXT: text_column or renamed.get(TEXT, TEXT)}
    missing = [old for old in wanted.values() if old not in table.column_names]
    if missing:
        hint = " Name the text's with --text-column." if TEXT in missing else ""
        raise Wrong(
            f"{path} has no column {' or '.join(map(repr, missing))}; its columns are "
            f"{', '.join(table.column_names)}.{hint}"
        )
    new_names = {old: new for new, old in wanted.items()}
    names = [new_names.get(name, name) for name in table.column_names]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise Wrong(f"{path} would have two columns named {', '.join(repeated)}; rename one.")
    table = table.rename_columns(names)
    return table.select([TEXT, *(name for name in names if name != TEXT)])


def _with_text(path: Path, table: pa.Table) -> tuple[pa.Table, int]:
    texts = table[TEXT]
    try:
        texts = texts.cast(pa.large_string())
    except pa.ArrowException:
        raise Wrong(f"The text column of {path} holds {texts.type}, not text.") from None
    table = table.set_column(0, TEXT, texts)
    blank = pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(texts)), 0)
    kept = table.filter(pc.invert(pc.fill_null(blank, True)))
    if not kept.num_rows:
        raise Wrong(f"{path} has no passage with text in it.")
    return kept.combine_chunks(), table.num_rows - kept.num_rows
