"""The routes, and what surrounds every answer: who may ask, errors as pages, headers."""

from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from functions.web import (
    api,
    compare_page,
    concepts_page,
    downloading,
    pages,
    problems,
    rendering,
    responses,
    runs_pages,
    static_files,
)
from functions.web.auth.gates import Gate, OpenGate
from functions.web.library import Library
from functions.web.request import Request

Answer = Callable[..., Response[Any]]

PAGES: dict[str, Answer] = {
    "/": concepts_page.concepts,
    "/concepts": concepts_page.concepts,
    "/concepts/<concept_id>": pages.concept,
    "/concepts/<concept_id>/compare": compare_page.compare,
    "/concepts/<concept_id>/classifiers/<classifier_id>": pages.predictions,
    "/concepts/<concept_id>/classifiers/<classifier_id>/download": downloading.download,
    "/runs": runs_pages.runs,
    "/runs/<run_id>": runs_pages.run,
    "/api/health": api.health,
    "/api/openapi.json": api.document,
    "/api/concepts": api.concepts,
    "/api/concepts/<concept_id>": api.concept,
    "/api/concepts/<concept_id>/classifiers/<classifier_id>": api.classifier,
    "/api/concepts/<concept_id>/classifiers/<classifier_id>/predictions": api.predictions,
    "/api/concepts/<concept_id>/classifiers/<classifier_id>/download": downloading.download,
    "/api/runs": api.runs,
    "/api/runs/<run_id>": api.run,
}


class Site:
    """Answers the events of an HTTP API."""

    def __init__(self, library: Library, gate: Gate, logger: Logger) -> None:
        self._library = library
        self._gate = gate
        self._logger = logger
        self._app = APIGatewayHttpResolver()
        for rule, answer in PAGES.items():
            self._app.get(rule)(self._guarded(answer))
        self._app.get("/static/<name>")(self._guarded(_static))
        for address in ("/login", "/logout", "/callback"):
            self._app.route(address, ["GET", "POST"])(self._guarded(_nothing))
        nothing = self._guarded(_nothing)
        self._app.not_found(lambda error: nothing())

    def answer(self, event: Mapping[str, Any], context: object) -> dict[str, Any]:
        """The response to one event."""
        self._request = Request.of(event, guarded=not isinstance(self._gate, OpenGate))
        response: dict[str, Any] = self._app.resolve(dict(event), context)  # type: ignore[arg-type]
        headers = {**response.get("headers", {}), **responses.SECURITY_HEADERS}
        # Payload format 2.0 has a place of its own for cookies.
        response["cookies"] = [headers.pop("Set-Cookie")] if "Set-Cookie" in headers else []
        response["headers"] = headers
        return response

    def _guarded(self, answer: Answer) -> Answer:
        """`answer` for the present request, if it may pass; what goes wrong is a page too."""

        def guarded(**ids: str) -> Response[Any]:
            try:
                refused = self._gate.answer(self._request)
                return refused or answer(self._library, self._request, **ids)
            except Exception as error:
                return self._failed(error)

        return guarded

    def _failed(self, error: Exception) -> Response[Any]:
        status = problems.status_of(error)
        if status == 500:
            self._logger.exception("failed", path=self._request.path)
        return failure(self._request, status, problems.message_of(error), error)


def _nothing(library: Library, request: Request) -> Response[Any]:
    raise problems.NotFound("There is no page at this address.")


def _static(library: Library, request: Request, name: str) -> Response[str]:
    return static_files.answer(name)


def failure(
    request: Request, status: int, message: str, error: Exception | None = None
) -> Response[Any]:
    """An error as a page, or as JSON for programs."""
    if request.is_api:
        named = {"parameter": error.name} if isinstance(error, problems.BadParameter) else {}
        return responses.data({"error": {**named, "message": message}}, status)
    title = problems.TITLES.get(status, problems.TITLES[500])
    html = rendering.render(
        "error.html",
        request=request,
        root=request.root,
        status=status,
        title=title,
        message=message,
    )
    return responses.page(html, status)
