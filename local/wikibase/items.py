"""A directory of items: `Q69.json` holds Q69 in the shape that a Wikibase exports.

an item      {"type": "item", "id": "Q69", "labels": {…}, "aliases": {…}, "claims": {…}, …}
a download   {"entities": {"Q69": {…the same…}}}, as Special:EntityData/Q69.json gives it
a redirect   {"entity": "Q7", "redirect": "Q8"}, as the page of a merged item holds it
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError

from vibe_checker.errors import InvalidInput
from vibe_checker.identifiers import ConceptId, concept_number, is_concept_id

Items = Mapping[str, Mapping[str, Any]]
"""Items and redirects by the id of their file."""

# The name space of items where Wikibase is installed beside ordinary pages.
ITEM_NAMESPACE = 120


def load_items(directory: Path) -> Items:
    """Every item in `directory`; InvalidInput names the file that is wrong, and how."""
    paths = sorted(directory.glob("*.json"))
    if not paths:
        raise InvalidInput(f"{directory} holds no items, which are files such as Q69.json.")
    return {path.stem: _load(path) for path in paths}


def _load(path: Path) -> dict[str, Any]:
    if not is_concept_id(path.stem):
        raise InvalidInput(f"{path}: an item's file is named by its id, such as Q69.json.")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{path} is not JSON: {error}") from error
    content = _unwrapped(content, path.stem)
    try:
        checked = (_Redirect if _is_redirect(content) else _Item).model_validate(content)
    except ValidationError as error:
        raise InvalidInput(f"{path} is no Wikibase item: {error}") from error
    if checked.id != path.stem:
        raise InvalidInput(
            f"{path} holds {checked.id}. A redirect to it would be"
            f' {{"entity": "{path.stem}", "redirect": "{checked.id}"}}.'
        )
    return content if _is_redirect(content) else _complete(content, path)


def _unwrapped(content: Any, name: str) -> Any:
    """The item in a download, which may be there under the id that it redirects to."""
    if not isinstance(content, dict) or not isinstance(content.get("entities"), dict):
        return content
    entities = content["entities"]
    return entities.get(name) or next(iter(entities.values()), content)


def _is_redirect(content: Any) -> bool:
    return isinstance(content, dict) and "redirect" in content


def _complete(content: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """An item with all that the API says of one, in the API's order."""
    name = ConceptId(path.stem)
    modified = datetime.fromtimestamp(int(path.stat().st_mtime), UTC)
    maps = ("labels", "descriptions", "aliases", "claims", "sitelinks")
    return {
        "pageid": content.get("pageid", concept_number(name)),
        "ns": content.get("ns", ITEM_NAMESPACE),
        "title": content.get("title", f"Item:{name}"),
        "lastrevid": content.get("lastrevid", 1),
        "modified": content.get("modified", modified.strftime("%Y-%m-%dT%H:%M:%SZ")),
        "type": "item",
        "id": name,
        **{key: content.get(key) or {} for key in maps},
    }


def _map(value: object) -> object:
    """An empty map, which PHP writes as []."""
    return {} if value == [] else value


def _known_id(value: str) -> str:
    if not is_concept_id(value):
        raise ValueError(f"{value!r} is no item id")
    return value


_Id = Annotated[str, AfterValidator(_known_id)]


class _Lenient(BaseModel):
    """What is checked is what the client reads; the rest is served as it is."""

    model_config = ConfigDict(extra="ignore", strict=True)


class _Term(_Lenient):
    language: str
    value: str


class _DataValue(_Lenient):
    value: Any


class _Snak(_Lenient):
    snaktype: Literal["value", "somevalue", "novalue"]
    property: str
    datavalue: _DataValue | None = None


class _Statement(_Lenient):
    mainsnak: _Snak
    rank: Literal["preferred", "normal", "deprecated"]


_Terms = Annotated[dict[str, _Term], BeforeValidator(_map)]


class _Item(_Lenient):
    id: _Id
    type: Literal["item"]
    labels: _Terms = {}
    descriptions: _Terms = {}
    aliases: Annotated[dict[str, list[_Term]], BeforeValidator(_map)] = {}
    claims: Annotated[dict[str, list[_Statement]], BeforeValidator(_map)] = {}
    title: str | None = None
    lastrevid: int | None = None


class _Redirect(_Lenient):
    entity: _Id
    redirect: _Id

    @property
    def id(self) -> str:
        return self.entity
