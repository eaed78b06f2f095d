"""Two classifiers side by side: how far they agree, and the passages where they do not."""

from dataclasses import dataclass

from aws_lambda_powertools.event_handler import Response

from functions.web import cards, parameters
from functions.web.library import Library
from functions.web.pages import show
from functions.web.paging import Page
from functions.web.problems import BadParameter
from functions.web.request import Request
from vibe_checker.reading.comparison import SHOWN, Comparison
from vibe_checker.reading.published import Classifier

_PAIRS_A_PAGE = 25
_CHARACTERS = 2_500
SHOW_NAMES = {
    "disagree": "where they disagree",
    "only-a": "only A is positive",
    "only-b": "only B is positive",
    "both": "both are positive",
    "neither": "both are negative",
    "all": "all passages",
}


@dataclass(frozen=True)
class Pair:
    """One passage as each of the two sees it."""

    a: cards.Card
    b: cards.Card

    @property
    def verdict(self) -> str:
        """Which way they differ."""
        if self.a.positive == self.b.positive:
            return "both positive" if self.a.positive else "both negative"
        return "only A" if self.a.positive else "only B"


def compare(library: Library, request: Request, concept_id: str) -> Response[str]:
    """The agreement table, and the passages of one of its cells."""
    concept = library.catalogue.concept(parameters.concept_id(concept_id))
    a, b = (_side(library, request, concept_id, side) for side in ("a", "b"))
    (_, a_file), (_, b_file) = library.open(a), library.open(b)
    both = Comparison.of(a_file, b_file)
    chosen = parameters.choice(request, "show", SHOWN)
    text = parameters.text(request, "text")
    places = both.select(chosen, text)
    page = Page.of(request, len(places), _PAIRS_A_PAGE)
    return show(
        request,
        "compare.html",
        concept=concept,
        a=a,
        b=b,
        a_missing=len(b_file) - len(both.b_rows),
        b_missing=len(a_file) - len(both.a_rows),
        common=len(both.a_rows),
        counts={name: int(mask.sum()) for name, mask in both.masks().items()},
        kappa=both.kappa(),
        chosen=chosen,
        names=SHOW_NAMES,
        text_wanted=text,
        page=page,
        pairs=[
            _pair(both, int(place), number, cards.Search(text))
            for number, place in enumerate(page.part(places), page.start + 1)
        ],
    )


def _side(library: Library, request: Request, concept_id: str, side: str) -> Classifier:
    if not request.first(side):
        raise BadParameter(side, "name two classifiers to compare, as ?a=...&b=...")
    return library.catalogue.classifier(
        parameters.concept_id(concept_id),
        parameters.classifier_id(request.first(side), side),
        parameters.edition(request.first(f"{side}_edition"), f"{side}_edition"),
    )


def _pair(both: Comparison, place: int, number: int, search: cards.Search) -> Pair:
    a, b = both.a.record(int(both.a_rows[place])), both.b.record(int(both.b_rows[place]))
    return Pair(*(cards.of_record(each, number, search, _CHARACTERS) for each in (a, b)))
