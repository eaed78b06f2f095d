"""What is published: which concepts, which classifiers of each, and what they were made of.

A classifier is listed once its classifier.json is there, and read in the versions that it names.
Listings are always fresh; a file is kept in memory only as long as its ETag is the one listed. So
a new result shows at once, and a second look costs no reading. What concepts there are a listing
tells; their files are read for those alone that are looked at.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError

from vibe_checker import keys
from vibe_checker.bucket import Bucket, Pin
from vibe_checker.errors import InvalidInput, MissingInput
from vibe_checker.identifiers import ConceptId, concept_number, is_concept_id, is_output_id
from vibe_checker.publication import CLASSIFIER, CONCEPT, PREDICTIONS
from vibe_checker.reading.published import Classifier, PublishedConcept

# Reading is waiting: so many at once.
_READERS = 32
# S3 lists so many keys a request, and each request names the next. What does not fit one is
# listed by the next digit of the ids, all ten at once: 10,000 concepts are two such steps away.
_ONE_PAGE = 1000


# The classifier.json of each classifier, by concept.
Marks = Mapping[ConceptId, list[Pin]]


class Catalogue:
    """Everything that is published in a bucket."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._kept: dict[tuple[str, str | None], tuple[str, dict[str, Any]]] = {}

    def published(self) -> Marks:
        """Every concept that has a classifier, by number, without reading a file."""
        return _by_concept(self._everything())

    def concepts(self, marks: Marks) -> list[PublishedConcept]:
        """These concepts with what their files say, in the order given."""
        flat = [pin for pins in marks.values() for pin in pins]
        read = dict(zip(flat, self._read_all(flat), strict=True))
        found = {
            concept_id: sorted(
                (_classifier(pin, *read[pin]) for pin in pins),
                key=lambda each: each.newest_first,
                reverse=True,
            )
            for concept_id, pins in marks.items()
        }
        abouts = self._briefly([classifiers[0] for classifiers in found.values()])
        return [
            PublishedConcept(concept_id, classifiers, about)
            for (concept_id, classifiers), about in zip(found.items(), abouts, strict=True)
        ]

    def concept(self, concept_id: ConceptId) -> PublishedConcept:
        """One concept; raises MissingInput where nothing of it is published."""
        marks = _by_concept(self._bucket.listed(f"{concept_id}/"))
        if not marks:
            raise MissingInput(f"Nothing is published for {concept_id}.")
        found = self.concepts(marks)[0]
        return replace(found, about=self.about(found.newest))

    def classifier(self, concept_id: ConceptId, classifier_id: str, edition: str) -> Classifier:
        """One classifier, or an earlier edition of it; raises MissingInput, InvalidInput."""
        key = keys.output_prefix(concept_id, classifier_id) + CLASSIFIER
        # Asked of the listing: who may list outputs only is told "denied" for a missing object.
        if not any(pin.key == key for pin in self._bucket.listed(key)):
            raise MissingInput(f"{concept_id} has no classifier {classifier_id} that is published.")
        record = self._bucket.read_json(key, edition or None)
        if not isinstance(record, dict):
            raise InvalidInput(f"{key} holds {type(record).__name__}; it must be an object.")
        return Classifier(concept_id, classifier_id, record, edition)

    def editions(self, concept: PublishedConcept) -> dict[str, list[Classifier]]:
        """Classifier id → its earlier editions that can still be read, the newest first."""
        current = {each.prefix + CLASSIFIER for each in concept.classifiers}
        versions: dict[str, list[Pin]] = {key: [] for key in current}
        for pin in self._bucket.history(f"{concept.id}/"):
            if pin.key in current:
                versions[pin.key].append(pin)
        earlier = [pin for pins in versions.values() for pin in pins[1:]]
        found: dict[str, list[Classifier]] = defaultdict(list)
        for pin, (record, _) in zip(earlier, self._read_all(earlier), strict=True):
            if record:
                edition = _classifier(pin, record, "", pin.version_id or "")
                found[edition.id].append(edition)
        return found

    def labels(self, classifiers: Mapping[str, str]) -> dict[str, str]:
        """Concept id → label, for concepts given with one of their classifiers' ids."""
        known = [
            Classifier(ConceptId(concept_id), classifier_id, {})
            for concept_id, classifier_id in classifiers.items()
            if is_concept_id(concept_id) and is_output_id(classifier_id)
        ]
        abouts = zip(known, self._abouts(known), strict=True)
        labels = ((c.concept_id, str(about.get("preferred_label") or "")) for c, about in abouts)
        return {concept_id: label for concept_id, label in labels if label}

    def about(self, classifier: Classifier) -> dict[str, Any]:
        """The concept as it was classified; empty where concept.json cannot be read."""
        return self._abouts([classifier])[0]

    def predictions(self, classifier: Classifier) -> Pin:
        """The file of a classifier's predictions, in the version that is published."""
        return self._bucket.pin(classifier.prefix + PREDICTIONS, classifier.version(PREDICTIONS))

    def _everything(self) -> list[Pin]:
        found: list[Pin] = []
        prefixes = ["Q"]
        while prefixes:
            with ThreadPoolExecutor(_READERS) as pool:
                parts = list(pool.map(self._listed, prefixes))
            crowded = [p for p, part in zip(prefixes, parts, strict=True) if part is None]
            found += [pin for part in parts if part is not None for pin in part]
            prefixes = [prefix + digit for prefix in crowded for digit in "0123456789/"]
        return found

    def _listed(self, prefix: str) -> list[Pin] | None:
        """What lies below a prefix; None where that is to be asked for digit by digit."""
        pins = self._bucket.listed(prefix)
        if prefix.endswith("/"):
            return list(pins)
        first = list(islice(pins, _ONE_PAGE))
        return first if len(first) < _ONE_PAGE else None

    def _abouts(self, classifiers: list[Classifier]) -> list[dict[str, Any]]:
        pins = [
            Pin(c.prefix + CONCEPT, c.version(CONCEPT), 0, c.version(CONCEPT) or "")
            for c in classifiers
        ]
        return [about for about, _ in self._read_all(pins)]

    def _briefly(self, classifiers: list[Classifier]) -> list[dict[str, Any]]:
        """Label and description of each one's concept: from its own record, else concept.json."""
        briefs = {each.prefix: each.record.get("concept") for each in classifiers}
        silent = [each for each in classifiers if not isinstance(briefs[each.prefix], dict)]
        briefs |= zip((each.prefix for each in silent), self._abouts(silent), strict=True)
        return [briefs[each.prefix] or {} for each in classifiers]

    def _read_all(self, pins: list[Pin]) -> list[tuple[dict[str, Any], str]]:
        """Each file's object of JSON, and why it is empty if it could not be read."""
        missing = [pin for pin in pins if not self._is_kept(pin)]
        with ThreadPoolExecutor(_READERS) as pool:
            read = dict(zip(missing, pool.map(self._read, missing), strict=True))
        return [read[pin] if pin in read else (self._kept[_place(pin)][1], "") for pin in pins]

    def _is_kept(self, pin: Pin) -> bool:
        stamp, _ = self._kept.get(_place(pin), ("", None))
        return bool(pin.etag) and stamp == pin.etag

    def _read(self, pin: Pin) -> tuple[dict[str, Any], str]:
        try:
            value = self._bucket.read_json(pin.key, pin.version_id)
        except (InvalidInput, MissingInput) as error:
            return {}, str(error)
        except ClientError as error:
            # Who may list outputs only is told "denied" for what is not there, and a version id
            # that S3 never gave is an invalid argument.
            if error.response["Error"]["Code"] not in ("AccessDenied", "InvalidArgument"):
                raise
            return {}, f"{pin.key} is not there, or may not be read."
        if not isinstance(value, dict):
            return {}, f"{pin.key} holds {type(value).__name__}; it must be an object."
        self._kept[_place(pin)] = (pin.etag, value)
        return value, ""


def _place(pin: Pin) -> tuple[str, str | None]:
    return pin.key, pin.version_id


def _by_concept(listed: Iterable[Pin]) -> Marks:
    found: dict[ConceptId, list[Pin]] = defaultdict(list)
    for pin in listed:
        if _is_mark(pin.key):
            found[ConceptId(pin.key.split("/")[0])].append(pin)
    return {concept_id: found[concept_id] for concept_id in sorted(found, key=concept_number)}


def _classifier(pin: Pin, record: dict[str, Any], error: str, edition: str = "") -> Classifier:
    concept_id, classifier_id, _ = pin.key.split("/")
    return Classifier(ConceptId(concept_id), classifier_id, record, edition, error)


def _is_mark(key: str) -> bool:
    parts = key.split("/")
    return (
        len(parts) == 3
        and parts[2] == CLASSIFIER
        and is_concept_id(parts[0])
        and is_output_id(parts[1])
    )
