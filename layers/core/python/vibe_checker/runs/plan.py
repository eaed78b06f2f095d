"""Plan a run: which concepts, and the version of every input it will read."""

import re
from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import Any, Self

from vibe_checker import bucket as keys
from vibe_checker import concept_list
from vibe_checker.bucket import Bucket, Pin
from vibe_checker.errors import (
    AlreadyStarted,
    InvalidInput,
    InvalidRequest,
    VibeCheckerError,
)
from vibe_checker.identifiers import KEYWORD, ConceptId, short_id
from vibe_checker.runs import request as requests
from vibe_checker.runs.inputs import shared_inputs
from vibe_checker.runs.request import Request


@dataclass(frozen=True)
class Settings:
    """The numbers that decide which passages are classified, fixed for a run at its start.

    A passage is a candidate where its similarity to the concept is strictly above `threshold`;
    at least `minimum` candidates (the most similar ones) and at most `maximum`. Candidates are
    worked off in shards of `shard_size`.
    """

    threshold: float
    minimum: int
    maximum: int
    shard_size: int


@dataclass(frozen=True)
class Execution:
    """The execution of the state machine that asks for a run; `started_at` in ISO 8601."""

    arn: str
    started_at: str


@dataclass(frozen=True)
class Plan:
    """A planned run, as run.json records it; `inputs` maps each key to its pinned version."""

    run_id: str
    trigger: str
    requested: object
    execution_arn: str
    started_at: str
    settings: Settings
    concept_count: int
    embedding_model: str
    inputs: dict[str, Pin]

    @classmethod
    def load(cls, bucket: Bucket, run_id: str) -> Self:
        """Read the record of a planned run."""
        record = bucket.read_json(keys.run_record(run_id))
        record["settings"] = Settings(**record["settings"])
        record["inputs"] = {key: Pin(**pin) for key, pin in record["inputs"].items()}
        return cls(**record)

    @property
    def embedder(self) -> list[Pin]:
        """The files of the embedding model."""
        prefix = keys.embedder_prefix(self.embedding_model)
        return [pin for key, pin in self.inputs.items() if key.startswith(prefix)]


def plan(bucket: Bucket, settings: Settings, execution: Execution, given: object) -> Plan:
    """Write `concepts.json` and `run.json` of a new run.

    Planning again for the same execution changes nothing. Raises InvalidRequest or InvalidInput,
    recorded in run.json, and AlreadyStarted where another execution works for the same upload.
    """
    run_id = run_id_of(execution, given)
    try:
        items, planned = _prepare(bucket, settings, execution, run_id, given)
    except (InvalidRequest, InvalidInput) as error:
        _record_refusal(bucket, execution, run_id, given, error)
        raise
    # The list before the record: whoever finds the record finds the list that belongs to it.
    bucket.create_json(keys.run_concepts(run_id), items)
    if bucket.create_json(keys.run_record(run_id), asdict(planned)):
        return planned
    return _earlier(bucket, execution, planned)


def run_id_of(execution: Execution, given: object) -> str:
    """The run that an execution with the input `given` works for.

    Ids sort by time; every delivery of one upload has the same.
    """
    upload = requests.upload_in(given)
    moment = upload.at if upload else execution.started_at
    identity = upload.identity if upload else execution.arn
    return f"{re.sub('[^0-9T]', '-', moment[:19])}-{short_id(identity)}"


def _prepare(
    bucket: Bucket, settings: Settings, execution: Execution, run_id: str, given: object
) -> tuple[list[dict[str, Any]], Plan]:
    request = requests.parse(given)
    concepts = _concepts(bucket, request)
    items = _items(bucket, concepts, request.classifiers)
    model, inputs = _inputs(bucket, request)
    return items, Plan(
        run_id=run_id,
        trigger=request.trigger,
        requested=given,
        execution_arn=execution.arn,
        started_at=execution.started_at,
        settings=settings,
        concept_count=len(items),
        embedding_model=model,
        inputs={pin.key: pin for pin in inputs},
    )


def _concepts(bucket: Bucket, request: Request) -> list[ConceptId]:
    if request.concept_ids is not None:
        return request.concept_ids
    version = request.upload.version_id if request.upload else None
    return concept_list.parse(bucket.read(keys.CONCEPTS, version))


def _inputs(bucket: Bucket, request: Request) -> tuple[str, list[Pin]]:
    """The embedding model's name, and the version of every file that the run shares."""
    model, pins = shared_inputs(bucket)
    if request.concept_ids is None:
        version = request.upload.version_id if request.upload else None
        pins.insert(0, bucket.pin(keys.CONCEPTS, version))
    return model, pins


def _items(
    bucket: Bucket, concepts: list[ConceptId], wanted: list[str] | None
) -> list[dict[str, Any]]:
    """What the state machine maps over: each concept with its classifiers and their files.

    With `wanted` names, concepts that have none of them are left out.
    """
    models = _models(bucket, concepts)
    items: list[dict[str, Any]] = []
    for concept in concepts:
        found = {KEYWORD: [], **dict(sorted(models[concept].items()))}
        chosen = [
            {"name": name, "files": files}
            for name, files in found.items()
            if wanted is None or name in wanted
        ]
        if chosen:
            items.append({"concept_id": concept, "classifiers": chosen})
    if not items:
        raise InvalidRequest(
            f"None of the {len(concepts)} concepts asked for has a classifier named "
            f"{' or '.join(wanted or [])}; there is always {KEYWORD!r}, and every directory "
            "below models/classifiers/{concept_id}/."
        )
    return items


def _models(
    bucket: Bucket, concepts: list[ConceptId]
) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Concept → model name → the pinned files of that model's directory."""
    # One listing serves any number of concepts; for a single one its own part is enough.
    prefix = keys.classifiers_prefix(concepts[0]) if len(concepts) == 1 else keys.CLASSIFIERS
    models: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for pin in bucket.pins(prefix):
        concept, _, rest = pin.key.removeprefix(keys.CLASSIFIERS).partition("/")
        name, _, file = rest.partition("/")
        if file and not file.endswith("/"):
            models[concept][name].append(asdict(pin))
    return models


def _earlier(bucket: Bucket, execution: Execution, planned: Plan) -> Plan:
    """The plan recorded before: by an earlier try of this execution, or by another execution."""
    record = bucket.read_json(keys.run_record(planned.run_id))
    if record["execution_arn"] != execution.arn:
        raise AlreadyStarted(
            f"Run {planned.run_id} for this upload is the work of {record['execution_arn']}."
        )
    if "error" in record:  # refused before, and since mended: the execution was started again
        bucket.write_json(keys.run_record(planned.run_id), asdict(planned))
        return planned
    return Plan.load(bucket, planned.run_id)


def _record_refusal(
    bucket: Bucket, execution: Execution, run_id: str, given: object, error: VibeCheckerError
) -> None:
    record = {
        "run_id": run_id,
        "requested": given,
        "execution_arn": execution.arn,
        "started_at": execution.started_at,
        "error": {"class": type(error).__name__, "message": str(error)},
    }
    bucket.create_json(keys.run_record(run_id), record)
