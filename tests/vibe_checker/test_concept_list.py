import pytest
from hypothesis import given
from hypothesis import strategies as st

from vibe_checker.concept_list import parse
from vibe_checker.errors import InvalidRequest


@pytest.mark.parametrize(
    "body",
    [
        b"- Q69\n- Q420  # flood\n",
        b"concepts: [Q420, Q69]",
        b'["Q69", "Q420", "Q69"]',
        b"\xef\xbb\xbf- Q69\n- Q420\n",
    ],
)
def test_a_list_or_a_mapping_with_the_list_is_read(body: bytes) -> None:
    assert parse(body) == ["Q69", "Q420"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "concepts.yml names no concepts"),
        (b"# nothing yet\n", "concepts.yml names no concepts"),
        (b"concepts:", "concepts.yml names no concepts"),
        (b"- Q69\n - Q420: [", "concepts.yml is not valid YAML"),
        (b"\xff\xfe\x00", "concepts.yml is not valid YAML"),
        (b"Q69", "holds the str 'Q69' where a list of ids belongs"),
        (b"ids: [Q69]", "holds a mapping with the keys ids where"),
        (b"- q69\n- Q0\n- Q069", "item 1: 'q69'; item 2: 'Q0'; item 3: 'Q069'"),
        (b'- "Q1\\n"', r"item 1: 'Q1\n'"),
        (b"- 69", "item 1: 69"),
        (b"- [Q69]", "item 1: ['Q69']"),
        (b"- !!python/object/apply:os.system [ls]", "not valid YAML"),
    ],
)
def test_what_is_no_list_of_ids_is_refused_with_the_reason(body: bytes, message: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        parse(body)
    assert message in str(caught.value)


def test_a_yaml_bomb_is_refused_before_it_unfolds() -> None:
    bomb = "a: &a [Q1]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n"
    with pytest.raises(InvalidRequest, match="an alias stands in line 2"):
        parse(bomb.encode())


def test_a_file_that_is_no_list_by_its_size_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="2,100,000 bytes"):
        parse(b"- Q1\n" * 420_000)


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="not valid YAML"):
        parse(b"[" * 20_000)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_the_file_holds_ids_come_out_or_one_of_our_errors(body: bytes) -> None:
    try:
        assert parse(body)
    except InvalidRequest as error:
        assert "concepts.yml" in str(error)
