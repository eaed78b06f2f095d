"""Every command, option and file that the documentation names is there."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from cli.main import app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "docs/command.md"]
TEXT = "\n".join(page.read_text() for page in PAGES)
LINES = sorted(set(re.findall(r"(?:\$ |`|\()(vibe-checker [a-z-][^`\n#)]*)", TEXT)))


@pytest.mark.parametrize("line", LINES)
def test_the_command_has_the_options_that_it_is_shown_with(line: str) -> None:
    command: Any = get_command(app)
    words = shlex.split(line)[1:]
    while words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    unknown = [word for word in words[:1] if hasattr(command, "commands") and word[0] != "-"]
    assert unknown == []
    known = {option for each in command.params for option in each.opts + each.secondary_opts}
    assert {word for word in words if re.match("--?[a-z]", word)} <= known | {"--help"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!http|#)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("recipe", sorted(set(re.findall(r"`?just ([a-z-]+)", TEXT))))
def test_just_has_the_recipe(recipe: str) -> None:
    assert re.search(rf"^{recipe}\b.*:$", (ROOT / "justfile").read_text(), re.MULTILINE)
