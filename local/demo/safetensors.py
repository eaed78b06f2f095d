"""Reading a safetensors file with numpy alone.

The format (https://huggingface.co/docs/safetensors): eight bytes, the little-endian length of a
JSON header; the header, name → {dtype, shape, data_offsets}; then the tensors' bytes, which the
offsets count from the header's end.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_DTYPES = {"F32": np.float32, "I64": np.int64}


def read_tensors(path: Path) -> dict[str, NDArray[Any]]:
    """Every tensor in the file by name; views of one memory map, so nothing is copied."""
    content = np.memmap(path, dtype=np.uint8, mode="r")
    header_length = int.from_bytes(content[:8].tobytes(), "little")
    header = json.loads(content[8 : 8 + header_length].tobytes())
    data = content[8 + header_length :]
    return {name: _tensor(data, entry) for name, entry in header.items() if name != "__metadata__"}


def _tensor(data: NDArray[np.uint8], entry: dict[str, Any]) -> NDArray[Any]:
    start, end = entry["data_offsets"]
    return data[start:end].view(_DTYPES[entry["dtype"]]).reshape(entry["shape"])
