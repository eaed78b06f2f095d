"""Asking a MediaWiki's api.php: log in, ask, wait when told to, name what went wrong.

MediaWiki answers HTTP 200 to nearly everything, so the body decides:

    no answer, time-out, 408, 429, 5xx          ┐
    200 with what is no JSON object             │ WikibaseUnavailable
    error maxlag, ratelimited, readonly,        │
    internal_api_error_*                        ┘
    3xx, other 4xx (a wrong address)            ┐
    error readapidenied and the like            │ WikibaseRefused
    a login that fails, any other error         ┘
    error no-such-entity: not even an id        ─ ConceptUnusable

See https://www.mediawiki.org/wiki/API:Errors_and_warnings, API:Login and Manual:Maxlag_parameter.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from vibe_checker.errors import ConceptUnusable, WikibaseRefused, WikibaseUnavailable

USER_AGENT = "VibeChecker/0.1 (concept classifier preview; python-httpx)"

# Above this lag, in seconds, the wiki turns us away: what MediaWiki asks of patient clients.
MAXLAG = "5"
# Waiting inside a function is paid for, and Retry-After: 5 is what a lagging wiki says: six
# times that, then the state machine's retry takes over.
PATIENCE_SECONDS = 30.0
TIMEOUT = httpx.Timeout(30.0, connect=10.0)
# Time-outs are per read, so a server that drips bytes could hold us for ever.
SLOWEST_ANSWER_SECONDS = 120.0
# Fifty items of 23 kB, the largest one recorded, make 1 MB; no page may pass 2 MB by default. JSON
# of nothing but brackets takes twenty times its size once it is read, and a function has 512 MB.
LARGEST_ANSWER_BYTES = 16 * 1024 * 1024

_TRANSIENT = frozenset({"maxlag", "ratelimited", "readonly"})
_TRANSIENT_PREFIX = "internal_api_error"
_SESSION_ENDED = frozenset({"readapidenied", "assertuserfailed"})


@dataclass(frozen=True)
class Credentials:
    """A bot password as Special:BotPasswords gives it: a name such as "Reader@lambda"."""

    username: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True)
class _Reply:
    status: int
    headers: httpx.Headers
    body: bytes


class MediaWiki:
    """One wiki, asked over `http`; logged in at the first question if there are credentials.

    `http` keeps the session's cookies, so it belongs to this wiki alone. `sleep` waits for
    as many seconds as it is given.
    """

    def __init__(
        self,
        http: httpx.Client,
        url: str,
        credentials: Credentials | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = _checked_url(url)
        self._http = http
        self._credentials = credentials
        self._sleep = sleep
        self._logged_in = False
        self._patience = PATIENCE_SECONDS

    def renew_patience(self) -> None:
        """Allow the full PATIENCE_SECONDS of waiting again, for a new piece of work."""
        self._patience = PATIENCE_SECONDS

    def ask(self, **parameters: str) -> dict[str, Any]:
        """The API's answer to a question that changes nothing.

        Raises as the module's table says.
        """
        answer = self._ask_in_session({**parameters, "maxlag": MAXLAG})
        error = _error(answer)
        if error.get("code") == "no-such-entity":
            raise ConceptUnusable(f"The Wikibase at {self.url} takes no such id: {_told(error)}")
        if error:
            raise WikibaseRefused(f"The Wikibase at {self.url} refuses: {_told(error)}")
        return answer

    def _ask_in_session(self, parameters: Mapping[str, str]) -> dict[str, Any]:
        """Ask as the user if there is one, who logs in once more if the session has ended.

        Without `assert` a public wiki would answer as to a stranger, and nobody would know.
        """
        if self._credentials is None:
            return self._request("GET", parameters)
        started_now = not self._logged_in
        if started_now:
            self._log_in(self._credentials)
        as_user = {**parameters, "assert": "user"}
        answer = self._request("GET", as_user)
        if started_now or _error(answer).get("code") not in _SESSION_ENDED:
            return answer
        self._log_in(self._credentials)
        return self._request("GET", as_user)

    def _log_in(self, credentials: Credentials) -> None:
        self._logged_in = False
        login = {
            "action": "login",
            "lgname": credentials.username,
            "lgpassword": credentials.password,
            "lgtoken": self._login_token(),
        }
        answer = self._request("POST", login)
        result = _mapping(answer.get("login"))
        if result.get("result") != "Success":
            reason = result.get("reason") or result.get("result") or _told(_error(answer))
            raise WikibaseRefused(f"The Wikibase at {self.url} refuses the login: {_short(reason)}")
        self._logged_in = True

    def _login_token(self) -> str:
        answer = self._request("GET", {"action": "query", "meta": "tokens", "type": "login"})
        tokens = _mapping(_mapping(answer.get("query")).get("tokens"))
        if not isinstance(tokens.get("logintoken"), str):
            raise WikibaseRefused(
                f"The Wikibase at {self.url} gives no login token: {_told(_error(answer))}"
            )
        return str(tokens["logintoken"])

    def _request(self, method: str, parameters: Mapping[str, str]) -> dict[str, Any]:
        """The JSON object the API answers, asked for again as often as waiting is allowed."""
        while True:
            reply = self._send(method, {**parameters, "format": "json", "formatversion": "2"})
            answer = self._parse(reply)
            trouble = _trouble(reply, answer)
            if trouble is None and answer is not None:
                return answer
            self._wait(reply, f"The Wikibase at {self.url} {trouble}")

    def _send(self, method: str, parameters: Mapping[str, str]) -> _Reply:
        # A password never goes into the address, which servers log.
        sent = {"params": parameters} if method == "GET" else {"data": parameters}
        try:
            with self._http.stream(
                method,
                f"{self.url}/w/api.php",
                headers={"User-Agent": USER_AGENT},
                timeout=TIMEOUT,
                follow_redirects=False,
                **sent,  # type: ignore[arg-type]
            ) as response:
                return _Reply(response.status_code, response.headers, self._read(response))
        except httpx.RequestError as error:
            raise WikibaseUnavailable(
                f"The Wikibase at {self.url} does not answer: {type(error).__name__}: {error}"
            ) from error

    def _read(self, response: httpx.Response) -> bytes:
        """The body, unpacked, as long as it keeps within bounds of size and time."""
        packed = response.headers.get("content-encoding", "")
        if "," in packed:
            # Each layer makes up to a thousand bytes out of one; a single one is bounded below.
            raise WikibaseRefused(
                f"The Wikibase at {self.url} packs its answer more than once ({_short(packed)})."
            )
        body = bytearray()
        deadline = time.monotonic() + SLOWEST_ANSWER_SECONDS
        for part in response.iter_bytes():
            body += part
            if len(body) > LARGEST_ANSWER_BYTES:
                raise WikibaseRefused(
                    f"The Wikibase at {self.url} answers with more than {LARGEST_ANSWER_BYTES:,}"
                    " bytes to one question. Is this the address of a Wikibase?"
                )
            if time.monotonic() > deadline:
                raise WikibaseUnavailable(
                    f"The Wikibase at {self.url} took more than {SLOWEST_ANSWER_SECONDS:.0f} s"
                    " to send one answer."
                )
        return bytes(body)

    def _parse(self, reply: _Reply) -> dict[str, Any] | None:
        """The JSON object in a reply, None where there is none; raises for a wrong address."""
        if 300 <= reply.status < 500 and reply.status not in (408, 429):
            raise WikibaseRefused(f"{self.url}/w/api.php answers with {_dead_end(reply)}")
        try:
            answer = json.loads(reply.body)
        except (ValueError, RecursionError):
            return None
        return answer if isinstance(answer, dict) else None

    def _wait(self, reply: _Reply, trouble: str) -> None:
        """Sleep as long as the server asks for, or raise if that is not said or too long."""
        seconds = _retry_after(reply.headers.get("retry-after"), datetime.now(UTC))
        if seconds is None:
            raise WikibaseUnavailable(trouble)
        if seconds > self._patience:
            raise WikibaseUnavailable(f"{trouble} It asks to try again after {seconds:.0f} s.")
        self._patience -= seconds
        self._sleep(seconds)


def _checked_url(url: str) -> str:
    """`url` without a slash at its end; WikibaseRefused if no wiki can be there."""
    try:
        parsed = httpx.URL(url.strip())
    except httpx.InvalidURL as error:
        raise WikibaseRefused(f"The Wikibase's address is no URL: {error}") from error
    if parsed.userinfo:
        # Not shown: it may be a password.
        raise WikibaseRefused("The Wikibase's address must not hold a user name or password.")
    if parsed.scheme not in ("http", "https") or not parsed.host or parsed.query:
        raise WikibaseRefused(
            f"The Wikibase's address is {_short(url)!r}, but it must be like https://wiki.example."
        )
    return str(parsed).rstrip("/")


def _trouble(reply: _Reply, answer: dict[str, Any] | None) -> str | None:
    """What is wrong for now, to follow "The Wikibase at ..."; None if nothing is."""
    if reply.status >= 500 or reply.status in (408, 429):
        return f"answers with HTTP status {reply.status}."
    if answer is None:
        content_type = reply.headers.get("content-type", "no content type")
        start = _short(reply.body[:400].decode(errors="replace"), 60)
        return (
            f"answers with what is no JSON object ({content_type}: {start!r})."
            " Either it is in trouble, or this is not a Wikibase's address."
        )
    error = _error(answer)
    code = str(error.get("code"))
    if code in _TRANSIENT or code.startswith(_TRANSIENT_PREFIX):
        return f"cannot answer now: {_told(error)}"
    return None


def _dead_end(reply: _Reply) -> str:
    """A permanent HTTP status, and what to do about it."""
    status = f"HTTP status {reply.status}"
    if reply.status in (401, 403):
        return f"{status}: it does not let us read."
    target = reply.headers.get("location")
    pointing = f", pointing to {_short(target)}" if target else ""
    return f"{status}{pointing}. The address of a Wikibase is what stands before /w/api.php."


def _retry_after(value: str | None, now: datetime) -> float | None:
    """The seconds in a Retry-After header, at least 1; None if it has none.

    It holds a number of seconds or a date (RFC 9110, 10.2.3).
    """
    if value is None:
        return None
    if value.strip().isdecimal():
        return max(1.0, float(value))
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(1.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())


def _error(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """The error in an answer, of either error format; empty if there is none."""
    errors = answer.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    return _mapping(answer.get("error") or first)


def _told(error: Mapping[str, Any]) -> str:
    text = error.get("info") or error.get("text") or "no reason given"
    return f"{error.get('code', 'no error code')}: {_short(text)}"


def _mapping(value: object) -> Mapping[str, Any]:
    """`value` if it is a mapping, else an empty one: PHP writes an empty map as []."""
    return value if isinstance(value, dict) else {}


def _short(text: object, length: int = 300) -> str:
    """`text` on one line, and no longer than a message should be."""
    line = " ".join(str(text).split())
    return line if len(line) <= length else f"{line[:length]}…"
