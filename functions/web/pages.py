"""The page about a concept, and the one that is read most: a classifier's predictions."""

from functools import partial
from typing import Any

from aws_lambda_powertools.event_handler import Response

from functions.web import cards, downloading, facets, parameters, rendering, responses
from functions.web.library import Library, View
from functions.web.paging import Page
from functions.web.request import Request
from vibe_checker.reading.filters import SORTS

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


def concept(library: Library, request: Request, concept_id: str) -> Response[str]:
    """One concept as it was classified, and its classifiers."""
    found = library.catalogue.concept(parameters.concept_id(concept_id))
    editions = library.catalogue.editions(found)
    return show(request, "concept.html", concept=found, about=found.about, editions=editions)


def predictions(
    library: Library, request: Request, concept_id: str, classifier_id: str
) -> Response[str]:
    """The passages that the filters leave, as cards."""
    view = library.view(request, concept_id, classifier_id)
    rows = view.selection.rows()
    page = Page.of(request, len(rows))
    alone = len(rows) == 1
    search = cards.Search(view.selection.filters.text, view.selection.filters.match_case)
    return show(
        request,
        "predictions.html",
        view=view,
        classifier=view.classifier,
        about=library.catalogue.about(view.classifier),
        stated_threshold="threshold" in view.classifier.record,
        page=page,
        cards=[
            cards.card(view.file, row, page.start + place, alone, search)
            for place, row in enumerate(page.part(rows.tolist()), start=1)
        ],
        shown=facets.shown(view.selection),
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
