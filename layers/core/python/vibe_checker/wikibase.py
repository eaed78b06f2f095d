"""From a Wikibase id to the concept that is classified.

    asked for ──▶ item ──▶ its subconcepts, and theirs, level by level: all their labels
                      └──▶ its negative concepts, one level: all their labels, as negative ones

A level takes one request for each 50 items, so a plain concept takes one request in all. The
shape of items: https://doc.wikimedia.org/Wikibase/master/php/docs_topics_json.html.
"""

import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import ValidationError

from vibe_checker.concept import Concept, SourcedLabel
from vibe_checker.errors import ConceptUnusable, WikibaseUnavailable
from vibe_checker.identifiers import ConceptId, concept_number, is_concept_id
from vibe_checker.mediawiki import Credentials, MediaWiki

__all__ = ["Credentials", "Properties", "WikibaseClient"]

# More needs the right apihighlimits; all 51 are refused then.
IDS_PER_REQUEST = 50
# Both keep a concept that was linked to half of the wiki by mistake from asking for all of it:
# 10,000 items are 200 requests, and no taxonomy made by hand is 50 levels deep.
MOST_ITEMS = 10_000
MOST_LEVELS = 50

# `mul` is the language of names that are the same in many languages (Wikibase 1.40 and later).
LABEL_LANGUAGES = ("en", "mul")
ALIAS_LANGUAGES = ("en", "en-gb", "en-us", "mul")


@dataclass(frozen=True)
class Properties:
    """Which property says what. Wikibases number theirs as they were made: these are settings."""

    has_subconcept: str = "P1"
    subconcept_of: str = "P2"
    related_concept: str = "P3"
    definition: str = "P7"
    negative_label: str = "P9"
    negative_concept: str = "P11"
    classifier_id: str = "P20"


@dataclass(frozen=True)
class _Item:
    """What one item says. `id` is the item that answered, whatever redirect led to it."""

    id: ConceptId
    label: str | None
    aliases: tuple[str, ...]
    description: str | None
    claims: Mapping[str, Any]
    revision: int | None
    title: str | None

    @property
    def labels(self) -> tuple[str, ...]:
        return (self.label, *self.aliases) if self.label else self.aliases

    def texts(self, property_id: str) -> list[str]:
        """The texts stated for a property, best rank first, else as they stand in the item."""
        found = (_text(value) for value in self._values(property_id))
        return [text for text in found if text]

    def ids(self, property_id: str) -> list[ConceptId]:
        """The items stated for a property."""
        found = (_mapping(value).get("id") for value in self._values(property_id))
        return [ConceptId(str(value)) for value in found if is_concept_id(value)]

    def _values(self, property_id: str) -> list[Any]:
        """The values stated for a property; a deleted property's statements are as any other.

        Deprecated statements are out; preferred ones come first and do not hide normal ones.
        "Some value" and "no value" have no datavalue to read.
        """
        stated = _members(self.claims.get(property_id))
        ranked = sorted(
            (claim for claim in stated if claim.get("rank") != "deprecated"),
            key=lambda claim: claim.get("rank") != "preferred",
        )
        snaks = (_mapping(claim.get("mainsnak")) for claim in ranked)
        return [
            _mapping(snak.get("datavalue")).get("value")
            for snak in snaks
            if snak.get("snaktype") == "value"
        ]


_Items = dict[ConceptId, _Item | None]
"""The item that answers to each id, None where Wikibase has none."""


