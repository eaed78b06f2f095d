"""The OpenAPI document, made of the same table of parameters that requests are checked by."""

from dataclasses import dataclass
from typing import Any

from functions.web import schemas
from functions.web.concepts_page import SORTS
from functions.web.parameters import COLUMN_FILTERS, FILTERS, PAGING, Parameter
from functions.web.schemas import Schema

_IDS = {
    "concept_id": {"type": "string", "pattern": "^Q[1-9][0-9]*$"},
    "classifier_id": {"type": "string", "pattern": "^[a-z0-9]{8}$"},
    "run_id": {"type": "string"},
}
_EDITION = [parameter for parameter in FILTERS if parameter.name == "edition"]
_SEARCH = [
    Parameter("q", {"type": "string", "maxLength": 500}, "In id, label or description."),
    Parameter("sort", {"type": "string", "enum": list(SORTS), "default": "id"}, ""),
]
_DOWNLOAD = [
    Parameter("format", {"type": "string", "enum": ["jsonl", "csv"], "default": "jsonl"}, ""),
    Parameter("part", {"type": "integer", "minimum": 1}, "Of as many as the header X-Parts says."),
    Parameter("stamp", {"type": "string", "maxLength": 500}, "Of which file; Link has it."),
]
_CLASSIFIER = "/api/concepts/{concept_id}/classifiers/{classifier_id}"


@dataclass(frozen=True)
class _Operation:
    """What one address does; `answer` describes its JSON, None stands for a file."""

    id: str
    summary: str
    parameters: list[Parameter]
    answer: Schema | None


_OPERATIONS = {
    "/api/health": _Operation("health", "Whether the function answers.", [], schemas.HEALTH),
    "/api/openapi.json": _Operation("openapi", "This document.", [], schemas.ANYTHING),
    "/api/concepts": _Operation("concepts", "All concepts.", [*_SEARCH, *PAGING], schemas.CONCEPTS),
    "/api/concepts/{concept_id}": _Operation(
        "concept", "One concept as it was classified.", [], schemas.CONCEPT
    ),
    _CLASSIFIER: _Operation("classifier", "One classifier.", _EDITION, schemas.of("Classifier")),
    f"{_CLASSIFIER}/predictions": _Operation(
        "predictions",
        f"Its predictions, filtered. {COLUMN_FILTERS}",
        [*FILTERS, *PAGING],
        schemas.PREDICTIONS,
    ),
    f"{_CLASSIFIER}/download": _Operation(
        "download",
        "The same as a file. All of it as JSONL is a redirect to S3; what is larger than Lambda's "
        f"6 MB comes in parts that make the file one after another. {COLUMN_FILTERS}",
        [*_DOWNLOAD, *FILTERS],
        None,
    ),
    "/api/runs": _Operation("runs", "All runs, the newest first.", PAGING, schemas.RUNS),
    "/api/runs/{run_id}": _Operation(
        "run", "One run, and how its concepts ended.", PAGING, schemas.RUN
    ),
}


def document() -> dict[str, Any]:
    """The whole document."""
    session = {"type": "apiKey", "in": "cookie", "name": "__Host-session"}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Vibe Checker",
            "version": "1",
            "description": "What concept classifiers find in real policy text. Read only.",
        },
        "paths": {path: {"get": _described(path, each)} for path, each in _OPERATIONS.items()},
        "components": {
            "schemas": schemas.SCHEMAS,
            "securitySchemes": {"session": {**session, "description": "From the page's login."}},
        },
        "security": [{}, {"session": []}],
    }


def _described(path: str, operation: _Operation) -> dict[str, Any]:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": schema}
        for name, schema in _IDS.items()
        if f"{{{name}}}" in path
    ]
    in_query = [
        {"name": p.name, "in": "query", "schema": p.schema, "description": p.description}
        for p in operation.parameters
    ]
    return {
        "operationId": operation.id,
        "summary": operation.summary,
        "parameters": in_path + in_query,
        "responses": _responses(operation, bool(in_path)),
    }


def _responses(operation: _Operation, named: bool) -> dict[str, Any]:
    """Each status with what comes with it; `named` where the path names a thing."""
    error = {"application/json": {"schema": schemas.of("Error")}}
    if operation.answer is None:
        files: dict[str, Any] = {"application/x-ndjson": {}, "text/csv": {}}
        found = {
            "200": {"description": "The file, or a part of it.", "content": files},
            "303": {"description": "All of it, at S3."},
            "409": {"description": "Published anew since the part before.", "content": error},
        }
    else:
        content = {"application/json": {"schema": operation.answer}}
        found = {"200": {"description": "As asked for.", "content": content}}
    if operation.id != "health":
        found["401"] = {"description": "Nobody has logged in.", "content": error}
    if named:
        found["404"] = {"description": "There is no such thing.", "content": error}
    if named or operation.parameters:
        found["422"] = {"description": "A parameter cannot be used.", "content": error}
    return found
