"""Loaded by Python at the start of a function's process: makes one of its calls go wrong.

FAULT is JSON: `kind` (see `_STRIKES`), `operation` and `key` (an S3 call and a regular expression
for its key), `when` ("before" the call or "after" it), `times` and `tokens`, a directory that
counts strikes over all processes, so that a fault strikes just so often.
"""

import errno
import json
import os
import re
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import botocore.client
from botocore.exceptions import ClientError, ConnectionClosedError, IncompleteReadError

FAULT: dict[str, Any] = json.loads(os.environ["FAULT"])


def _strikes() -> bool:
    """Whether the fault has strikes left, and if so take one."""
    for number in range(FAULT["times"]):
        try:
            os.close(os.open(Path(FAULT["tokens"]) / str(number), os.O_CREAT | os.O_EXCL))
            return True
        except FileExistsError:
            continue
    return False


def _s3_error(status: int, code: str) -> NoReturn:
    response: Any = {
        "Error": {"Code": code, "Message": "injected"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    raise ClientError(response, FAULT["operation"])


def _reset() -> NoReturn:
    raise ConnectionClosedError(endpoint_url="http://injected")


def _disk_full() -> NoReturn:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _out_of_memory() -> NoReturn:
    """Take memory until there is none: the error that comes of it is the allocator's own."""
    in_use = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (in_use + (64 << 20), resource.RLIM_INFINITY))
    taken = []
    try:
        while True:
            taken.append(bytearray(1 << 20))
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def _cut_off() -> NoReturn:
    raise IncompleteReadError(actual_bytes=10, expected_bytes=1_000)


_STRIKES: dict[str, Callable[[], Any]] = {
    "exit": lambda: os._exit(1),
    "killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "hang": lambda: time.sleep(3600),
    "s3 500": lambda: _s3_error(500, "InternalError"),
    "s3 slow down": lambda: _s3_error(503, "SlowDown"),
    "s3 denied": lambda: _s3_error(403, "AccessDenied"),
    "s3 reset": _reset,
    "s3 cut off": _cut_off,
    "out of memory": _out_of_memory,
    "disk full": _disk_full,
}

_make_api_call = botocore.client.BaseClient._make_api_call  # type: ignore[attr-defined]


def _faulty_api_call(self: Any, operation: str, params: dict[str, Any]) -> Any:
    meant = operation == FAULT["operation"] and re.search(FAULT["key"], params.get("Key", ""))
    if meant and FAULT["when"] == "before" and _strikes():
        _STRIKES[FAULT["kind"]]()
    answer = _make_api_call(self, operation, params)
    if meant and FAULT["when"] == "after" and _strikes():
        _STRIKES[FAULT["kind"]]()
    return answer


_pwrite = os.pwrite


def _faulty_pwrite(file: int, body: bytes, place: int) -> int:
    if FAULT["operation"] == "pwrite" and _strikes():
        _STRIKES[FAULT["kind"]]()
    return _pwrite(file, body, place)


botocore.client.BaseClient._make_api_call = _faulty_api_call  # type: ignore[attr-defined]
os.pwrite = _faulty_pwrite
