"""One invocation from event to answer, with the errors and the log lines that Lambda gives."""

import json
import signal
import time
from dataclasses import dataclass

from .function import Function
from .pool import ProcessPool
from .process import Heartbeat, RuntimeProcess
from .runtime_api import Exited, InitError, Ready, Report, Result

# What AWS lets a synchronous invocation return. MiniStack would pass on any size.
PAYLOAD_LIMIT = 6 * 1024 * 1024 + 100


@dataclass(frozen=True)
class Answer:
    """What the caller of Invoke gets, and what the log gets."""

    body: bytes
    error: bool
    log: str


def failure(error: Exception) -> Answer:
    """The answer where the runtime itself could not do its part: no disk, no processes left."""
    body = {"errorType": "Runtime.Unknown", "errorMessage": f"{type(error).__name__}: {error}"}
    return Answer(json.dumps(body).encode(), error=True, log="")


def run(
    pool: ProcessPool, function: Function, request_id: str, event: bytes, heartbeat: Heartbeat
) -> Answer:
    """Wait for a process, run in it, and end it where it can serve no more.

    The clock of the time-out starts with a process that is initialised: on AWS initialisation has
    its own 10 s, and here it may have to wait for other cold starts on two cores.
    """
    with pool.lease(function, heartbeat) as process:
        init_ms = None if process.served else process.init_seconds * 1000
        started = time.monotonic()
        report = process.init_report
        if isinstance(report, Ready):
            report = process.invoke(request_id, event, heartbeat)
        milliseconds = (time.monotonic() - started) * 1000
        if not isinstance(report, Result):
            process.kill()
        failed = not isinstance(report, Result) or report.error or _too_large(report)
        body = _body(report, process, request_id)
        log = _log(report, process, request_id, milliseconds, init_ms)
    return Answer(body, failed, log)


def _body(report: Report | None, process: RuntimeProcess, request_id: str) -> bytes:
    if isinstance(report, Result | InitError) and not _too_large(report):
        return report.body
    kind, message = _failure(report, process)
    return json.dumps(
        {"errorType": kind, "errorMessage": f"RequestId: {request_id} Error: {message}"}
    ).encode()


def _failure(report: Report | None, process: RuntimeProcess) -> tuple[str, str]:
    """AWS's words for an end that the process could not report itself."""
    if isinstance(report, Result):
        limit = f"maximum allowed payload size ({PAYLOAD_LIMIT} bytes)"
        return "Function.ResponseSizeTooLarge", f"Response payload size exceeded {limit}"
    if isinstance(report, Exited):
        return "Runtime.ExitError", f"Runtime exited with error: {_cause(report.code)}"
    if process.init_report is None:
        seconds = process.settings.init_seconds
        return "Sandbox.Timedout", f"Initialisation timed out after {seconds:.2f} seconds"
    return "Sandbox.Timedout", f"Task timed out after {process.function.timeout:.2f} seconds"


def _too_large(report: Report | None) -> bool:
    return isinstance(report, Result) and len(report.body) > PAYLOAD_LIMIT


def _cause(code: int) -> str:
    if code >= 0:
        return f"exit status {code}"
    return f"signal: {signal.Signals(-code).name}"


def _log(
    report: Report | None,
    process: RuntimeProcess,
    request_id: str,
    milliseconds: float,
    init_ms: float | None,
) -> str:
    """START, what the process printed, END and REPORT, as CloudWatch shows them on AWS."""
    variables = process.function.variables
    lines = [f"START RequestId: {request_id} Version: {variables['AWS_LAMBDA_FUNCTION_VERSION']}"]
    lines += process.new_output().splitlines()
    if not isinstance(report, Result | InitError) or _too_large(report):
        lines.append(": ".join(_failure(report, process)))
    lines.append(f"END RequestId: {request_id}")
    fields = [
        f"REPORT RequestId: {request_id}",
        f"Duration: {milliseconds:.2f} ms",
        f"Billed Duration: {int(milliseconds) + 1} ms",
        f"Memory Size: {variables['AWS_LAMBDA_FUNCTION_MEMORY_SIZE']} MB",
    ]
    if process.peak_memory_kb is not None:
        fields.append(f"Max Memory Used: {process.peak_memory_kb // 1024 + 1} MB")
    if init_ms is not None:
        fields.append(f"Init Duration: {init_ms:.2f} ms")
    return "\n".join([*lines, "\t".join(fields)]) + "\n"
