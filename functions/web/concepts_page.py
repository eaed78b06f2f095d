"""The first page: every concept, searched, sorted, a page at a time."""

from collections.abc import Callable
from typing import Any

from aws_lambda_powertools.event_handler import Response

from functions.web import parameters
from functions.web.library import Library
from functions.web.pages import show
from functions.web.paging import Page
from functions.web.request import Request
from vibe_checker.identifiers import ConceptId, concept_number
from vibe_checker.reading.catalogue import Marks
from vibe_checker.reading.published import PublishedConcept

_KEYS: dict[str, Callable[[PublishedConcept], Any]] = {
    "id": lambda concept: concept_number(concept.id),
    "label": lambda concept: concept.label.casefold(),
    "passages": lambda concept: concept.newest.passages or 0,
    "share": lambda concept: -1 if concept.newest.share is None else concept.newest.share,
    "run": lambda concept: concept.newest.newest_first,
}
_GREATEST_FIRST = ("passages", "share", "run")
# A column's head sorts by it, and once more the other way round.
_TURNED = {name: f"{name}-{'up' if name in _GREATEST_FIRST else 'down'}" for name in _KEYS}
SORTS = (*_KEYS, *_TURNED.values())


def concepts(library: Library, request: Request) -> Response[str]:
    """The list of concepts."""
    found, marks = found_concepts(library, request)
    page = Page.of(request, len(found))
    sort = parameters.choice(request, "sort", SORTS)
    return show(
        request,
        "concepts.html",
        concepts=library.catalogue.concepts({each: marks[each] for each in page.part(found)}),
        page=page,
        every=len(marks),
        sort=sort,
        turned=_TURNED,
        descending=_descending(sort),
        q=request.first("q"),
    )


def found_concepts(library: Library, request: Request) -> tuple[list[ConceptId], Marks]:
    """The ids of those that `q` finds, in the order of `sort`; and all that are published.

    By number and without a search no file need be read to know them.
    """
    marks = library.catalogue.published()
    sort = parameters.choice(request, "sort", SORTS)
    wanted = parameters.text(request, "q").strip().casefold()
    if sort == "id" and not wanted:
        return list(marks), marks
    every = library.catalogue.concepts(marks)
    found = [c for c in every if wanted in f"{c.id}\n{c.label}\n{c.description}".casefold()]
    found.sort(key=_KEYS[sort.partition("-")[0]], reverse=_descending(sort))
    return [each.id for each in found], marks


def _descending(sort: str) -> bool:
    name, _, turned = sort.partition("-")
    return turned == "down" or (name in _GREATEST_FIRST and not turned)
