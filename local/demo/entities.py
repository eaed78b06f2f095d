"""concepts.yml and the entities that a Wikibase would answer, expanded from entities.yml.

The shape is that of `wbgetentities` (https://www.wikidata.org/wiki/Special:MyLanguage/Wikidata:Data_access,
https://doc.wikimedia.org/Wikibase/master/php/docs_topics_json.html), property ids are those that
Vibe Checker looks for by default. One deprecated statement and one whose value is not known are
among them, since a reader has to leave such aside.
"""

import hashlib
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

_SOURCE = Path(__file__).with_name("entities.yml")
# entities.yml's word → property. The items of the second kind are ids of other entities.
_STRINGS = {"definition": "P7", "negative_labels": "P9"}
_ITEMS = {"subconcepts": "P1", "subconcept_of": "P2", "related": "P3", "negative_concepts": "P11"}
_DEPRECATED = {"deprecated_negative_labels": "P9"}
_ALIASES = {"aliases": "en", "aliases_en_gb": "en-gb", "aliases_fr": "fr"}

Record = dict[str, Any]


def read_entities() -> dict[str, Record]:
    """entities.yml as it stands: id → record."""
    entities: dict[str, Record] = yaml.safe_load(_SOURCE.read_text(encoding="utf-8"))
    return entities


def concepts_to_run() -> list[str]:
    """The ids on concepts.yml."""
    return [concept for concept, record in read_entities().items() if record.get("run")]


def labels_of(concept: str) -> list[str]:
    """A concept's English labels and, recursively, its subconcepts'."""
    record = read_entities()[concept]
    own = [record["label"], *record.get("aliases", [])]
    return own + [label for child in record.get("subconcepts", []) for label in labels_of(child)]


def write_concepts_yml(path: Path) -> None:
    """The list of concepts, each with its name as a comment."""
    entities = read_entities()
    lines = [f"- {concept}  # {entities[concept]['label']}\n" for concept in concepts_to_run()]
    heading = "# The concepts that a run without a list of its own checks.\n"
    path.write_text(heading + "".join(lines), encoding="utf-8")


def write_entities(directory: Path) -> None:
    """`Q69.json` and so on, one entity a file."""
    directory.mkdir(parents=True, exist_ok=True)
    for concept, record in read_entities().items():
        content = json.dumps(entity(concept, record), ensure_ascii=False, indent=1)
        (directory / f"{concept}.json").write_text(content + "\n", encoding="utf-8")


def entity(concept: str, record: Record) -> Record:
    """One entity in the API's shape, everything in it derived from the record."""
    number = int(concept[1:])
    return {
        "pageid": 1000 + number,
        "ns": 120,
        "title": f"Item:{concept}",
        "lastrevid": 50_000 + number,
        "modified": "2025-03-14T09:26:53Z",
        "type": "item",
        "id": concept,
        "labels": {"en": _text("en", record["label"])},
        "descriptions": {"en": _text("en", record["description"])},
        "aliases": {
            language: [_text(language, alias) for alias in record[key]]
            for key, language in _ALIASES.items()
            if key in record
        },
        "claims": _claims(concept, record),
        "sitelinks": {},
    }


def _text(language: str, value: str) -> dict[str, str]:
    return {"language": language, "value": value}


def _claims(concept: str, record: Record) -> dict[str, list[Record]]:
    claims: dict[str, list[Record]] = {}
    for snak, rank in _snaks(record):
        statements = claims.setdefault(snak["property"], [])
        statements.append(_statement(f"{concept}/{len(claims)}/{len(statements)}", snak, rank))
    return claims


def _snaks(record: Record) -> Iterator[tuple[Record, str]]:
    """Every snak of a record with the rank of its statement."""
    for key, property_id in _ITEMS.items():
        for target in record.get(key, []):
            yield _snak(property_id, "wikibase-item", _item_value(target)), "normal"
    for key, property_id in [*_STRINGS.items(), *_DEPRECATED.items()]:
        values = record.get(key, [])
        for value in [values] if isinstance(values, str) else values:
            rank = "deprecated" if key in _DEPRECATED else "normal"
            yield _snak(property_id, "string", {"value": value, "type": "string"}), rank
    if record.get("unknown_related"):
        yield _snak("P3", "wikibase-item", None), "normal"


def _item_value(concept: str) -> Record:
    value = {"entity-type": "item", "numeric-id": int(concept[1:]), "id": concept}
    return {"value": value, "type": "wikibase-entityid"}


def _snak(property_id: str, datatype: str, value: Record | None) -> Record:
    """A main snak; without a value it says that there is one which is not known."""
    snak: Record = {"snaktype": "value" if value else "somevalue", "property": property_id}
    content = json.dumps([property_id, value], sort_keys=True).encode()
    # A real one is a hash of PHP's own serialisation; nobody compares it.
    snak["hash"] = hashlib.sha1(content, usedforsecurity=False).hexdigest()
    if value:
        snak["datavalue"] = value
    return {**snak, "datatype": datatype}


def _statement(key: str, snak: Record, rank: str) -> Record:
    identifier = str(uuid.uuid5(uuid.NAMESPACE_URL, f"https://wikibase.example/{key}")).upper()
    return {
        "mainsnak": snak,
        "type": "statement",
        "id": f"{key.partition('/')[0]}${identifier}",
        "rank": rank,
    }
