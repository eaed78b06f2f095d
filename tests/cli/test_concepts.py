from collections.abc import Callable

import pytest
from typer.testing import Result

from cli import concepts_file
from cli.errors import Wrong
from vibe_checker.bucket import Bucket
from vibe_checker.keys import CONCEPTS


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("- Q1 # one\n# two\n- Q2\n\n# end\n", "- Q1 # one\n# two\n- Q2\n- Q9  # nine\n\n# end\n"),
        ("concepts:\n  - Q1", "concepts:\n  - Q1\n  - Q9  # nine\n"),
        ("[Q1, Q2] # both\n", "[Q1, Q2, Q9] # both\n"),
        ("[\n  Q1, # one\n  Q2\n]\n", "[\n  Q1, # one\n  Q2,\n  Q9\n]\n"),
        ("- Q1\r\n", "- Q1\r\n- Q9  # nine\r\n"),
        ("", "- Q9  # nine\n"),
        ("# none yet\n", "# none yet\n- Q9  # nine\n"),
        ("concepts: []\n", "concepts: [Q9]\n"),
    ],
)
def test_a_concept_is_added_at_the_end_and_all_else_stays(before: str, after: str) -> None:
    assert concepts_file.added(before, {"Q9": "nine"}) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("- Q1 # one\n# two\n- Q2\n", "# two\n- Q2\n"),
        ("- Q2\n- Q1\n- Q3 # three\n- Q1\n", "- Q2\n- Q3 # three\n"),
        ("[Q1, Q2]\n", "[Q2]\n"),
        ("[Q2, Q1]\n", "[Q2]\n"),
    ],
)
def test_a_concept_is_removed_with_its_comment_and_all_else_stays(before: str, after: str) -> None:
    assert concepts_file.removed(before, {"Q1"}) == after


def test_the_last_concept_cannot_be_removed() -> None:
    with pytest.raises(Wrong, match="at least one"):
        concepts_file.removed("- Q1\n", {"Q1"})


def test_an_edit_of_somebody_else_is_kept(bucket: Bucket) -> None:
    bucket.write(CONCEPTS, b"- Q1\n")
    others = iter([b"- Q1\n- Q2  # theirs\n"])

    def change(text: str) -> str:
        for theirs in others:  # comes between our reading and our writing, once
            bucket.write(CONCEPTS, theirs)
        return concepts_file.added(text, {"Q9": ""})

    concepts_file.edit(bucket, change)
    assert bucket.read(CONCEPTS) == b"- Q1\n- Q2  # theirs\n- Q9\n"


def test_add_says_that_a_run_starts_and_how_to_follow_it(
    bucket: Bucket, invoke: Callable[..., Result]
) -> None:
    bucket.write(CONCEPTS, b"- Q1\n")
    done = invoke("concepts", "add", "Q9", "--offline")
    assert done.exit_code == 0
    assert "starts a run" in done.stderr and "vibe-checker runs follow" in done.stderr
    assert bucket.read(CONCEPTS) == b"- Q1\n- Q9\n"


def test_a_concept_that_is_listed_already_starts_no_run(
    bucket: Bucket, invoke: Callable[..., Result]
) -> None:
    bucket.write(CONCEPTS, b"- Q1\n")
    before = bucket.pin(CONCEPTS)
    assert "no run is started" in invoke("concepts", "add", "Q1", "--offline").stderr
    assert bucket.pin(CONCEPTS) == before


def test_removing_what_is_not_listed_changes_nothing(
    bucket: Bucket, invoke: Callable[..., Result]
) -> None:
    bucket.write(CONCEPTS, b"- Q1\n- Q2\n")
    done = invoke("concepts", "remove", "Q1", "Q7")
    assert done.exit_code == 2 and "Q7" in done.stderr
    assert bucket.read(CONCEPTS) == b"- Q1\n- Q2\n"


def test_list_gives_ids_and_comments_as_json(bucket: Bucket, invoke: Callable[..., Result]) -> None:
    bucket.write(CONCEPTS, b"- Q2 # two\n- Q1\n")
    listed = invoke("concepts", "list", "--json").stdout
    assert '"Q2"' in listed and '"two"' in listed and listed.index("Q2") < listed.index("Q1")
