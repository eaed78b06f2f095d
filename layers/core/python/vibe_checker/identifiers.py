"""Wikibase ids, and the 8-character ids of concepts and classifiers."""

import hashlib
import json
import re
from collections.abc import Iterable
from typing import NewType

from vibe_checker.errors import InvalidRequest

ConceptId = NewType("ConceptId", str)
"""A Wikibase item id that has been checked: `Q` and a positive number without leading zeros."""

KEYWORD = "keyword"
"""The name of the classifier that every concept has: by its labels."""

# No i, l, o, 0 and 1: an id is read aloud and typed from a screen.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
SHORT_ID_LENGTH = 8

_OUTPUT_ID = re.compile(r"[a-z0-9]{8}")
_CONCEPT_ID = re.compile(r"Q[1-9][0-9]*")
# Wikibase stores the number in a signed 32-bit column.
_LARGEST_NUMBER = 2**31 - 1


def is_concept_id(value: object) -> bool:
    """Whether `value` is a Wikibase item id in full, such as "Q69"."""
    return (
        isinstance(value, str)
        and len(value) <= 11
        and _CONCEPT_ID.fullmatch(value) is not None
        and concept_number(ConceptId(value)) <= _LARGEST_NUMBER
    )


def is_output_id(value: object) -> bool:
    """Whether `value` may name a classifier's folder: eight small letters and digits.

    Wider than ALPHABET, since folders made by hand or by others are read as well.
    """
    return isinstance(value, str) and _OUTPUT_ID.fullmatch(value) is not None


def concept_number(concept_id: ConceptId) -> int:
    """The number in an id: 69 for "Q69"."""
    return int(concept_id[1:])


def concept_ids(values: Iterable[object], *, where: str) -> list[ConceptId]:
    """The ids among `values`, deduplicated and sorted by number.

    `where` says in an error where the list stands, such as "concepts.yml". Raises
    InvalidRequest naming every value that is no id, with its position counted from 1, and for
    an empty list.
    """
    listed = list(values)
    bad = [
        f"item {position}: {_shown(value)}"
        for position, value in enumerate(listed, start=1)
        if not is_concept_id(value)
    ]
    if bad:
        shown = "; ".join(bad[:20]) + (f"; and {len(bad) - 20} more" if len(bad) > 20 else "")
        raise InvalidRequest(
            f"{where} holds what is not a Wikibase item id ({shown}). "
            'An id is "Q" and a number without leading zeros, such as "Q69".'
        )
    if not listed:
        raise InvalidRequest(f'{where} names no concepts. List at least one id, such as "Q69".')
    return sorted({ConceptId(str(value)) for value in listed}, key=concept_number)


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:80]}…"


def canonical_json(value: object) -> str:
    """One text for one value: keys sorted, no spaces, no NaN; lists keep their order."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def short_id(value: object) -> str:
    """Eight characters that stand for `value`, from the SHA-256 of its canonical JSON.

    JSON keeps the borders between parts, so values that merely read alike when run together
    (["ab", "c"] and ["a", "bc"]) have different ids. 31^8 ≈ 8.5e11 ids.
    """
    # Half a surrogate pair, which UTF-8 cannot hold, counts as JSON's own escape of it.
    text = canonical_json(value).encode(errors="backslashreplace")
    number = int.from_bytes(hashlib.sha256(text).digest())
    characters = []
    for _ in range(SHORT_ID_LENGTH):
        number, remainder = divmod(number, len(ALPHABET))
        characters.append(ALPHABET[remainder])
    return "".join(characters)
