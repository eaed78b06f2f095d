"""The OpenAPI document, made of the same table of parameters that requests are checked by."""

from typing import Any

from functions.web.concepts_page import SORTS
from functions.web.parameters import COLUMN_FILTERS, FILTERS, PAGING, Parameter

_CONCEPT = {"type": "string", "pattern": "^Q[1-9][0-9]*$"}
_CLASSIFIER = {"type": "string", "pattern": "^[a-z0-9]{8}$"}
_IDS = {"concept_id": _CONCEPT, "classifier_id": _CLASSIFIER, "run_id": {"type": "string"}}
_EDITION = [parameter for parameter in FILTERS if parameter.name == "edition"]
_SEARCH = [
    Parameter("q", {"type": "string", "maxLength": 500}, "In id, label or description."),
    Parameter("sort", {"type": "string", "enum": list(SORTS), "default": "id"}, ""),
]
_DOWNLOAD = [
    Parameter("format", {"type": "string", "enum": ["jsonl", "csv"], "default": "jsonl"}, ""),
    Parameter("part", {"type": "integer", "minimum": 1}, "Of as many as the header X-Parts says."),
    Parameter("stamp", {"type": "string", "maxLength": 100}, "Of which file; Link has it."),
]
_CLASSIFIER_PATH = "/api/concepts/{concept_id}/classifiers/{classifier_id}"
_PATHS: dict[str, tuple[str, list[Parameter]]] = {
    "/api/health": ("Whether the function answers.", []),
    "/api/openapi.json": ("This document.", []),
    "/api/concepts": ("All concepts.", [*_SEARCH, *PAGING]),
    "/api/concepts/{concept_id}": ("One concept as it was classified.", []),
    _CLASSIFIER_PATH: ("One classifier.", _EDITION),
    f"{_CLASSIFIER_PATH}/predictions": (
        f"Its predictions, filtered. {COLUMN_FILTERS}",
        [*FILTERS, *PAGING],
    ),
    f"{_CLASSIFIER_PATH}/download": (
        "The same as a file. All of it as JSONL is a redirect to S3; what is larger than Lambda's "
        f"6 MB comes in parts that make the file one after another. {COLUMN_FILTERS}",
        [*_DOWNLOAD, *FILTERS],
    ),
    "/api/runs": ("All runs, the newest first.", PAGING),
    "/api/runs/{run_id}": ("One run, and how its concepts ended.", PAGING),
}


def document() -> dict[str, Any]:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Vibe Checker",
            "version": "1",
            "description": "What concept classifiers find in real policy text. Read only.",
        },
        "paths": {
            path: {"get": _operation(path, *described)} for path, described in _PATHS.items()
        },
        "components": {"schemas": {"Error": _error()}},
    }


def _operation(path: str, summary: str, parameters: list[Parameter]) -> dict[str, Any]:
    in_path = [
        {"name": name, "in": "path", "required": True, "schema": schema}
        for name, schema in _IDS.items()
        if f"{{{name}}}" in path
    ]
    in_query = [
        {"name": p.name, "in": "query", "schema": p.schema, "description": p.description}
        for p in parameters
    ]
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    responses: dict[str, Any] = {"200": {"description": "As asked for."}}
    if in_path or in_query:
        responses["422"] = {"description": "A parameter cannot be used.", "content": error}
    if in_path:
        responses["404"] = {"description": "There is no such thing.", "content": error}
    return {"summary": summary, "parameters": in_path + in_query, "responses": responses}


def _error() -> dict[str, Any]:
    texts = {"parameter": {"type": "string"}, "message": {"type": "string"}}
    inner = {"type": "object", "properties": texts, "required": ["message"]}
    return {"type": "object", "properties": {"error": inner}, "required": ["error"]}
