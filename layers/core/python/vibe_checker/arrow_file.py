"""How much an Arrow IPC file unpacks to, told without unpacking any of it.

A compressed buffer begins with the size that it has when unpacked, and pyarrow takes what stands
there for its word: ten kilobytes that say so become ten gigabytes. The file's own tables tell where
those sizes stand (https://arrow.apache.org/docs/format/Columnar.html, File.fbs, Message.fbs):

    ... │ block: message (a table: buffers [offset, length]), body │ ... │ footer: blocks │ size │
"""

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

from flatbuffers.table import Table

_MAGIC = b"ARROW1"
# Numbers of the fields in the tables, as File.fbs and Message.fbs order them.
_DICTIONARIES, _RECORD_BATCHES = 2, 3
_HEADER, _DATA, _BUFFERS, _COMPRESSION = 2, 1, 2, 3
_BLOCK, _BUFFER = struct.Struct("<qi4xq"), struct.Struct("<qq")
_UNCOMPRESSED = -1


def unpacked_sizes(path: Path) -> tuple[int, list[int]]:
    """The bytes that the dictionaries together, and each record batch, take once unpacked.

    Raises ValueError for a file that is cut off or whose tables point out of it.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as body:
        try:
            footer = _footer(body)
            dictionaries = [
                _unpacked(body, start, _child(header, _DATA))
                for header, start in _messages(body, footer, _DICTIONARIES)
            ]
            batches = [
                _unpacked(body, start, header)
                for header, start in _messages(body, footer, _RECORD_BATCHES)
            ]
        except (struct.error, IndexError, TypeError, OverflowError) as error:
            raise ValueError(f"its tables are damaged ({error})") from error
    return sum(dictionaries), batches


def _footer(file: mmap.mmap) -> Table:
    end = len(file) - len(_MAGIC) - 4
    size = struct.unpack_from("<i", file, end)[0]
    if not 0 < size < end:
        raise ValueError("it has no footer")
    return _root(file[end - size : end])


def _messages(file: mmap.mmap, footer: Table, kind: int) -> Iterator[tuple[Table, int]]:
    """The header of each message of a kind, and where its body begins."""
    for offset, length, _ in _structs(footer, kind, _BLOCK):
        if not 0 <= offset <= offset + length <= len(file):
            raise ValueError("its footer points out of it")
        message = file[offset + 8 : offset + length]  # behind a mark and the message's length
        yield _child(_root(message), _HEADER), offset + length


def _unpacked(file: mmap.mmap, body: int, batch: Table) -> int:
    packed = bool(batch.Offset(_place(_COMPRESSION)))
    total = 0
    for offset, length in _structs(batch, _BUFFERS, _BUFFER):
        size = length
        if packed and length >= 8:
            stated = struct.unpack_from("<q", file, body + offset)[0]
            size = length if stated == _UNCOMPRESSED else stated
        if size < 0:
            raise ValueError("a buffer states a negative size")
        total += size
    return total


def _root(table: bytes) -> Table:
    return Table(table, struct.unpack_from("<I", table)[0])


def _place(field: int) -> int:
    """Where a field's entry stands in a table's directory."""
    return 4 + 2 * field


def _child(table: Table, field: int) -> Table:
    place = table.Offset(_place(field))
    return Table(table.Bytes, table.Indirect(place + table.Pos))


def _structs(table: Table, field: int, kind: struct.Struct) -> Iterator[tuple[int, ...]]:
    place = table.Offset(_place(field))
    if place:
        start = table.Vector(place)
        for number in range(table.VectorLen(place)):
            yield kind.unpack_from(table.Bytes, start + number * kind.size)
