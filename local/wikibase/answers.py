"""What the API answers: to a question, and when it is in trouble.

Shapes are those of MediaWiki 1.43 with Wikibase, format=json and formatversion=2, the only ones
spoken here. As there, errors come with HTTP status 200 and a header that names them.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from local.wikibase.items import Items
from vibe_checker.identifiers import is_concept_id

MOST_IDS = 50
_INFO = ("pageid", "ns", "title", "lastrevid", "modified")
_TERMS = ("labels", "descriptions", "aliases")
_ALL_PROPS = "info|sitelinks|aliases|labels|descriptions|claims|datatype"

Parameters = Mapping[str, str]


@dataclass(frozen=True)
class Reply:
    body: bytes
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Trouble = Callable[[Parameters], Reply | None]
"""What is answered instead to a question: a reply, or None for the usual answer.

Raises NeverAnswered to leave the question open.
"""


class NeverAnswered(Exception):
    """The connection stays open and silent."""


def answer(items: Items, parameters: Parameters) -> Reply:
    """The reply to one question."""
    for name, spoken in (("format", "json"), ("formatversion", "2"), ("action", "wbgetentities")):
        value = parameters.get(name, "")
        if value != spoken:
            text = f'Unrecognized value for parameter "{name}": {value}.'
            return _error("badvalue", f"{text} This endpoint knows only {spoken}.")
    if "assert" in parameters:
        text = "You are no longer logged in, so the action could not be completed."
        return _error("assertuserfailed", text)
    if "ids" not in parameters:
        text = 'Either provide the Item "ids" or pairs of "sites" and "titles"'
        return _error("param-missing", f"{text} for corresponding page")
    return _entities(items, parameters)


def _entities(items: Items, parameters: Parameters) -> Reply:
    asked = list(dict.fromkeys(filter(None, parameters["ids"].split("|"))))
    if len(asked) > MOST_IDS:
        text = f'Too many values supplied for parameter "ids". The limit is {MOST_IDS}.'
        return _error("toomanyvalues", text, parameter="ids", limit=MOST_IDS)
    names = {name: name.upper() for name in asked}
    for as_asked, name in names.items():
        if not is_concept_id(name):
            text = f'Could not find an entity with the ID "{as_asked}".'
            return _error("no-such-entity", text, id=as_asked)
    entities = {name: _entity(items, name, parameters) for name in names.values()}
    return _json({"entities": entities, "success": 1} if entities else {"success": 1})


def _entity(items: Items, name: str, parameters: Parameters) -> dict[str, Any]:
    """One item as asked for. One redirect is followed; a second one ends in "missing"."""
    item = items.get(name)
    target = item["redirect"] if item and "redirect" in item else None
    if target is not None:
        item = items.get(target)
    if item is None or "redirect" in item:
        return {"id": name, "missing": ""}
    props = parameters.get("props", _ALL_PROPS).split("|")
    told = {key: item[key] for key in _INFO if "info" in props}
    if target is not None:
        told["redirects"] = {"from": name, "to": target}
    told |= {"type": "item", "id": item["id"]}
    told |= {key: _spoken(item[key], parameters) for key in _TERMS if key in props}
    return told | {key: item[key] for key in ("claims", "sitelinks") if key in props}


def _spoken(terms: Mapping[str, Any], parameters: Parameters) -> dict[str, Any]:
    if "languages" not in parameters:
        return dict(terms)
    wanted = parameters["languages"].split("|")
    return {language: term for language, term in terms.items() if language in wanted}


def lagging(seconds: float = 7.3, retry_after: int = 5) -> Trouble:
    """A database that lags, for those who ask with a maxlag below that."""

    def reply(parameters: Parameters) -> Reply | None:
        if seconds <= float(parameters.get("maxlag", "inf")):
            return None
        text = f"Waiting for a database server: {seconds} seconds lagged."
        headers = {"Retry-After": str(retry_after), "X-Database-Lag": str(int(seconds))}
        return _error("maxlag", text, headers, host="db1", lag=seconds, type="db")

    return reply


def busy(retry_after: int | None = 60) -> Trouble:
    """429, as a proxy in front of the wiki says it."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return lambda _: Reply(b"Too many requests", 429, headers)


def failing(status: int = 502) -> Trouble:
    """A proxy that does not reach the wiki behind it."""
    return lambda _: Reply(f"<html><h1>{status}</h1></html>".encode(), status, _HTML)


def html() -> Trouble:
    """A page for people, with status 200."""
    page = b"<!DOCTYPE html>\n<html><head><title>Maintenance</title></head></html>"
    return lambda _: Reply(page, 200, _HTML)


def dead() -> Trouble:
    """No answer at all, until the server stops."""

    def reply(_: Parameters) -> Reply | None:
        raise NeverAnswered

    return reply


_HTML = {"Content-Type": "text/html; charset=UTF-8"}


def _error(code: str, info: str, headers: Mapping[str, str] | None = None, **more: object) -> Reply:
    error = {"code": code, "info": info, **more, "docref": "See /w/api.php for API usage."}
    return _json({"error": error}, {"MediaWiki-API-Error": code, **(headers or {})})


def _json(value: object, headers: Mapping[str, str] | None = None) -> Reply:
    # Lone halves of surrogate pairs in a user's file have no UTF-8 form: escapes carry them.
    body = json.dumps(value, separators=(",", ":")).encode()
    content_type = {"Content-Type": "application/json; charset=utf-8"}
    return Reply(body, 200, {**content_type, **(headers or {})})
