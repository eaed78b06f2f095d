"""A concept as it is classified: its words, what must not be taken for it, and its relations.

    own words             preferred_label, alternative_labels        ┐ all_labels
    from below            subconcept_labels (label, source)          ┘
    own negative words    negative_labels                            ┐ all_negative_labels
    from its opposites    negative_concept_labels (label, source)    ┘

One record serves every step: it is embedded, classified and published as concept.json, and it
loads again from that file. Equal concepts have equal JSON in every process, since all lists
are sorted by code point and hold nothing twice.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    ModelWrapValidatorHandler,
    SerializerFunctionWrapHandler,
    ValidationInfo,
    field_validator,
    model_serializer,
    model_validator,
)

from vibe_checker.identifiers import ConceptId, concept_number, is_concept_id, short_id

# What the keyword matcher takes for one and the same gap between two words.
_SEPARATORS = re.compile(r"[\s\-\u2013\u2014]+")


def _checked_id(value: str) -> ConceptId:
    if not is_concept_id(value):
        raise ValueError(f'{value!r} is no Wikibase item id, such as "Q69"')
    return ConceptId(value)


def _clean(text: str) -> str:
    text.encode()  # half a surrogate pair, which JSON can spell, cannot be written to a file
    return text.strip()


def _named(label: str) -> str:
    if not label:
        raise ValueError("the preferred label cannot be empty")
    return label


def _sorted_ids(ids: tuple[ConceptId, ...]) -> tuple[ConceptId, ...]:
    return tuple(sorted(set(ids), key=concept_number))


def _sorted_texts(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(texts) - {""}))


Text = Annotated[str, AfterValidator(_clean)]
Id = Annotated[ConceptId, AfterValidator(_checked_id)]
Ids = Annotated[tuple[Id, ...], AfterValidator(_sorted_ids)]
Texts = Annotated[tuple[Text, ...], AfterValidator(_sorted_texts)]


class SourcedLabel(BaseModel):
    """A label that another concept lends, and which concept that is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: Text
    source: Id


SourcedLabels = tuple[SourcedLabel, ...]


