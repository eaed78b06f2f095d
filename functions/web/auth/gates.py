"""Who may see the pages.

    OpenGate      everybody who can reach the address
    PasswordGate  who knows the password that deployment made
    OidcGate      whom an OpenID Connect provider vouches for (oidc.py)

A gate answers a request itself, or returns None to let it pass.
"""

import hmac
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from aws_lambda_powertools.event_handler import Response

from functions.web import rendering, responses
from functions.web.auth.sessions import SESSION_SECONDS, Seal, cookie
from functions.web.request import Request

SESSION = "__Host-session"
# The style sheet of the login page, and what a load balancer or a monitor asks for.
PUBLIC = ("/static/", "/api/health")
_FORM_SECONDS = 3600
# In each copy of the function; API Gateway limits the tries of all copies together.
_TRIES, _TRY_SECONDS = 10, 60


class Gate(Protocol):
    """Decides whether a request may pass."""

    def answer(self, request: Request) -> Response[Any] | None:
        """What to say instead of what was asked for; None where that may be said."""


class OpenGate:
    """Lets everybody in."""

    def answer(self, request: Request) -> None:
        """Nothing stands in the way."""


class PasswordGate:
    """Lets in who knows the password, which is read when it is first needed."""

    def __init__(self, read_password: Callable[[], str]) -> None:
        self._read_password = read_password
        self._tries: deque[float] = deque(maxlen=_TRIES)

    def answer(self, request: Request) -> Response[Any] | None:
        """The login form, the answer to it, or None for who has logged in."""
        if request.path.startswith(PUBLIC):
            return None
        seal = Seal(self._read_password())
        if request.path == "/logout":
            return logged_out(request)
        if request.path == "/login":
            return self._login(request, seal)
        if seal.open("session", request.cookies.get(SESSION, "")) is not None:
            return None
        return refused(request)

    def _login(self, request: Request, seal: Seal) -> Response[Any]:
        if request.method != "POST":
            return _form(request, seal)
        form = request.form()
        if not _from_here(request) or seal.open("form", form.get("form", "")) is None:
            return _form(request, seal, 400, "That form was too old; please try again.")
        if not self._may_try():
            return _form(request, seal, 429, "Too many tries; please wait a minute.")
        given, right = form.get("password", ""), self._read_password()
        if not hmac.compare_digest(given.encode(), right.encode()):
            return _form(request, seal, 401, "That is not the password.")
        session = cookie(SESSION, seal.sign("session", "reader", SESSION_SECONDS), SESSION_SECONDS)
        return responses.redirect(way_back(request, form.get("next", "")), {"Set-Cookie": session})

    def _may_try(self) -> bool:
        now = time.monotonic()
        if len(self._tries) == _TRIES and now - self._tries[0] < _TRY_SECONDS:
            return False
        self._tries.append(now)
        return True


def refused(request: Request) -> Response[Any]:
    """For programs 401; for people the way to the login, and from there back."""
    if request.is_api:
        return responses.data({"error": {"message": "Please log in."}}, 401)
    here = request.path.lstrip("/") + request.link({"page": request.all("page") or None})
    return responses.redirect(f"{request.root}login?next={quote(here.removesuffix('?'))}")


def way_back(request: Request, wanted: str) -> str:
    """Where to go after the login: a place on this site, whatever the form was made to say."""
    parts = urlsplit(wanted)
    elsewhere = parts.scheme or parts.netloc or wanted.startswith("/") or "\\" in wanted
    if elsewhere or any(ord(character) < 33 for character in wanted):
        return request.root
    return request.root + wanted


def logged_out(request: Request) -> Response[Any]:
    """Without the session, and with a way back in: who went straight there might be in again."""
    html = rendering.render("logged_out.html", request=request, root=request.root)
    answer = responses.page(html)
    answer.headers["Set-Cookie"] = cookie(SESSION, "", 0)
    return answer


def _from_here(request: Request) -> bool:
    """Whether the form was sent from our own page, as far as the browser tells."""
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def _form(request: Request, seal: Seal, status: int = 200, problem: str = "") -> Response[str]:
    html = rendering.render(
        "login.html",
        request=request,
        root=request.root,
        form=seal.sign("form", "login", _FORM_SECONDS),
        next=request.first("next") or request.form().get("next", ""),
        problem=problem,
    )
    return responses.page(html, status)
