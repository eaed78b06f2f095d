"""The same as JSON, for programs; openapi.py describes it."""

from dataclasses import asdict
from typing import Any

from aws_lambda_powertools.event_handler import Response

from functions.web import openapi, parameters, responses
from functions.web.concepts_page import found_concepts
from functions.web.library import Library
from functions.web.paging import Page
from functions.web.problems import BadParameter
from functions.web.request import Request
from functions.web.runs_pages import estimated
from vibe_checker.reading import records
from vibe_checker.reading.published import Classifier, PublishedConcept
from vibe_checker.reading.runs import RunView

_PAGING = ("page", "page_size")


def health(library: Library, request: Request) -> Response[str]:
    """That the function answers; it looks at nothing."""
    return responses.data({"status": "ok"})


def document(library: Library, request: Request) -> Response[str]:
    """The OpenAPI document."""
    return responses.data(openapi.document())


def concepts(library: Library, request: Request) -> Response[str]:
    """All concepts: searched, sorted, a page at a time."""
    parameters.check_names(request, "q", "sort", *_PAGING)
    found, marks = found_concepts(library, request)
    page, ids = paged(request, found)
    part = library.catalogue.concepts({each: marks[each] for each in ids})
    return responses.data({**page, "concepts": [_concept(each) for each in part]})


def concept(library: Library, request: Request, concept_id: str) -> Response[str]:
    """One concept as it was classified."""
    parameters.check_names(request)
    found = library.catalogue.concept(parameters.concept_id(concept_id))
    return responses.data({**_concept(found), "concept": found.about})


def classifier(
    library: Library, request: Request, concept_id: str, classifier_id: str
) -> Response[str]:
    """One classifier: its classifier.json."""
    parameters.check_names(request, "edition")
    return responses.data(_classifier(library.classifier(request, concept_id, classifier_id)))


def predictions(
    library: Library, request: Request, concept_id: str, classifier_id: str
) -> Response[str]:
    """The predictions that the filters leave, as they are in the file."""
    parameters.check_names(request, *parameters.FILTER_NAMES, *_PAGING)
    view = library.view(request, concept_id, classifier_id)
    page, rows = paged(request, view.selection.rows().tolist())
    return responses.data(
        {
            **page,
            "of": len(view.file),
            "positives": view.selection.positives,
            "broken_lines": view.file.broken,
            "columns": {name: type(c).__name__.lower() for name, c in view.file.columns.items()},
            "predictions": [records.loads(view.file.lines[row]) for row in rows],
        }
    )


def runs(library: Library, request: Request) -> Response[str]:
    """All runs, the newest first."""
    parameters.check_names(request, *_PAGING)
    page, ids = paged(request, library.runs.ids())
    return responses.data({**page, "runs": [_run(view) for view in library.runs.views(list(ids))]})


def run(library: Library, request: Request, run_id: str) -> Response[str]:
    """One run, with how its concepts ended, a page at a time."""
    parameters.check_names(request, *_PAGING)
    view = library.runs.view(parameters.run_id(run_id))
    where = Page.of(request, view.ended)
    results = library.runs.results(view.id, where.start, where.size)
    page, _ = paged(request, range(view.ended))
    return responses.data(
        {
            **_run(view),
            **page,
            "estimated_dollars": estimated(view, results),
            "record": view.record,
            "failures": view.failures,
            "results": results,
        }
    )


def paged(request: Request, entries: Any) -> tuple[dict[str, Any], Any]:
    """Where a page stands, and what is on it; a page past the end is a bad parameter."""
    page = Page.of(request, len(entries))
    if page.number != parameters.page(request):
        raise BadParameter("page", f"there are {page.count:,} pages")
    standing = {"page": page.number, "page_size": page.size, "pages": page.count}
    return {**standing, "total": page.total}, page.part(entries)


def _concept(concept: PublishedConcept) -> dict[str, Any]:
    return {
        "id": concept.id,
        "label": concept.label,
        "description": concept.description,
        "classifiers": [_classifier(each) for each in concept.classifiers],
    }


def _classifier(classifier: Classifier) -> dict[str, Any]:
    return {
        **classifier.record,
        "id": classifier.id,
        "concept_id": classifier.concept_id,
        "edition": classifier.edition or None,
        "error": classifier.error or None,
    }


def _run(view: RunView) -> dict[str, Any]:
    shown = asdict(view)
    return {
        "id": view.id,
        "status": view.status,
        "trigger": view.record.get("trigger"),
        "started_at": view.record.get("started_at"),
        "concepts": view.concepts,
        "ended": view.ended,
        "summary": shown["summary"] or None,
    }
