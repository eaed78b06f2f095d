"""What the API answers with, as JSON Schema; openapi.py puts it into the document."""

from typing import Any

Schema = dict[str, Any]


def of(name: str) -> Schema:
    """A reference to one of the schemas below."""
    return {"$ref": f"#/components/schemas/{name}"}


def object_of(properties: dict[str, Any], optional: tuple[str, ...] = ()) -> Schema:
    """An object that has all of these but the optional ones, and may have more."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required}


def list_of(schema: Schema) -> Schema:
    """A list of such."""
    return {"type": "array", "items": schema}


TEXT: Schema = {"type": "string"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
NUMBER_OR_NULL: Schema = {"type": ["number", "null"]}
COUNT: Schema = {"type": "integer", "minimum": 0}
ANYTHING: Schema = {"type": "object"}
PAGE = {"page": COUNT, "page_size": COUNT, "pages": COUNT, "total": COUNT}

_SPAN = object_of(
    {
        "start_index": COUNT,
        "end_index": COUNT,
        "labelled_text": TEXT_OR_NULL,
        "prediction_probability": NUMBER_OR_NULL,
        "concept_id": TEXT_OR_NULL,
    },
    optional=("labelled_text", "prediction_probability", "concept_id"),
)
_RUN = {
    "id": TEXT,
    "status": {"enum": ["running", "succeeded", "failed", "refused", "unfinished"]},
    "trigger": TEXT_OR_NULL,
    "started_at": TEXT_OR_NULL,
    "concepts": COUNT,
    "ended": COUNT,
    "summary": {"type": ["object", "null"]},
}
_CONCEPT = {
    "id": TEXT,
    "label": TEXT,
    "description": TEXT,
    "classifiers": list_of(of("Classifier")),
}
SCHEMAS: dict[str, Schema] = {
    "Error": object_of(
        {"error": object_of({"parameter": TEXT, "message": TEXT}, optional=("parameter",))}
    ),
    "Concept": object_of(_CONCEPT),
    "Classifier": object_of(
        {
            "id": TEXT,
            "concept_id": TEXT,
            "name": TEXT,
            "date": TEXT,
            "edition": TEXT_OR_NULL,
            "error": TEXT_OR_NULL,
        },
        optional=("name", "date"),
    ),
    "Prediction": object_of(
        {
            "id": TEXT,
            "text": TEXT,
            "spans": list_of(_SPAN),
            "prediction_probability": NUMBER_OR_NULL,
            "similarity": NUMBER_OR_NULL,
            "metadata": ANYTHING,
        },
        optional=("id", "spans", "prediction_probability", "similarity", "metadata"),
    ),
    "Run": object_of(_RUN),
    "Result": object_of({"concept_id": TEXT, "status": TEXT, "classifiers": list_of(ANYTHING)}),
}
HEALTH = object_of({"status": {"const": "ok"}})
CONCEPTS = object_of({**PAGE, "concepts": list_of(of("Concept"))})
CONCEPT = object_of({**_CONCEPT, "concept": ANYTHING})
PREDICTIONS = object_of(
    {
        **PAGE,
        "of": COUNT,
        "positives": COUNT,
        "broken_lines": COUNT,
        "columns": {
            "type": "object",
            "additionalProperties": {"enum": ["choices", "numbers", "dates"]},
        },
        "predictions": list_of(of("Prediction")),
    }
)
RUNS = object_of({**PAGE, "runs": list_of(of("Run"))})
RUN = object_of(
    {
        **_RUN,
        **PAGE,
        "estimated_dollars": NUMBER_OR_NULL,
        "record": ANYTHING,
        "failures": list_of(ANYTHING),
        "results": list_of(of("Result")),
    }
)
