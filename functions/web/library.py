"""What the pages and the API have in common: the bucket's outputs, open while we are warm."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from functions.web import parameters
from functions.web.request import Request
from vibe_checker.bucket import Bucket, Pin
from vibe_checker.reading.catalogue import Catalogue
from vibe_checker.reading.filters import Filters, Selection
from vibe_checker.reading.opened import OpenedFiles
from vibe_checker.reading.predictions_file import PredictionsFile
from vibe_checker.reading.published import Classifier
from vibe_checker.reading.runs import Runs

_SELECTIONS = 20


@dataclass(frozen=True)
class View:
    """A classifier, its file, and what the filters of an address select of it."""

    classifier: Classifier
    pin: Pin
    file: PredictionsFile
    selection: Selection


class Library:
    """Reads the outputs of one bucket."""

    def __init__(self, bucket: Bucket) -> None:
        self.bucket = bucket
        self.catalogue = Catalogue(bucket)
        self.runs = Runs(bucket)
        self._opened = OpenedFiles(bucket)
        self._selections: OrderedDict[tuple[Pin, str], Selection] = OrderedDict()
        self._labels: dict[tuple[str, str], str] = {}

    def classifier(self, request: Request, concept_id: str, classifier_id: str) -> Classifier:
        """The classifier that a path and its `edition` name."""
        return self.catalogue.classifier(
            parameters.concept_id(concept_id),
            parameters.classifier_id(classifier_id),
            parameters.edition(request.first("edition")),
        )

    def open(self, classifier: Classifier) -> tuple[Pin, PredictionsFile]:
        """A classifier's predictions, and which version of them."""
        pin = self.catalogue.predictions(classifier)
        return pin, self._opened.get(pin)

    def view(self, request: Request, concept_id: str, classifier_id: str) -> View:
        """What an address asks for."""
        classifier = self.classifier(request, concept_id, classifier_id)
        pin, file = self.open(classifier)
        filters = parameters.filters(request, file.columns)
        return View(classifier, pin, file, self._select(pin, file, filters, classifier.threshold))

    def labels(self, run_id: str, results: list[dict[str, Any]]) -> dict[str, str]:
        """Concept id → label, for those of a run's results that published something."""
        published = {
            str(result.get("concept_id")): str(classifier["classifier_id"])
            for result in results
            for classifier in result.get("classifiers") or []
            if "classifier_id" in classifier
        }
        missing = {c: p for c, p in published.items() if (run_id, c) not in self._labels}
        for concept_id, label in self.catalogue.labels(missing).items():
            self._labels[run_id, concept_id] = label
        return {c: self._labels[run_id, c] for c in published if (run_id, c) in self._labels}

    def _select(
        self, pin: Pin, file: PredictionsFile, filters: Filters, threshold: float
    ) -> Selection:
        """The selection, kept for the next page of it as long as its file is."""
        key = (pin, repr((filters, threshold)))
        if key not in self._selections:
            self._selections[key] = Selection(file, filters, threshold)
            for other in [other for other in self._selections if other[0] not in self._opened]:
                del self._selections[other]
            if len(self._selections) > _SELECTIONS:
                self._selections.popitem(last=False)
        self._selections.move_to_end(key)
        return self._selections[key]
