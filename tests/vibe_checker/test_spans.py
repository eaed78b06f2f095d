from hypothesis import given
from hypothesis import strategies as st

from vibe_checker.spans import Span, merge, without_overlaps

SPANS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 8)).map(lambda pair: Span(pair[0], sum(pair)))
)


def covered(spans: list[Span]) -> set[int]:
    return {place for span in spans for place in range(span.start, span.end)}


@given(SPANS)
def test_merged_spans_cover_the_same_characters_and_do_not_overlap(spans: list[Span]):
    merged = merge(spans)

    assert covered(merged) == covered(spans)
    assert merged == sorted(merged)
    assert all(one.end <= other.start for one, other in zip(merged, merged[1:], strict=False))


@given(SPANS, SPANS)
def test_what_shares_a_character_with_the_unwanted_is_out(spans: list[Span], unwanted: list[Span]):
    walls = covered(unwanted)

    assert without_overlaps(spans, unwanted) == sorted(
        span for span in spans if not covered([span]) & walls
    )


def test_spans_that_touch_stay_apart():
    assert merge([Span(3, 5), Span(0, 3)]) == [Span(0, 3), Span(3, 5)]


def test_a_chain_of_overlaps_is_one_span_with_the_highest_probability():
    chain = [Span(0, 4, 0.2), Span(3, 6, None), Span(5, 9, 0.7)]

    assert merge(chain) == [Span(0, 9, 0.7)]
