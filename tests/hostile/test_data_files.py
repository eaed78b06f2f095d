"""The data set's two files, with bytes changed, cut and repeated, and made to explode."""

import io
import json
import struct
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hostile import tasks
from tests.hostile.conftest import Sandbox, mutated
from vibe_checker.arrow_file import unpacked_sizes
from vibe_checker.passages import TEXT

ROWS = 40
TABLE = pa.table(
    {
        TEXT: [f"passage {n}: a carbon tax of {n} %" for n in range(ROWS)],
        "document_id": pa.array([f"doc-{n % 3}" for n in range(ROWS)]).dictionary_encode(),
        "page": pa.array([None if n % 7 == 0 else n for n in range(ROWS)], pa.int32()),
        "published": [datetime(2024, 1, 1 + n % 28) for n in range(ROWS)],
        "topics": [["tax", "levy"][: n % 3] for n in range(ROWS)],
        "place": [{"country": "DE", "share": n / 7} for n in range(ROWS)],
    }
)


def _feather(compression: str, chunk: int) -> bytes:
    sink = io.BytesIO()
    feather.write_feather(TABLE, sink, compression, chunksize=chunk)
    return sink.getvalue()


FILES = {
    (compression, chunk): _feather(compression, chunk)
    for compression in ("lz4", "zstd", "uncompressed")
    for chunk in (7, ROWS)
}


def _unit_rows(dtype: Any = np.float32) -> np.ndarray[Any, Any]:
    matrix = np.random.default_rng(3).standard_normal((ROWS, 8))
    return (matrix / np.linalg.norm(matrix, axis=1, keepdims=True)).astype(dtype)


def _npy(matrix: np.ndarray[Any, Any]) -> bytes:
    sink = io.BytesIO()
    np.save(sink, matrix)
    return sink.getvalue()


def _with_header(header: str) -> bytes:
    text = header.encode("latin1") + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + b"\0" * 100


@given(st.sampled_from(sorted(FILES)).flatmap(lambda kind: mutated(FILES[kind])))
def test_a_spoilt_feather_file_gives_passages_or_a_clear_error(
    sandbox: Sandbox, scratch: Path, body: bytes
) -> None:
    scratch.write_bytes(body)
    found = sandbox.outcome(tasks.read_passages, scratch)
    assert found == "result" or "passages_dataset.feather" in found


@given(st.sampled_from([np.float32, np.float16]).flatmap(lambda d: mutated(_npy(_unit_rows(d)))))
def test_a_spoilt_npy_file_gives_embeddings_or_a_clear_error(
    sandbox: Sandbox, scratch: Path, body: bytes
) -> None:
    scratch.write_bytes(body)
    found = sandbox.outcome(tasks.read_embeddings, scratch, ROWS)
    assert found == "result" or "passages_embeddings.npy" in found


@pytest.mark.parametrize(
    "header",
    [
        "{'descr': '<f4', 'fortran_order': False, 'shape': (40, 999999999999), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (40, " + "9" * 4000 + "), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (40, -8), }",
        "{'descr': '|O', 'fortran_order': False, 'shape': (40, 8), }",
        "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (40, 8), }",
        "{'descr': 'V99999999999', 'fortran_order': False, 'shape': (40, 8), }",
        "(" * 9000,
        "[" * 3000 + "]" * 3000,
        "{'descr': open('/etc/passwd')}",
        "\0" * 100,
    ],
)
def test_an_npy_header_that_lies_is_an_error(sandbox: Sandbox, scratch: Path, header: str) -> None:
    scratch.write_bytes(_with_header(header))
    assert "InvalidEmbeddings" in sandbox.outcome(tasks.read_embeddings, scratch, ROWS)


@pytest.mark.parametrize("inside", ["no array", ""])
def test_an_archive_of_arrays_is_no_array(sandbox: Sandbox, scratch: Path, inside: str) -> None:
    with zipfile.ZipFile(scratch, "w") as archive:
        archive.writestr("a.npy", inside)
    assert "InvalidEmbeddings" in sandbox.outcome(tasks.read_embeddings, scratch, ROWS)
    scratch.write_bytes(scratch.read_bytes()[:-10])
    assert "InvalidEmbeddings" in sandbox.outcome(tasks.read_embeddings, scratch, ROWS)


@pytest.mark.parametrize("column", [TEXT, "document_id"])
def test_what_would_unpack_beyond_measure_is_refused_unseen(
    sandbox: Sandbox, scratch: Path, column: str
) -> None:
    feather.write_feather(TABLE.select(list(dict.fromkeys([TEXT, column]))), str(scratch), "zstd")
    body = bytearray(scratch.read_bytes())
    start = body.index(b"\x28\xb5\x2f\xfd") - 8  # a zstd frame, and before it the size it states
    body[start : start + 8] = struct.pack("<q", 5_000_000_000)
    scratch.write_bytes(body)
    found = sandbox.outcome(tasks.read_passages, scratch)
    assert found.startswith("TooLarge: passages_dataset.feather has")
    assert "of 5,000 MB; at most 805 MB are unpacked at a time" in found


def test_the_sizes_are_those_that_pyarrow_finds(scratch: Path) -> None:
    table = TABLE.drop_columns(["document_id"])
    for compression in ("lz4", "zstd", "uncompressed"):
        feather.write_feather(table, str(scratch), compression, chunksize=7)
        dictionaries, sizes = unpacked_sizes(scratch)
        assert dictionaries == 0
        with pa.memory_map(str(scratch)) as source:
            file = pa.ipc.open_file(source)
            found = [file.get_batch(number).nbytes for number in range(file.num_record_batches)]
        # What pyarrow counts are the bytes in use; buffers are longer by their padding.
        assert all(abs(a - b) < 600 for a, b in zip(sizes, found, strict=True))


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("far dates", pa.array([2**60] * 2, pa.timestamp("s"))),
        ("nanoseconds of a day", pa.array([1] * 2, pa.time64("ns"))),
        ("nanoseconds", pa.array([1] * 2, pa.duration("ns"))),
        ("far days", pa.array([2**31 - 1] * 2, pa.date32())),
        ("deep", pa.array([json.loads("[" * 60 + "1" + "]" * 60)] * 2)),
        ("nested moments", pa.array([[2**60 + 1]] * 2, pa.list_(pa.timestamp("ns")))),
        ("large numbers", pa.array([2**64 - 1] * 2, pa.uint64())),
        ("decimals", pa.array([None, None], pa.decimal256(70, 2))),
        ("bytes", pa.array([b"\xff"] * 2)),
        ("a map", pa.array([[("a", 1)]] * 2, pa.map_(pa.string(), pa.int8()))),
        ("not a number", pa.array([float("nan"), float("inf")])),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_metadata_of_any_type_is_carried_or_refused_by_name(
    sandbox: Sandbox, scratch: Path, column: str, values: Any
) -> None:
    table = pa.table({TEXT: ["a", "b"], column: values})
    feather.write_feather(table, str(scratch), "uncompressed")
    found = sandbox.outcome(tasks.read_passages, scratch)
    assert found == "result" or "passages_dataset.feather" in found


def test_text_that_is_no_utf8_is_an_error(sandbox: Sandbox, scratch: Path) -> None:
    texts = pa.array([b"\xff\xfe", b"ok"]).view(pa.string())
    feather.write_feather(pa.table({TEXT: texts}), str(scratch), "lz4")
    assert "InvalidPassages" in sandbox.outcome(tasks.read_passages, scratch)
