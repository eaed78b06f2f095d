"""What the README names is there."""

import re
from dataclasses import fields

import pytest

from infra.settings import Settings
from local.project import ROOT

README = (ROOT / "README.md").read_text()


def test_every_setting_is_in_the_readme_and_none_that_is_not_there() -> None:
    table = README[README.index("| setting |") :].split("\n\n")[0]
    rows = [row.split("|")[1] for row in table.splitlines()[2:]]
    assert re.findall(r"`(\w+)`", " ".join(rows)) == [each.name for each in fields(Settings)]


@pytest.mark.parametrize("target", sorted(set(re.findall(r"`?make ([a-z-]+)", README))))
def test_make_has_the_target(target: str) -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert re.search(rf"^{target}:", makefile, re.MULTILINE)


@pytest.mark.parametrize(
    "folder", re.findall(r"^(\w+/) ", README[README.index("## The code") :], re.MULTILINE)
)
def test_the_folder_is_there(folder: str) -> None:
    assert (ROOT / folder).is_dir()


@pytest.mark.parametrize(
    "command", sorted(set(re.findall(r"`vibe-checker ([a-z ]+?)[ `]", README)))
)
def test_the_command_is_there(command: str) -> None:
    from typer.main import get_command

    from cli.main import app

    found = get_command(app)
    for word in command.split():
        found = found.commands[word]  # type: ignore[attr-defined]


def test_links_within_the_readme_lead_somewhere() -> None:
    headings = {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.+)$", README, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([\w-]+)\)", README)) <= headings


@pytest.mark.parametrize("page", ["README.md", "docs/page.md"])
def test_pictures_and_pages_that_are_linked_are_there(page: str) -> None:
    text = (ROOT / page).read_text()
    linked = re.findall(r"\]\(([\w/.-]+)\)|(?:src|srcset)=\"([^\"]+)\"", text)
    assert linked
    for target in (first or second for first, second in linked):
        assert (ROOT / page).parent.joinpath(target).is_file(), target
