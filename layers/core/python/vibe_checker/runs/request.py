"""Read what was asked of a run: the input that the state machine was started with."""

import json
from dataclasses import dataclass

from vibe_checker.errors import InvalidRequest
from vibe_checker.identifiers import ConceptId, concept_ids
from vibe_checker.keys import CONCEPTS


@dataclass(frozen=True)
class Upload:
    """An upload of concepts.yml: when (ISO 8601), and which S3 version it made.

    S3 always names the version of a versioned object; an emulator of it may not. `identity` is
    the same in every delivery of the event that told of this upload, and in no other event.
    """

    at: str
    version_id: str | None
    identity: str


@dataclass(frozen=True)
class Request:
    """Which concepts (None: all of concepts.yml), which classifiers (None: all), and why now.

    `trigger` is "concept_ids" where ids were named, "upload" where concepts.yml arrived in the
    bucket, else "concepts.yml".
    """

    concept_ids: list[ConceptId] | None
    classifiers: list[str] | None
    upload: Upload | None

    @property
    def trigger(self) -> str:
        """What made this run start."""
        if self.concept_ids is not None:
            return "concept_ids"
        return "upload" if self.upload else CONCEPTS


def parse(given: object) -> Request:
    """Read a state machine input.

    `{"concept_ids": [...]}` names concepts; anything without `concept_ids` (an empty object, the
    console's default comment, the event of an upload) means all of concepts.yml. Raises
    InvalidRequest for what cannot be meant.
    """
    if not isinstance(given, dict):
        raise InvalidRequest(
            f"The input is {_shown(given)}; it must be an object such as "
            '{"concept_ids": ["Q69"]}, or {} for all of concepts.yml.'
        )
    return Request(
        concept_ids=_ids(given["concept_ids"]) if "concept_ids" in given else None,
        classifiers=_names(given["classifiers"]) if "classifiers" in given else None,
        upload=upload_in(given),
    )


def upload_in(given: object) -> Upload | None:
    """The upload of concepts.yml that `given` tells of, if it is such an event."""
    try:
        uploaded = given["detail"]["object"]  # type: ignore[index]
        if uploaded["key"] != CONCEPTS:
            return None
        version = uploaded.get("version-id")
        version = None if version is None else str(version)
        identity = version or str(uploaded["sequencer"])
        return Upload(str(given["time"]), version, identity)  # type: ignore[index]
    except (AttributeError, KeyError, TypeError):
        return None


def _ids(value: object) -> list[ConceptId]:
    if not isinstance(value, list):
        raise InvalidRequest(
            f"concept_ids is {_shown(value)}; it must be a list of Wikibase item ids "
            'such as ["Q69", "Q420"].'
        )
    return concept_ids(value, where="concept_ids")


def _names(value: object) -> list[str]:
    if isinstance(value, list) and value and all(isinstance(v, str) and v for v in value):
        return sorted(set(value))
    raise InvalidRequest(
        f"classifiers is {_shown(value)}; it must be a list of classifier names such as "
        '["keyword"]. Leave it out for every classifier of a concept.'
    )


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)[:100]
