"""What a browser asked for, as API Gateway's HTTP API hands it over (payload format 2.0)."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

Changes = Mapping[str, object]


@dataclass(frozen=True)
class Request:
    """One request; header names are in lower case, `query` holds every value of a name.

    `guarded` says whether a gate asks who is there.
    """

    method: str
    path: str
    query: dict[str, list[str]]
    cookies: dict[str, str]
    headers: dict[str, str]
    body: str = ""
    guarded: bool = True

    @classmethod
    def of(cls, event: Mapping[str, Any], *, guarded: bool = True) -> "Request":
        """Read an event. (Its own parsed query runs the values of one name together.)"""
        body = event.get("body") or ""
        if event.get("isBase64Encoded"):
            body = base64.b64decode(body).decode("utf-8", "replace")
        return cls(
            method=event["requestContext"]["http"]["method"],
            path=event["rawPath"],
            query=parse_qs(event.get("rawQueryString") or "", keep_blank_values=True),
            cookies=dict(_pair(cookie) for cookie in event.get("cookies") or []),
            headers={k.lower(): v for k, v in (event.get("headers") or {}).items()},
            body=body,
            guarded=guarded,
        )

    @property
    def is_api(self) -> bool:
        """Whether programs ask, who want JSON for an error too."""
        return self.path == "/api" or self.path.startswith("/api/")

    @property
    def is_exposed(self) -> bool:
        """Whether anybody may read here, and more than this machine alone can reach it."""
        host = urlsplit("//" + self.headers.get("host", "")).hostname or ""
        return not self.guarded and host not in ("127.0.0.1", "::1", "localhost")

    @property
    def root(self) -> str:
        """The way from here to the first page. All links are relative: a prefix may precede us."""
        return "../" * (self.path.count("/") - 1) or "./"

    def first(self, name: str) -> str:
        """The first value of a parameter, "" where it is missing or empty."""
        return self.query.get(name, [""])[0]

    def all(self, name: str) -> list[str]:
        """Every value of a parameter that is not empty."""
        return [value for value in self.query.get(name, []) if value]

    def form(self) -> dict[str, str]:
        """The fields of a posted form."""
        return {name: values[0] for name, values in parse_qs(self.body).items()}

    def link(self, changes: Changes | None = None, **more: object) -> str:
        """This page's own address with some parameters changed; None takes one away.

        Whatever else changes, the first page is the one to begin with.
        """
        changed = {"page": None, **(changes or {}), **more}
        kept = {n: [v for v in vs if v] for n, vs in self.query.items() if n not in changed}
        kept |= {name: _values(value) for name, value in changed.items() if value is not None}
        return "?" + urlencode({name: values for name, values in kept.items() if values}, True)


def _values(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list | tuple) else [str(value)]


def _pair(cookie: str) -> tuple[str, str]:
    name, _, value = cookie.partition("=")
    return name.strip(), value.strip()
