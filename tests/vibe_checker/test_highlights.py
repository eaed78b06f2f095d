import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_checker.reading.highlights import Piece, excerpts, find, pieces
from vibe_checker.spans import Span, merge

TEXT = st.text(max_size=60)
SPANS = st.lists(st.tuples(st.integers(0, 70), st.integers(1, 30)), max_size=6).map(
    lambda pairs: merge(Span(start, start + length) for start, length in pairs)
)


def joined(cut: list[Piece]) -> str:
    return "".join(part.text for piece in cut for part in piece.parts)


def shown(text: str, spans: list[Span], hits: list[Span] | None = None) -> list[Piece]:
    return pieces(text, spans, [Span(0, len(text))], hits or [])


@pytest.mark.parametrize(
    ("text", "highlighted"),
    [
        ("R&amp;D &amp; innovation: a carbon tax shall apply.", "carbon tax"),
        ("<p>The <b>Act</b> sets a carbon tax in 2030.</p>", "carbon tax"),
        ("if x < 5 and carbon tax > 3 apply levy", "carbon tax"),
        ("a &lt;svg onload=alert(1) carbon tax", "carbon tax"),
        ("\U0001f30d\U0001f469\u200d\U0001f52c e\u0301 carbon tax \u202e", "carbon tax"),
    ],
)
def test_markup_in_the_text_moves_no_highlight_and_loses_no_character(
    text: str, highlighted: str
) -> None:
    start = text.index(highlighted)
    cut = shown(text, [Span(start, start + len(highlighted))])
    assert joined(cut) == text
    assert [joined([piece]) for piece in cut if piece.span] == [highlighted]


@given(TEXT, SPANS, SPANS)
def test_the_pieces_make_the_text_again(text: str, spans: list[Span], hits: list[Span]) -> None:
    cut = shown(text, spans, hits)
    assert joined(cut) == text
    for piece in cut:
        if piece.span:
            assert joined([piece]) == text[piece.span.start : piece.span.end]


@given(st.integers(0, 5000), SPANS, st.integers(1, 3000))
def test_excerpts_are_in_order_apart_and_fit(length: int, spans: list[Span], room: int) -> None:
    within = [span for span in spans if span.end <= length]
    stretches = excerpts(length, within, room)
    assert sum(each.end - each.start for each in stretches) <= max(room, 0)
    assert all(a.end <= b.start for a, b in zip(stretches, stretches[1:], strict=False))
    if length <= room:
        assert stretches == [Span(0, length)]


def test_a_long_passage_is_shown_around_its_marks_and_says_what_is_left_out() -> None:
    text = "x" * 50_000 + "carbon tax" + "y" * 50_000
    span = Span(50_000, 50_010)
    [stretch] = excerpts(len(text), [span], 4_000)
    cut = pieces(text, [span], [stretch], [])
    assert cut[0].skipped == stretch.start == 49_600
    assert [joined([piece]) for piece in cut if piece.span] == ["carbon tax"]
    assert len(joined(cut)) == 810


@pytest.mark.parametrize(
    ("text", "wanted", "match_case", "found"),
    [
        ("it cost 125 or 1.5", "1.5", False, [Span(15, 18)]),
        ("US$ 3 and us$", "us$", False, [Span(0, 3), Span(10, 13)]),
        ("US$ 3 and us$", "us$", True, [Span(10, 13)]),
        ("C(2) and C2", "C(2)", False, [Span(0, 4)]),
        ("\u0130 carbon", "CARBON", False, [Span(2, 8)]),
        ("(a+)+$", "(a+)+$", False, [Span(0, 6)]),
        ("anything", "", False, []),
    ],
)
def test_a_search_is_literal(text: str, wanted: str, match_case: bool, found: list[Span]) -> None:
    assert find(text, wanted, match_case=match_case) == found
