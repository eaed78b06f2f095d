"""The address at which MiniStack invokes containers, in the shape of AWS's emulator (RIE).

An invocation may wait its turn for longer than MiniStack's read time-out, which is the function's
own. HTTP has an answer that promises an answer: `100 Continue`, which MiniStack's client skips,
and which starts its time-out anew.
"""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

from .invocation import Answer, failure

Heartbeat = Callable[[], None]
Invoke = Callable[[str, str, bytes, Heartbeat], Answer]


class InvokeServer(ThreadingHTTPServer):
    """Passes each POST on to `invoke(container id, request id, event, heartbeat)`."""

    daemon_threads = True
    request_queue_size = 128  # a burst of invocations connects all at once

    def __init__(self, invoke: Invoke) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.invoke = invoke
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Handler(BaseHTTPRequestHandler):
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_POST(self) -> None:
        event = self.rfile.read(int(self.headers["Content-Length"]))
        container_id = self.path.split("/")[2]
        request_id = self.headers["X-Amzn-RequestId"]
        invoke = cast(InvokeServer, self.server).invoke
        try:
            answer = invoke(container_id, request_id, event, self._still_there)
        except Exception as error:  # MiniStack takes a lost connection for a reason to try again
            answer = failure(error)
        self._answer(answer)

    def _still_there(self) -> None:
        self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.wfile.flush()

    def _answer(self, answer: Answer) -> None:
        self.send_response(200)
        if answer.error:
            self.send_header("X-Amz-Function-Error", "Unhandled")
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the emulator's log to what the emulator says."""
