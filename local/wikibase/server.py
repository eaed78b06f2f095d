"""The endpoint as a thread of this process, on a free port of 127.0.0.1."""

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from local.wikibase.answers import NeverAnswered, Parameters, Reply, Trouble, answer
from local.wikibase.items import load_items


class LocalWikibase:
    """The items in `directory`, at `{url}/w/api.php` from `start` (or `with`) to `stop`.

    They are read and checked here and now: InvalidInput names a file that is wrong.
    """

    def __init__(self, directory: Path, port: int = 0) -> None:
        self._items = load_items(directory)
        self._trouble: Trouble | None = None
        self._troubles_left: int | None = None
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self.questions: list[Parameters] = []
        self._server = _Server(port, self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="local-wikibase", daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __len__(self) -> int:
        return len(self._items)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def answer_with(self, trouble: Trouble | None, times: int | None = None) -> None:
        """Be in trouble, for so many questions or until told otherwise; None: be well again."""
        with self._lock:
            self._trouble, self._troubles_left = trouble, times

    def reply(self, parameters: Parameters) -> Reply:
        """The reply to one question; waits for the end of the server where none may come."""
        with self._lock:
            self.questions.append(parameters)
            trouble = self._next_trouble()
        try:
            return (trouble and trouble(parameters)) or answer(self._items, parameters)
        except NeverAnswered:
            self._stopping.wait()
            raise

    def _next_trouble(self) -> Trouble | None:
        if self._troubles_left == 0:
            return None
        if self._troubles_left is not None:
            self._troubles_left -= 1
        return self._trouble


class _Server(ThreadingHTTPServer):
    # A question that is never answered must not keep the process from ending.
    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, wikibase: LocalWikibase) -> None:
        self.wikibase = wikibase
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet about those who hung up, as a client does whose patience ends."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        self._answer(address.path, address.query)

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self._answer(urlsplit(self.path).path, self.rfile.read(length).decode())

    def _answer(self, path: str, query: str) -> None:
        if path != "/w/api.php":
            self.send_error(404)
            return
        try:
            reply = self.server.wikibase.reply(dict(parse_qsl(query, keep_blank_values=True)))
        except NeverAnswered:
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a demo's terminal shows the run."""
