"""What is published of a concept: the classifiers that ran, and what they were made of."""

from dataclasses import dataclass
from typing import Any

from vibe_checker import keys
from vibe_checker.identifiers import ConceptId


@dataclass(frozen=True)
class Classifier:
    """One classifier's published predictions.

    `record` is its classifier.json (empty where that is unreadable, and then `error` says why);
    `edition` the version id of an earlier one, "" for the current one.
    """

    concept_id: ConceptId
    id: str
    record: dict[str, Any]
    edition: str = ""
    error: str = ""

    @property
    def prefix(self) -> str:
        """Where its three files lie."""
        return keys.output_prefix(self.concept_id, self.id)

    @property
    def name(self) -> str:
        """What people call it."""
        return str(self.record.get("name") or self.id)

    @property
    def date(self) -> str:
        """The ISO day of the run that made it, "" where that is not recorded."""
        return str(self.record.get("date") or "")

    @property
    def run_id(self) -> str:
        """The run that made it; "" for files uploaded by hand."""
        return str(self.record.get("run_id") or "")

    @property
    def passages(self) -> int | None:
        """How many passages were classified, where that is recorded."""
        return self._count("passages")

    @property
    def positives(self) -> int | None:
        """How many of them are positive, where that is recorded."""
        return self._count("positives")

    @property
    def share(self) -> float | None:
        """The positives' share of the passages."""
        if self.positives is None or not self.passages:
            return None
        return self.positives / self.passages

    @property
    def threshold(self) -> float:
        """From which probability on a passage is positive."""
        value = self.record.get("threshold")
        return float(value) if isinstance(value, int | float) else 0.5

    def version(self, name: str) -> str | None:
        """The version id of one of its files, None where the current one is meant."""
        versions = self.record.get("versions")
        version = versions.get(name) if isinstance(versions, dict) else None
        return version if isinstance(version, str) and version else None

    def _count(self, name: str) -> int | None:
        counts = self.record.get("counts")
        value = counts.get(name) if isinstance(counts, dict) else None
        return value if isinstance(value, int) else None

    @property
    def newest_first(self) -> tuple[str, str]:
        """What to sort by, descending: the run's id tells the second, a date only the day."""
        return (self.run_id or self.date, self.id)


@dataclass(frozen=True)
class PublishedConcept:
    """A concept with its classifiers, the newest first; `about` is the newest's concept.json."""

    id: ConceptId
    classifiers: list[Classifier]
    about: dict[str, Any]

    @property
    def label(self) -> str:
        """What people call it."""
        return str(self.about.get("preferred_label") or self.id)

    @property
    def description(self) -> str:
        """One line about it, "" where there is none."""
        return str(self.about.get("description") or "")

    @property
    def newest(self) -> Classifier:
        """The classifier that ran last."""
        return self.classifiers[0]
