"""The login, as somebody without a session meets it."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from functions.web.auth.gates import PasswordGate
from local.project import LocalProject
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.test_page import serious
from tests.functions.web.conftest import Ask, asking


@pytest.fixture
def guarded(project: LocalProject, demo_run: str) -> Iterator[str]:
    """The address of the page behind a password."""
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), _bridge(asking(project.bucket, PasswordGate(lambda: "correct horse")))
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def _bridge(ask: Ask) -> type[BaseHTTPRequestHandler]:
    """HTTP in place of API Gateway."""

    class Bridge(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
            sent = {name.lower(): value for name, value in self.headers.items()}
            cookies = tuple(sent.pop("cookie", "").split("; "))
            answer = ask(self.path, self.command, body, cookies, **{**sent, "accept-encoding": ""})
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            for cookie in answer.cookies:
                self.send_header("Set-Cookie", cookie)
            self.end_headers()
            self.wfile.write(answer.text.encode())

        do_POST = do_GET

        def log_message(self, format: str, *args: Any) -> None:
            """Nobody reads it."""

    return Bridge


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_the_password_opens_the_page_that_was_asked_for(
    browser: Browser, guarded: str, size: tuple[int, int]
) -> None:
    with browser.new_context(viewport={"width": size[0], "height": size[1]}) as context:
        page = context.new_page()
        page.goto(f"{guarded}concepts/Q69")
        expect(page.get_by_label("Password")).to_be_focused()
        assert serious(page) == []
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_be_visible()
        assert serious(page) == []
        page.get_by_label("Password").fill("correct horse")
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("carbon tax")
        assert page.url == f"{guarded}concepts/Q69"
