"""JSON Lines read a part at a time, with the columns that the file has as a whole.

pyarrow's own streaming reader takes the columns from the first part and refuses what comes later.
"""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pyarrow as pa
import pyarrow.json

# Whole lines that are read together; a longer line is a part of its own.
_PART_BYTES = 16 << 20


def tables(path: Path) -> Iterator[pa.Table]:
    """The file's rows, all tables with the same columns; the file is read twice."""
    schemas: list[pa.Schema] = []
    for part in _parts(path):
        if (schema := _read(part, None).schema) not in schemas:
            schemas.append(schema)
    whole = _together(schemas) if schemas else None
    for part in _parts(path):
        yield _read(part, whole)


def _together(schemas: list[pa.Schema]) -> pa.Schema:
    """The columns of all parts; what looks like a date in one and is text in another is text."""
    texts = {field.name for schema in schemas for field in schema if field.type == pa.string()}
    plain = [
        pa.schema(
            [
                field.with_type(pa.string())
                if field.name in texts and pa.types.is_timestamp(field.type)
                else field
                for field in schema
            ]
        )
        for schema in schemas
    ]
    return pa.unify_schemas(plain, promote_options="permissive")


def _parts(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while part := file.read(_PART_BYTES):
            part += file.readline()
            if part.strip():
                yield part


def _read(part: bytes, schema: pa.Schema | None) -> pa.Table:
    return pyarrow.json.read_json(
        BytesIO(part),
        read_options=pyarrow.json.ReadOptions(block_size=len(part) + 1, use_threads=False),
        parse_options=pyarrow.json.ParseOptions(explicit_schema=schema),
    )
