"""Plan a run: which concepts, and the version of every input it will read."""

import re
from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any, Self

from vibe_checker import concept_list, keys
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

# Writing is waiting: 32 at once write the models of 10,000 concepts in seconds.
_WRITERS = 32
Models = dict[str, list[Pin]]
"""The files of a concept's models, pinned, by the model's name."""


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
        items, models, planned = _prepare(bucket, settings, execution, run_id, given)
    except (InvalidRequest, InvalidInput) as error:
        _record_refusal(bucket, execution, run_id, given, error)
        raise
    # The lists before the record: whoever finds the record finds the lists that belong to it.
    _write_models(bucket, run_id, models)
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
) -> tuple[list[dict[str, Any]], Mapping[str, Models], Plan]:
    request = requests.parse(given)
    concepts = _concepts(bucket, request)
    models = _models(bucket, concepts)
    items = _items(concepts, models, request.classifiers)
    model, inputs = _inputs(bucket, request)
    planned = {item["concept_id"]: models[item["concept_id"]] for item in items}
    return (
        items,
        planned,
        Plan(
            run_id=run_id,
            trigger=request.trigger,
            requested=given,
            execution_arn=execution.arn,
            started_at=execution.started_at,
            settings=settings,
            concept_count=len(items),
            embedding_model=model,
            inputs={pin.key: pin for pin in inputs},
        ),
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
    concepts: list[ConceptId], models: Mapping[str, Models], wanted: list[str] | None
) -> list[dict[str, Any]]:
    """What the state machine maps over: each concept with the names of its classifiers.

    With `wanted` names, concepts that have none of them are left out. The names alone travel in
    the state, so that it stays small for any number of models.
    """
    items: list[dict[str, Any]] = []
    for concept in concepts:
        found = [{"name": KEYWORD, "model": False}]
        found += [{"name": name, "model": True} for name in sorted(models[concept])]
        chosen = [each for each in found if wanted is None or each["name"] in wanted]
        if chosen:
            items.append({"concept_id": concept, "classifiers": chosen})
    if not items:
        raise InvalidRequest(
            f"None of the {len(concepts)} concepts asked for has a classifier named "
            f"{' or '.join(wanted or [])[:500]}; there is always {KEYWORD!r}, and every directory "
            "below models/classifiers/{concept_id}/."
        )
    return items


def _models(bucket: Bucket, concepts: list[ConceptId]) -> Mapping[str, Models]:
    """The models of each concept; a file beside the directories belongs to none."""
    # One listing serves any number of concepts; for a single one its own part is enough.
    prefix = keys.classifiers_prefix(concepts[0]) if len(concepts) == 1 else keys.CLASSIFIERS
    models: dict[str, Models] = defaultdict(lambda: defaultdict(list))
    for pin in bucket.pins(prefix):
        concept, _, rest = pin.key.removeprefix(keys.CLASSIFIERS).partition("/")
        name, _, file = rest.partition("/")
        if file and not file.endswith("/"):
            models[concept][name].append(pin)
    return models


def _write_models(bucket: Bucket, run_id: str, models: Mapping[str, Models]) -> None:
    """Write which files the models of each concept have, where the later steps find it."""

    def write(concept: str) -> None:
        files = {name: [asdict(pin) for pin in pins] for name, pins in models[concept].items()}
        bucket.create_json(keys.work_models(run_id, concept), files)

    with ThreadPoolExecutor(_WRITERS) as pool:
        for _ in pool.map(write, [concept for concept in models if models[concept]]):
            pass


def model_files(bucket: Bucket, run_id: str, concept_id: str) -> Models:
    """The files of the concept's models, as they were when the run started."""
    written = bucket.read_json(keys.work_models(run_id, concept_id))
    return {name: [Pin(**pin) for pin in pins] for name, pins in written.items()}


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
