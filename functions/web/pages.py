"""The pages about concepts, and the one that is read most: a classifier's predictions."""

from functools import partial
from typing import Any

from aws_lambda_powertools.event_handler import Response

from functions.web import cards, downloading, facets, parameters, rendering, responses
from functions.web.library import Library, View
from functions.web.paging import Page
from functions.web.request import Request
from vibe_checker.reading.catalogue import PublishedConcept
from vibe_checker.reading.filters import SORTS

_CONCEPT_SORTS = ("id", "label", "passages", "share", "run")
SORT_NAMES = {
    "shuffled": "shuffled (a fair sample)",
    "probability": "most probable first",
    "probability-up": "least probable first",
    "similarity": "most similar first",
    "similarity-up": "least similar first",
    "uncertainty": "most uncertain first",
}


def show(request: Request, template: str, **values: Any) -> Response[str]:
    """A template as a page, with what all of them need."""
    return responses.page(
        rendering.render(template, request=request, root=request.root, link=request.link, **values)
    )


def concepts(library: Library, request: Request) -> Response[str]:
    """All concepts: searched, sorted, a page at a time."""
    every = library.catalogue.concepts()
    found = sorted_concepts(request, every)
    page = Page.of(request, len(found))
    return show(
        request,
        "concepts.html",
        concepts=page.part(found),
        page=page,
        every=len(every),
        sort=parameters.choice(request, "sort", _CONCEPT_SORTS),
        q=request.first("q"),
    )


def sorted_concepts(request: Request, every: list[PublishedConcept]) -> list[PublishedConcept]:
    """Those that `q` finds by id, label or description, in the order of `sort`."""
    wanted = parameters.text(request, "q").casefold()
    found = [c for c in every if wanted in f"{c.id}\n{c.label}\n{c.description}".casefold()]
    sort = parameters.choice(request, "sort", _CONCEPT_SORTS)
    if sort == "label":
        return sorted(found, key=lambda c: c.label.casefold())
    if sort == "run":
        return sorted(found, key=lambda c: c.newest.newest_first, reverse=True)
    if sort == "passages":
        return sorted(found, key=lambda c: -(c.newest.passages or 0))
    if sort == "share":
        return sorted(found, key=lambda c: -(c.newest.share or 0))
    return found


def concept(library: Library, request: Request, concept_id: str) -> Response[str]:
    """One concept as it was classified, and its classifiers."""
    found = library.catalogue.concept(parameters.concept_id(concept_id))
    editions = {each.id: library.catalogue.editions(each) for each in found.classifiers}
    return show(request, "concept.html", concept=found, about=found.about, editions=editions)


def predictions(
    library: Library, request: Request, concept_id: str, classifier_id: str
) -> Response[str]:
    """The passages that the filters leave, as cards."""
    view = library.view(request, concept_id, classifier_id)
    rows = view.selection.rows()
    page = Page.of(request, len(rows))
    alone = len(rows) == 1
    return show(
        request,
        "predictions.html",
        view=view,
        classifier=view.classifier,
        about=library.catalogue.about(view.classifier),
        page=page,
        cards=[
            cards.card(view.file, row, page.start + place, alone)
            for place, row in enumerate(page.part(rows.tolist()), start=1)
        ],
        facets=facets.facets(view.selection),
        histograms=facets.histograms(request, view.selection),
        chips=chips(request, view),
        sorts=_sorts(view),
        downloads=partial(request.link, page_size=None, sort=None),
        parts=len(downloading.parts_of(view)),
    )


def _sorts(view: View) -> dict[str, str]:
    """The orders that make a difference for this file."""
    hidden = set()
    if not (view.file.probability == view.file.probability).any():
        hidden |= {"probability", "probability-up", "uncertainty"}
    if not (view.file.similarity == view.file.similarity).any():
        hidden |= {"similarity", "similarity-up"}
    return {name: SORT_NAMES[name] for name in SORTS if name not in hidden}


def chips(request: Request, view: View) -> list[tuple[str, str]]:
    """Each filter that is on, in words, and the address without it."""
    filters, found = view.selection.filters, []
    if filters.show != "all":
        found.append((filters.show, request.link(show=None)))
    for name, wanted in (("probability", filters.probability), ("similarity", filters.similarity)):
        if wanted:
            without = {f"{name}_from": None, f"{name}_to": None}
            found.append((f"{name} {_range(wanted.low, wanted.high)}", request.link(without)))
    if filters.text:
        found.append((f"“{filters.text}”", request.link(text=None, case=None)))
    if filters.passage:
        found.append((f"passage {filters.passage}", request.link(passage=None)))
    for name, column in filters.columns.items():
        label = rendering.column_name(name)
        for value in sorted(column.values):
            rest = [v for v in request.all(f"is.{name}") if v != value]
            found.append((f"{label}: {value}", request.link({f"is.{name}": rest or None})))
        if column.contains:
            found.append((f"{label} has “{column.contains}”", request.link({f"has.{name}": None})))
        if column.low is not None or column.high is not None:
            without = {f"from.{name}": None, f"to.{name}": None}
            found.append((f"{label} {_range(column.low, column.high)}", request.link(without)))
        if column.unknown:
            found.append((f"{label}: unknown", request.link({f"unknown.{name}": None})))
    return found


def _range(low: object, high: object) -> str:
    if low is None:
        return f"up to {high}"
    return f"from {low}" if high is None else f"{low} to {high}"
