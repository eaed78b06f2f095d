import re
from urllib.parse import urlencode

import pytest

from functions.web.auth.gates import Gate, OpenGate, PasswordGate
from functions.web.auth.sessions import Seal
from tests.functions.web.conftest import Answer, Ask, asking
from vibe_checker.bucket import Bucket

FORM = "application/x-www-form-urlencoded"


@pytest.fixture
def guarded(bucket: Bucket) -> Ask:
    return asking(bucket, PasswordGate(lambda: "correct horse"))


def log_in(ask: Ask, password: str, next: str = "", **headers: str) -> Answer:
    form = re.search(r'name="form" value="([^"]+)"', ask("/login").text)
    assert form
    body = urlencode({"form": form[1], "password": password, "next": next})
    return ask("/login", "POST", body, **{"content-type": FORM, "host": "page.example", **headers})


@pytest.mark.parametrize("path", ["/", "/concepts/Q69", "/runs", "/nowhere"])
def test_who_is_not_logged_in_sees_the_login_alone(guarded: Ask, path: str) -> None:
    answer = guarded(path)
    assert answer.status == 303
    assert "login?next=" in answer.headers["Location"]


def test_programs_are_told_with_a_status(guarded: Ask) -> None:
    assert guarded("/api/concepts").status == 401
    assert guarded("/api/health").status == 200


def test_the_password_opens_every_page_for_a_while(guarded: Ask) -> None:
    answer = log_in(guarded, "correct horse", next="concepts/Q69?show=positive")
    assert answer.status == 303
    assert answer.headers["Location"] == "./concepts/Q69?show=positive"
    [cookie] = answer.cookies
    assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))
    assert guarded("/concepts/Q69", cookies=(cookie.split(";")[0],)).status == 200


def test_another_password_and_an_altered_session_open_nothing(guarded: Ask) -> None:
    assert log_in(guarded, "wrong").status == 401
    session = log_in(guarded, "correct horse").cookies[0].split(";")[0]
    assert guarded("/", cookies=(session.replace("reader", "writer"),)).status == 303


def test_a_form_from_elsewhere_is_refused(guarded: Ask) -> None:
    assert log_in(guarded, "correct horse", origin="https://evil.example").status == 400
    assert log_in(guarded, "correct horse", origin="https://page.example").status == 303


@pytest.mark.parametrize(
    "next", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_the_login_leads_nowhere_else(guarded: Ask, next: str) -> None:
    assert log_in(guarded, "correct horse", next=next).headers["Location"] == "./"


def test_tries_are_limited(guarded: Ask) -> None:
    statuses = [log_in(guarded, "guess").status for _ in range(12)]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    assert log_in(guarded, "correct horse").status == 429


def test_a_seal_holds_for_its_purpose_and_time_alone() -> None:
    now = [1000.0]
    seal = Seal("secret", lambda: now[0])
    sealed = seal.sign("session", "reader", 60)
    assert seal.open("session", sealed) == "reader"
    assert seal.open("form", sealed) is None
    assert Seal("other").open("session", sealed) is None
    assert seal.open("session", "") is None
    now[0] = 1061.0
    assert seal.open("session", sealed) is None


def test_who_logs_out_is_out_and_told_so(guarded: Ask) -> None:
    answer = guarded("/logout")
    assert answer.status == 200
    assert "You are logged out" in answer.text
    assert answer.cookies[0].startswith("__Host-session=; Max-Age=0;")


def test_each_copy_of_the_function_counts_its_own_tries(bucket: Bucket) -> None:
    """API Gateway counts those of all together: tests/infra/test_website.py."""
    copies = [asking(bucket, PasswordGate(lambda: "correct horse")) for _ in range(2)]
    for _ in range(10):
        assert log_in(copies[0], "guess").status == 401
    assert log_in(copies[0], "correct horse").status == 429
    assert log_in(copies[1], "correct horse").status == 303


@pytest.mark.parametrize(
    ("gate", "host", "loud"),
    [
        (OpenGate(), "abc.execute-api.us-east-1.amazonaws.com", True),
        (OpenGate(), "localhost.evil.example", True),
        (OpenGate(), "", True),
        (OpenGate(), "127.0.0.1:4566", False),
        (OpenGate(), "localhost:4566", False),
        (PasswordGate(lambda: "correct horse"), "abc.example", False),
    ],
)
def test_an_open_page_says_so_wherever_others_can_reach_it(
    bucket: Bucket, gate: Gate, host: str, loud: bool
) -> None:
    page = asking(bucket, gate)("/login" if isinstance(gate, PasswordGate) else "/", host=host)
    assert ("This page is open." in page.text) is loud


def test_the_way_out_is_shown_to_who_is_in(guarded: Ask) -> None:
    session = log_in(guarded, "correct horse").cookies[0].split(";")[0]
    assert 'href="./logout"' in guarded("/", cookies=(session,)).text
    assert "logout" not in guarded("/login").text