class Concept(BaseModel):
    """One concept, checked and in canonical form however it was made.

    Labels are stripped; empty and repeated ones are dropped. A label stands in the first of
    these places that has it: preferred, alternative, subconcepts'; own negative, negative
    concepts'. A negative label that would undo a label (see `_undoes`) is dropped.
    `redirected_to` is the item that answered when `wikibase_id` is a redirect;
    `missing_concepts` are the linked ones that Wikibase does not have, so lend no labels.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    # The order matters: a field's validator sees the fields above it.
    wikibase_id: Id
    preferred_label: Annotated[Text, AfterValidator(_named)]
    description: Text | None = None
    definition: Text | None = None
    alternative_labels: Texts = ()
    subconcept_labels: SourcedLabels = ()
    negative_labels: Texts = ()
    negative_concept_labels: SourcedLabels = ()
    has_subconcept: Ids = ()
    subconcept_of: Ids = ()
    related_concepts: Ids = ()
    negative_concepts: Ids = ()
    missing_concepts: Ids = ()
    classifier_ids: Texts = ()
    redirected_to: Id | None = None
    revision: int | None = None
    url: str | None = None

    @field_validator("description", "definition")
    @classmethod
    def _without_blank_text(cls, text: str | None) -> str | None:
        return text or None

    @field_validator("alternative_labels")
    @classmethod
    def _without_preferred(cls, labels: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        return tuple(label for label in labels if label != info.data.get("preferred_label"))

    @field_validator("subconcept_labels")
    @classmethod
    def _without_own(cls, labels: SourcedLabels, info: ValidationInfo) -> SourcedLabels:
        return _sourced(labels, apart_from=_positive(info.data))

    @field_validator("negative_labels")
    @classmethod
    def _without_positive(cls, labels: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        undoes = _undoes(_positive(info.data))
        return tuple(label for label in labels if not undoes(label))

    @field_validator("negative_concept_labels")
    @classmethod
    def _without_known(cls, labels: SourcedLabels, info: ValidationInfo) -> SourcedLabels:
        undoes = _undoes(_positive(info.data))
        kept = tuple(lent for lent in labels if not undoes(lent.label))
        return _sourced(kept, apart_from=set(info.data.get("negative_labels", ())))

    @model_validator(mode="wrap")
    @classmethod
    def _with_the_id_it_states(cls, data: Any, validate: ModelWrapValidatorHandler[Self]) -> Self:
        """Accept concept.json, whose `id` follows from the rest, if it does follow from it."""
        if not isinstance(data, Mapping) or "id" not in data:
            return validate(data)
        concept = validate({name: value for name, value in data.items() if name != "id"})
        if data["id"] != concept.id:
            raise ValueError(f"the id is {data['id']!r}, but the content's id is {concept.id!r}")
        return concept

    @model_serializer(mode="wrap")
    def _with_id_first(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {"id": self.id, **serialize(self)}

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with some fields changed, validated like any other concept.

        pydantic's own skips validation, and so lets through what concept.json could not hold.
        """
        fields = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self).model_validate({**fields, **(update or {})})

    @cached_property
    def id(self) -> str:
        """Eight characters that stand for all that changes what is found for the concept.

        Where a label came from, the revision and the relations change nothing of that.
        """
        return short_id(
            {
                "wikibase_id": self.wikibase_id,
                "preferred_label": self.preferred_label,
                "description": self.description,
                "definition": self.definition,
                "labels": self.all_labels,
                "negative_labels": self.all_negative_labels,
            }
        )

    @property
    def all_labels(self) -> tuple[str, ...]:
        """Every label that a keyword classifier looks for, sorted by code point."""
        return tuple(sorted({self.preferred_label, *self._words_beside_the_preferred()}))

    @property
    def all_negative_labels(self) -> tuple[str, ...]:
        """Every label that must not be taken for the concept, sorted by code point."""
        lent = (negative.label for negative in self.negative_concept_labels)
        return _sorted_texts([*self.negative_labels, *lent])

    def markdown(self) -> str:
        """The text that is embedded to find candidates: sections only where there is content.

            # label
            ## Description
            ## Definition
            ## Alternative labels, synonyms, acronyms, and related terms
            ## Not to be confused with

        The two lists hold the lent labels too, among the own ones: the passages are sought for
        the very concept that is then classified, or those that only name a subconcept would
        seldom become candidates.
        """
        parts = [f"# {self.preferred_label}"]
        for heading, text in (
            ("Description", self.description or ""),
            ("Definition", self.definition or ""),
            (
                "Alternative labels, synonyms, acronyms, and related terms",
                _bullets(self._words_beside_the_preferred()),
            ),
            ("Not to be confused with", _bullets(self.all_negative_labels)),
        ):
            if text:
                parts += [f"## {heading}", text]
        return "\n\n".join(parts)

    def _words_beside_the_preferred(self) -> tuple[str, ...]:
        lent = (positive.label for positive in self.subconcept_labels)
        return _sorted_texts([*self.alternative_labels, *lent])


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _sourced(labels: SourcedLabels, *, apart_from: set[str]) -> SourcedLabels:
    """`labels` sorted, each once for each source, without empty ones and those `apart_from`."""
    kept = {lent for lent in labels if lent.label and lent.label not in apart_from}
    return tuple(sorted(kept, key=lambda lent: (lent.label, concept_number(lent.source))))


def _positive(data: Mapping[str, Any]) -> set[str]:
    """The labels among fields validated so far; a field that was refused is not there."""
    lent = (positive.label for positive in data.get("subconcept_labels", ()))
    preferred = [data["preferred_label"]] if "preferred_label" in data else []
    return {*preferred, *data.get("alternative_labels", ()), *lent}


def _any_case(label: str) -> bool:
    """Whether the keyword matcher finds `label` in any case: plain lower-case ASCII."""
    return label.isascii() and label == label.lower()


def _undoes(labels: Iterable[str]) -> Callable[[str], bool]:
    """Whether a negative label would leave nothing of one of `labels`, asked of each in turn.

    It does if it matches wherever that label matches: the same words, whatever whitespace,
    hyphen or dash stands between them, either in the same case or in any. So negative "duty"
    undoes "duty", and negative "turkey" (any case) undoes "Turkey"; negative "Turkey" leaves
    "turkey" its other matches, and stays.
    """
    exact = {_words(label) for label in labels}
    folded = {words.lower() for words in exact}
    return lambda negative: (
        _words(negative) in exact or (_any_case(negative) and _words(negative) in folded)
    )


def _words(label: str) -> str:
    return _SEPARATORS.sub(" ", label)
