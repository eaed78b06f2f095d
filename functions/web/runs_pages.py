"""The pages about runs: which there were, how each went on, what it cost."""

from typing import Any

from aws_lambda_powertools.event_handler import Response

from functions.web import parameters
from functions.web.library import Library
from functions.web.pages import show
from functions.web.paging import Page
from functions.web.request import Request
from vibe_checker.reading import cost
from vibe_checker.reading.runs import RunView

_RUNS_A_PAGE = 20


def runs(library: Library, request: Request) -> Response[str]:
    """All runs, the newest first."""
    ids = library.runs.ids()
    page = Page.of(request, len(ids), _RUNS_A_PAGE)
    views = library.runs.views(list(page.part(ids)))
    return show(request, "runs.html", section="runs", page=page, runs=views)


def run(library: Library, request: Request, run_id: str) -> Response[str]:
    """One run: how far it is, what failed and why, how each concept ended."""
    view = library.runs.view(parameters.run_id(run_id))
    page = Page.of(request, view.ended)
    results = library.runs.results(view.id, page.start, page.size)
    return show(
        request,
        "run.html",
        section="runs",
        run=view,
        page=page,
        results=results,
        labels=library.labels(view.id, results),
        dollars=estimated(view, results),
        reasons=reasons(view),
    )


def estimated(view: RunView, results: list[dict[str, Any]]) -> float | None:
    """What all concepts cost if they cost what these do on average."""
    if not results:
        return None
    settings = view.record.get("settings") or {}
    shard_size = int(settings.get("shard_size") or 2_500)
    return cost.dollars(results, shard_size) / len(results) * view.ended


def reasons(view: RunView) -> list[tuple[str, str, list[dict[str, str]]]]:
    """Failures of one class and message together: a broken input fails every concept alike."""
    grouped: dict[tuple[str, str], list[dict[str, str]]] = {}
    for failure in view.failures:
        grouped.setdefault((failure["class"], failure["message"]), []).append(failure)
    return [(kind, message, failed) for (kind, message), failed in grouped.items()]
