"""The Lambda Runtime API, version 2018-06-01: what `awslambdaric` talks to.

```
GET  /2018-06-01/runtime/invocation/next           waits; the next event
POST /2018-06-01/runtime/invocation/{id}/response  what the handler returned
POST /2018-06-01/runtime/invocation/{id}/error     what it raised
POST /2018-06-01/runtime/init/error                the module could not be loaded
```
One server for each process, since the API's address is all that tells processes apart.
"""

import queue
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast


@dataclass(frozen=True)
class Invocation:
    """One event on its way to a handler."""

    request_id: str
    event: bytes
    function_arn: str
    deadline: float
    """Seconds since the epoch: `context.get_remaining_time_in_millis()` counts down to it."""


@dataclass(frozen=True)
class Ready:
    """The process asks for an event: it is initialised and idle."""


@dataclass(frozen=True)
class InitError:
    """The handler's module could not be loaded."""

    body: bytes


@dataclass(frozen=True)
class Result:
    """What a handler returned (`error` False) or raised, as JSON."""

    request_id: str
    body: bytes
    error: bool


@dataclass(frozen=True)
class Exited:
    """The process ended with this code: negative for a signal, as subprocess has it."""

    code: int


Report = Ready | InitError | Result | Exited


class RuntimeApi(ThreadingHTTPServer):
    """Hands events to one process and puts what comes back, in order, into `reports`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.invocations: queue.SimpleQueue[Invocation | None] = queue.SimpleQueue()
        self.reports: queue.SimpleQueue[Report] = queue.SimpleQueue()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    def close(self) -> None:
        """Stop, and let go of a `next` whose process has died while waiting."""
        self.invocations.put(None)
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body in one packet: 40 ms less where acknowledgements are delayed

    @property
    def _api(self) -> RuntimeApi:
        return cast(RuntimeApi, self.server)

    def do_GET(self) -> None:
        self._api.reports.put(Ready())
        invocation = self._api.invocations.get()
        if invocation is None:
            self.close_connection = True
            return
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(int(invocation.deadline * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": invocation.function_arn,
        }
        self._answer(200, invocation.event, headers)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        *_, request_id, action = self.path.split("/")
        if self.path.endswith("/init/error"):
            self._api.reports.put(InitError(body))
        else:
            self._api.reports.put(Result(request_id, body, error=action == "error"))
        self._answer(202, b'{"status":"OK"}', {})

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        headers |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the emulator's log to what the emulator says."""