class WikibaseClient:
    """Concepts of one Wikibase, read over `http`, which keeps its session and serves it alone."""

    def __init__(
        self,
        http: httpx.Client,
        url: str,
        properties: Properties = Properties(),  # noqa: B008 (frozen)
        credentials: Credentials | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._wiki = MediaWiki(http, url, credentials, sleep)
        self._properties = properties

    def fetch_concept(self, concept_id: str) -> Concept:
        """The concept with the labels that its subconcepts and negative concepts lend it.

        Its id is the one asked for also where that redirects; the target is recorded. A linked
        item that is missing is recorded and lends nothing; one without a label lends its
        aliases. Negative labels of subconcepts do not count: they narrow the subconcept.

        Raises ConceptUnusable if the item does not exist, has no label or is linked to too
        much; WikibaseUnavailable and WikibaseRefused as in `mediawiki`.
        """
        if not is_concept_id(concept_id):
            raise ConceptUnusable(f'{concept_id!r} is no Wikibase item id, such as "Q69".')
        asked = ConceptId(concept_id)
        self._wiki.renew_patience()
        item = self._fetch([asked])[asked]
        if item is None:
            raise ConceptUnusable(
                f"{asked} is not in the Wikibase at {self._wiki.url}: it was deleted or never"
                " existed, or it is a redirect to such an item or to another redirect."
            )
        if item.label is None:
            raise ConceptUnusable(
                f"{_path(asked, item)} has no label in {' or '.join(LABEL_LANGUAGES)}, so it"
                " cannot be classified. Give it an English label in Wikibase."
            )
        items, subconcepts = self._fetch_linked(asked, item)
        return self._concept(asked, item, items, subconcepts)

    def existing(self, concept_ids: Iterable[ConceptId]) -> set[ConceptId]:
        """Those of `concept_ids` that Wikibase has, under that id or by a redirect."""
        self._wiki.renew_patience()
        found = self._fetch(sorted(set(concept_ids), key=concept_number), props="info")
        return {concept_id for concept_id, item in found.items() if item is not None}

    def _fetch_linked(self, asked: ConceptId, item: _Item) -> tuple[_Items, set[ConceptId]]:
        """Every item linked to, and which links are to subconcepts at any depth."""
        items: _Items = {asked: item, item.id: item}
        subconcepts: set[ConceptId] = set()
        level = set(item.ids(self._properties.has_subconcept))
        beside = set(item.ids(self._properties.negative_concept))
        for _ in range(MOST_LEVELS):
            items |= self._fetch_new(asked, level | beside, items)
            subconcepts |= level
            beside = set()
            below = (items[concept_id] for concept_id in level)
            level = {
                link
                for parent in below
                if parent is not None
                for link in parent.ids(self._properties.has_subconcept)
            } - subconcepts
            if not level:
                return items, subconcepts
        raise ConceptUnusable(f"{asked} has subconcepts more than {MOST_LEVELS} levels deep.")

    def _fetch_new(self, asked: ConceptId, wanted: set[ConceptId], known: _Items) -> _Items:
        new = sorted(wanted - known.keys(), key=concept_number)
        if len(new) + len(known) > MOST_ITEMS:
            raise ConceptUnusable(
                f"{asked} is linked to more than {MOST_ITEMS:,} subconcepts and negative"
                " concepts. Is one of them linked to the root of the wiki by mistake?"
            )
        return self._fetch(new)

    def _fetch(
        self,
        concept_ids: Collection[ConceptId],
        props: str = "info|labels|aliases|descriptions|claims",
    ) -> _Items:
        ids = list(concept_ids)
        items: _Items = {}
        for start in range(0, len(ids), IDS_PER_REQUEST):
            items |= self._fetch_batch(ids[start : start + IDS_PER_REQUEST], props)
        return items

    def _fetch_batch(self, concept_ids: list[ConceptId], props: str) -> _Items:
        answer = self._wiki.ask(
            action="wbgetentities",
            ids="|".join(concept_ids),
            props=props,
            languages="|".join(ALIAS_LANGUAGES),
        )
        entities = _mapping(answer.get("entities"))
        if unanswered := [name for name in concept_ids if not _mapping(entities.get(name))]:
            raise WikibaseUnavailable(
                f"The Wikibase at {self._wiki.url} was asked for {', '.join(concept_ids)}, but"
                f" its answer says nothing about {', '.join(unanswered)}."
            )
        return {concept_id: _item(entities[concept_id]) for concept_id in concept_ids}

    def _concept(
        self, asked: ConceptId, item: _Item, items: _Items, subconcepts: set[ConceptId]
    ) -> Concept:
        says = self._properties
        negative_concepts = set(item.ids(says.negative_concept))
        try:
            return Concept(
                wikibase_id=asked,
                preferred_label=item.label or "",
                description=item.description,
                definition=next(iter(item.texts(says.definition)), None),
                alternative_labels=item.aliases,
                subconcept_labels=_lent(items, subconcepts - {asked, item.id}),
                negative_labels=tuple(item.texts(says.negative_label)),
                negative_concept_labels=_lent(items, negative_concepts),
                has_subconcept=tuple(item.ids(says.has_subconcept)),
                subconcept_of=tuple(item.ids(says.subconcept_of)),
                related_concepts=tuple(item.ids(says.related_concept)),
                negative_concepts=tuple(negative_concepts),
                missing_concepts=tuple(name for name, found in items.items() if found is None),
                classifier_ids=tuple(item.texts(says.classifier_id)),
                redirected_to=item.id if item.id != asked else None,
                revision=item.revision,
                url=self._page(item),
            )
        except ValidationError as error:
            raise ConceptUnusable(f"{_path(asked, item)} cannot be read: {error}") from error

    def _page(self, item: _Item) -> str:
        # The name space of items differs by wiki; this special page leads to it on all.
        title = item.title or f"Special:EntityPage/{item.id}"
        return f"{self._wiki.url}/wiki/{quote(title, safe=':/', errors='replace')}"


def _lent(items: _Items, links: Iterable[ConceptId]) -> tuple[SourcedLabel, ...]:
    """All labels of the items linked to, each with the item that has it."""
    found = (items[link] for link in links)
    return tuple(
        SourcedLabel(label=label, source=item.id)
        for item in found
        if item is not None
        for label in item.labels
    )


def _path(asked: ConceptId, item: _Item) -> str:
    return asked if item.id == asked else f"{asked} (redirected to {item.id})"


def _item(entity: Mapping[str, Any]) -> _Item | None:
    """One entity of an answer; None if Wikibase says that it is missing."""
    if "missing" in entity or not is_concept_id(entity.get("id")):
        return None
    labels = _mapping(entity.get("labels"))
    aliases = _mapping(entity.get("aliases"))
    revision, title = entity.get("lastrevid"), entity.get("title")
    return _Item(
        id=ConceptId(entity["id"]),
        label=next(filter(None, (_value(labels.get(code)) for code in LABEL_LANGUAGES)), None),
        aliases=tuple(
            alias
            for code in ALIAS_LANGUAGES
            for alias in map(_value, _members(aliases.get(code)))
            if alias
        ),
        description=_value(_mapping(entity.get("descriptions")).get("en")),
        claims=_mapping(entity.get("claims")),
        revision=revision if isinstance(revision, int) else None,
        title=title if isinstance(title, str) else None,
    )


def _value(term: object) -> str | None:
    """The text of a label, description or alias; None for what has no text."""
    value = _mapping(term).get("value")
    return value.strip() or None if isinstance(value, str) else None


def _text(value: object) -> str | None:
    """The text of a statement: a string or external id, or monolingual text of our languages."""
    if isinstance(value, str):
        return value
    text = _mapping(value)
    return str(text.get("text", "")) if text.get("language") in ALIAS_LANGUAGES else None


def _members(value: object) -> list[Mapping[str, Any]]:
    """The mappings in a list; in a map too, as PHP writes a list with gaps."""
    members = value.values() if isinstance(value, dict) else value
    if not isinstance(members, Collection):
        return []
    return [member for member in members if isinstance(member, dict)]


def _mapping(value: object) -> Mapping[str, Any]:
    """`value` if it is a mapping, else an empty one: PHP writes an empty map as []."""
    return value if isinstance(value, dict) else {}
