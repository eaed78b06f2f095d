"""The sentences that the corpus is made of, and how their slots are filled.

A file of them has headings, `# Q69 labelled` or `# background`, and one sentence a line.
`[shall be|is]` is a choice; `{river}` is a slot, filled from the document's country, from a
list in slots.yml or with a number; `+Q420` at the end says that the sentence is about that
concept, besides the heading's.
"""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CORPUS = Path(__file__).parent / "corpus"

_CHOICE = re.compile(r"\[([^\]]*\|[^\]]*)\]")
_SLOT = re.compile(r"\{(\w+)\}")
_MARKED = re.compile(r"\s\+(Q\d+)")

# Slots that are drawn as numbers, each from the range that reads naturally in the sentences.
_NUMBERS: dict[str, Callable[[random.Random], str]] = {
    "number": lambda draw: str(draw.randint(2, 24)),
    "percent": lambda draw: str(draw.choice([3, 5, 8, 12, 15, 20, 25, 30, 35, 40, 45, 60, 75])),
    "capacity": lambda draw: str(draw.choice([40, 90, 120, 250, 400, 650, 800])),
    "households": lambda draw: f"{draw.randint(3, 480) * 100:,}",
    "year": lambda draw: str(draw.choice(range(2025, 2051))),
    "past": lambda draw: str(draw.choice(range(2004, 2024))),
}

Slots = dict[str, Any]


@dataclass(frozen=True)
class Template:
    """A sentence before its slots are filled.

    `kind` is the heading's word: labelled, paraphrased, near_miss, background, neutral,
    boilerplate, french or spanish. `about` is the concept of the heading, if it has one;
    `concepts` are those that the sentence is truly about: a near miss is about none.
    """

    text: str
    kind: str
    about: str | None
    concepts: frozenset[str]


def read_templates(path: Path) -> list[Template]:
    """The templates of one file, in its order."""
    return list(_templates(path.read_text(encoding="utf-8")))


def _templates(content: str) -> Iterator[Template]:
    about, kind = None, ""
    for line in content.splitlines():
        if line.startswith("#"):
            *concept, kind = line[1:].split()
            about = concept[0] if concept else None
        elif line and not line.startswith(";"):
            yield _template(line, kind, about)


def _template(line: str, kind: str, about: str | None) -> Template:
    concepts = set(_MARKED.findall(line))
    if about and kind != "near_miss":
        concepts.add(about)
    return Template(_MARKED.sub("", line), kind, about, frozenset(concepts))


def read_slots() -> Slots:
    """slots.yml: slot → its values, and the countries with their names."""
    slots: Slots = yaml.safe_load((CORPUS / "slots.yml").read_text(encoding="utf-8"))
    return slots


def fill(text: str, place: dict[str, str], slots: Slots, draw: random.Random) -> str:
    """`text` with its choices made and its slots filled; an unknown slot is a KeyError."""

    def value(slot: re.Match[str]) -> str:
        name = slot[1]
        if name in place:
            return place[name]
        return _NUMBERS[name](draw) if name in _NUMBERS else str(draw.choice(slots[name]))

    chosen = _CHOICE.sub(lambda choice: draw.choice(choice[1].split("|")), text)
    return _SLOT.sub(value, chosen)
