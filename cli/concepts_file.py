"""Edit concepts.yml as a person would: comments, order and layout stay as they are.

The YAML is parsed for where its items stand; the edit itself is made in the text.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from botocore.exceptions import ClientError

from cli.errors import Unreachable, Wrong
from vibe_checker import concept_list
from vibe_checker.bucket import Bucket
from vibe_checker.identifiers import ConceptId, concept_ids
from vibe_checker.keys import CONCEPTS

# Edits of others that may come between before we give up; each costs two requests.
_TRIES = 10
_CHANGED_MEANWHILE = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"}


@dataclass(frozen=True)
class Listed:
    """An id in the file, the places in the text that it takes up, and the comment behind it."""

    concept_id: str
    start: int
    end: int
    comment: str


def listed(text: str) -> list[Listed]:
    """The ids as they stand in the file, in its order; raises InvalidRequest for a bad file."""
    concept_list.parse(text.encode())
    sequence = _sequence(text)
    nodes = sequence.value if sequence else []
    return [
        Listed(node.value, node.start_mark.index, node.end_mark.index, _comment(text, node))
        for node in nodes
    ]


def added(text: str, wanted: Mapping[str, str]) -> str:
    """The text with the ids of `wanted` at the end of its list, each with its comment."""
    sequence = _sequence(text)
    have = {node.value for node in sequence.value} if sequence else set()
    new = {concept_id: comment for concept_id, comment in wanted.items() if concept_id not in have}
    if not new:
        return text
    expected = concept_ids([*have, *new], where=CONCEPTS)
    if sequence and sequence.flow_style:
        changed = _added_to_flow(text, sequence, list(new))
    else:
        changed = _added_to_block(text, sequence, new)
    return _checked(changed, expected)


def removed(text: str, unwanted: set[str]) -> str:
    """The text without the ids in `unwanted`; raises Wrong if none would remain."""
    sequence = _sequence(text)
    nodes = sequence.value if sequence else []
    remaining = [node.value for node in nodes if node.value not in unwanted]
    if len(remaining) == len(nodes):
        return text
    if not remaining:
        raise Wrong(f"{CONCEPTS} would name no concept any more; a run needs at least one.")
    # From the end, so that the places before stay right.
    for number in reversed(range(len(nodes))):
        if nodes[number].value in unwanted:
            start, end = _extent(text, sequence, number)
            text = text[:start] + text[end:]
            sequence = _sequence(text)
            nodes = sequence.value if sequence else []
    return _checked(text, concept_ids(remaining, where=CONCEPTS))


def edit(bucket: Bucket, change: Callable[[str], str]) -> str | None:
    """Apply `change` to the bucket's concepts.yml; returns the new text, None if nothing changed.

    The upload holds only if nobody has uploaded another meanwhile; else the change is applied
    again, to theirs.
    """
    for _ in range(_TRIES):
        text, condition = _fetch(bucket)
        changed = change(text)
        if changed == text:
            return None
        try:
            bucket.client.put_object(
                Bucket=bucket.name,
                Key=CONCEPTS,
                Body=changed.encode(),
                ContentType="application/yaml",
                **condition,
            )
            return changed
        except ClientError as error:
            if error.response["Error"].get("Code") not in _CHANGED_MEANWHILE:
                raise
    raise Unreachable(f"Others keep changing {CONCEPTS}; try again in a moment.")


def _fetch(bucket: Bucket) -> tuple[str, dict[str, Any]]:
    """The text, and the condition under which it may be replaced."""
    try:
        found = bucket.client.get_object(Bucket=bucket.name, Key=CONCEPTS)
    except bucket.client.exceptions.NoSuchKey:
        return "", {"IfNoneMatch": "*"}
    return found["Body"].read().decode(), {"IfMatch": found["ETag"]}


def _sequence(text: str) -> yaml.SequenceNode | None:
    """The list of ids in the file, None where it has none yet."""
    if not text.strip():
        return None
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        concept_list.parse(text.encode())  # says what is wrong in our words
        raise
    if isinstance(node, yaml.MappingNode) and len(node.value) == 1:
        node = node.value[0][1]
    if node is None or isinstance(node, yaml.SequenceNode):
        return node
    concept_list.parse(text.encode())
    raise Wrong(f"{CONCEPTS} holds no list yet; write a first id into it by hand.")


def _added_to_block(text: str, sequence: yaml.SequenceNode | None, new: Mapping[str, str]) -> str:
    newline = "\r\n" if "\r\n" in text else "\n"
    place, prefix = len(text), "- "
    if sequence:
        last = sequence.value[-1]
        place = _line_end(text, last.end_mark.index)
        prefix = text[_line_start(text, last.start_mark.index) : last.start_mark.index]
    lines = [
        f"{prefix}{concept_id}" + (f"  # {' '.join(comment.split())}" if comment else "")
        for concept_id, comment in new.items()
    ]
    before = text[:place]
    if before and not before.endswith("\n"):
        before += newline
    return before + newline.join(lines) + newline + text[place:]


def _added_to_flow(text: str, sequence: yaml.SequenceNode, new: list[str]) -> str:
    if not sequence.value:
        place = sequence.start_mark.index + 1
        return text[:place] + ", ".join(new) + text[place:]
    last = sequence.value[-1]
    indent = text[_line_start(text, last.start_mark.index) : last.start_mark.index]
    # One id on each line, or all on one: as it was.
    between = ", " if indent.strip() or not indent else f",\n{indent}"
    place = last.end_mark.index
    return text[:place] + "".join(between + each for each in new) + text[place:]


def _extent(text: str, sequence: yaml.SequenceNode | None, number: int) -> tuple[int, int]:
    """From where to where an item and what belongs to it go."""
    assert sequence is not None
    node = sequence.value[number]
    if not sequence.flow_style:
        return _line_start(text, node.start_mark.index), _line_end(text, node.end_mark.index)
    if number + 1 < len(sequence.value):
        return node.start_mark.index, sequence.value[number + 1].start_mark.index
    return sequence.value[number - 1].end_mark.index, node.end_mark.index


def _comment(text: str, node: yaml.Node) -> str:
    rest = text[node.end_mark.index : _line_end(text, node.end_mark.index)].strip()
    return rest.lstrip("# ") if rest.startswith("#") else ""


def _line_start(text: str, place: int) -> int:
    return text.rfind("\n", 0, place) + 1


def _line_end(text: str, place: int) -> int:
    """Behind the line break of the line that `place` is in."""
    found = text.find("\n", place)
    return len(text) if found < 0 else found + 1


def _checked(text: str, expected: list[ConceptId]) -> str:
    """The text, if it lists exactly what it should: an edit that goes wrong is not uploaded."""
    if concept_list.parse(text.encode()) != expected:
        raise Wrong(f"{CONCEPTS} is laid out in a way that only a person can edit; do it by hand.")
    return text
