"""concepts.yml: the list of concepts that a run without ids of its own classifies."""

from vibe_checker.errors import InvalidRequest
from vibe_checker.identifiers import ConceptId, concept_ids
from vibe_checker.keys import CONCEPTS
from vibe_checker.parsing import yaml_value

# A list of 10,000 ids is some 80 kB; PyYAML reads 100 to 200 kB a second.
_LARGEST_BYTES = 2_000_000


def parse(body: bytes) -> list[ConceptId]:
    """The ids in concepts.yml, deduplicated and sorted by number.

    Accepts a list of ids, or a mapping whose one key `concepts` holds that list. Raises
    InvalidRequest that says what is wrong and where.
    """
    if len(body) > _LARGEST_BYTES:
        raise InvalidRequest(
            f"{CONCEPTS} has {len(body):,} bytes; a list of ids has at most {_LARGEST_BYTES:,}."
        )
    try:
        value = yaml_value(body)
    except ValueError as error:
        raise InvalidRequest(f"{CONCEPTS} is not valid YAML: {error}") from error
    if isinstance(value, dict) and set(value) == {"concepts"}:
        value = value["concepts"]
    if value is None:
        value = []
    if not isinstance(value, list):
        raise InvalidRequest(
            f"{CONCEPTS} holds {_kind(value)} where a list of ids belongs: "
            '["Q69", "Q420"], or {concepts: ["Q69", "Q420"]}.'
        )
    return concept_ids(value, where=CONCEPTS)


def _kind(value: object) -> str:
    if isinstance(value, dict):
        return f"a mapping with the keys {', '.join(sorted(map(str, value)))[:200]}"
    return f"the {type(value).__name__} {str(value)[:100]!r}"
