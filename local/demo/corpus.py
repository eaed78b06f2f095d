"""The demo's corpus: passages of invented documents of invented countries.

Every passage has a core sentence, which decides what the passage is about, and neutral sentences
around it. The draws are seeded, so the corpus is the same on every machine.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from local.demo.page_noise import spoil
from local.demo.templates import CORPUS, Slots, Template, fill, read_slots, read_templates

_SEED = 69
_DOCUMENTS = 84
# How many passages each template is the core of. Together some 2,700 passages: enough for pages
# of results, few enough to be embedded in well under a minute on two cores.
_COPIES = {"labelled": 8, "paraphrased": 8, "near_miss": 6, "background": 14}
_FOREIGN_COPIES = 8
_BOILERPLATE_COPIES = 24
_SECOND_CORE = 0.08
_LANGUAGES = {"french": "fr", "spanish": "es"}


@dataclass(frozen=True)
class Document:
    """Where passages come from; None is what the real pipeline leaves out now and then."""

    place: dict[str, str]
    metadata: dict[str, Any]


@dataclass(frozen=True)
class Passage:
    """One row of the corpus.

    `concepts` is the truth: the ids of all concepts that the passage is about. `kind` is its
    core's, `cores` are the template texts behind it, by which a hold-out can be drawn so that no
    sentence is seen in training and in testing.
    """

    text: str
    concepts: frozenset[str]
    kind: str
    about: str | None
    cores: tuple[str, ...]
    metadata: dict[str, Any]


def passages() -> list[Passage]:
    """All passages, in the order of the feather's rows: document by document."""
    return Writer(random.Random(_SEED)).write()


class Writer:
    """Writes the corpus with one source of chance."""

    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.slots: Slots = read_slots()
        templates = read_templates(CORPUS / "concepts.txt") + read_templates(CORPUS / "other.txt")
        self.by_kind: dict[str, list[Template]] = {}
        for template in templates:
            self.by_kind.setdefault(template.kind, []).append(template)

    def write(self) -> list[Passage]:
        """Deal the cores out to the documents and write each document's passages."""
        documents = [self.document(number) for number in range(_DOCUMENTS)]
        cores = self.cores()
        self.draw.shuffle(cores)
        return [
            self.passage(documents[number], cores[row], page_row)
            for number in range(_DOCUMENTS)
            for page_row, row in enumerate(range(number, len(cores), _DOCUMENTS))
        ]

    def cores(self) -> list[Template]:
        """Every template as often as it is to be a core."""
        copies = {**_COPIES, "boilerplate": _BOILERPLATE_COPIES}
        copies |= dict.fromkeys(_LANGUAGES, _FOREIGN_COPIES)
        return [
            template
            for kind, number in copies.items()
            for template in self.by_kind[kind]
            for _ in range(number)
        ]

    def document(self, number: int) -> Document:
        """An invented document; several of its metadata may be missing."""
        place = dict(self.draw.choice(self.slots["countries"]))
        title = fill(self.draw.choice(self.slots["title"]), place, self.slots, self.draw)
        slug = title.lower().replace(" ", "-")
        corpus_type = self.draw.choice(self.slots["corpus_type"])
        published = datetime(2004, 1, 1) + timedelta(days=self.draw.randrange(20 * 365))
        metadata = {
            "document_id": f"DEMO.{place['code']}.{number + 1}.0",
            "document_name": self.perhaps(title, 0.9),
            "document_slug": self.perhaps(f"{slug}-{number + 1}", 0.8),
            "family_slug": self.perhaps(slug, 0.8),
            "translated": self.perhaps(self.draw.random() < 0.15, 0.9),
            "publication_ts": self.perhaps(published, 0.88),
            "document_metadata.corpus_type_name": corpus_type,
            "document_metadata.geographies": self.perhaps([place["code"]], 0.93),
            "world_bank_region": self.perhaps(place["world_region"], 0.9),
        }
        return Document(place, metadata)

    def perhaps(self, value: Any, share: float) -> Any:
        """The value, or None where the metadata is missing."""
        return value if self.draw.random() < share else None

    def passage(self, document: Document, core: Template, row: int) -> Passage:
        """One passage of a document with `core` as what it says."""
        cores = [core]
        if core.kind in _COPIES:
            if core.kind != "near_miss" and self.draw.random() < _SECOND_CORE:
                cores.append(self.draw.choice(self.by_kind["labelled"]))
            sentences = [fill(c.text, document.place, self.slots, self.draw) for c in cores]
            text = spoil(self.in_register(document, sentences), self.draw)
        else:
            text = fill(core.text, document.place, self.slots, self.draw)
        concepts = frozenset().union(*(c.concepts for c in cores))
        texts = tuple(c.text for c in cores)
        metadata = document.metadata | self.block(core, row)
        return Passage(text, concepts, core.kind, core.about, texts, metadata)

    def block(self, core: Template, row: int) -> dict[str, Any]:
        """The metadata of a text block within its document."""
        confidence = self.perhaps(round(self.draw.uniform(0.5, 1.0), 3), 0.85)
        return {
            "text_block.text_block_id": f"b{row + 1}",
            "text_block.page_number": self.perhaps(1 + row // 6, 0.95),
            "text_block.language": self.perhaps(_LANGUAGES.get(core.kind, "en"), 0.97),
            "text_block.type": self.draw.choice(["Text", "Text", "Text", "List", "Table"]),
            "text_block.type_confidence": confidence,
        }

    def in_register(self, document: Document, sentences: list[str]) -> str:
        """The sentences as an article, a measure, a budget line or plain text."""
        draw = self.draw
        form = draw.choice(["article", "paragraph", "measure", "plain", "plain", "table", "budget"])
        if form == "budget":
            return self.budget_line(document, sentences)
        body = " ".join(self.surrounded(document, sentences))
        heading = {
            "article": f"Article {draw.randint(1, 140)}. ",
            "paragraph": f"({draw.randint(1, 9)}) ",
            "measure": f"Measure {draw.choice('ABCDE')}{draw.randint(1, 30)} – ",
        }.get(form, "")
        ending = f" (see Table {draw.randint(1, 40)})" if form == "table" else ""
        return f"{heading}{body}{ending}"

    def surrounded(self, document: Document, sentences: list[str]) -> Iterator[str]:
        """Up to two neutral sentences before, the sentences, and up to three after."""
        before, after = self.draw.choice([0, 0, 0, 1, 2]), self.draw.choice([0, 1, 1, 2, 3])
        neutral = self.draw.sample(self.by_kind["neutral"], before + after)
        filled = [fill(n.text, document.place, self.slots, self.draw) for n in neutral]
        yield from [*filled[:before], *sentences, *filled[before:]]

    def budget_line(self, document: Document, sentences: list[str]) -> str:
        """A row of a budget table, its cells joined by bars."""
        sector, unit = self.draw.choice(self.slots["sector"]), self.draw.choice(self.slots["unit"])
        sums = " | ".join(f"{self.draw.randint(2, 900) * 10:,}" for _ in range(3))
        programme = f"Programme {self.draw.randint(100, 999)} {sector}"
        return f"{programme} | {' '.join(sentences)} | {unit} | {sums} | {document.place['agency']}"
