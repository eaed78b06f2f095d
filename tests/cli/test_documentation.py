"""Every command, option, setting and file that the documentation names is there."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from cli.main import app
from vibe_checker import keys

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXT = "\n".join(page.read_text() for page in PAGES)
CODE = re.findall(r"^```.*?^```|`[^`\n]+`", TEXT, re.MULTILINE | re.DOTALL)
LINES = sorted(set(re.findall(r"(?:\$ |`|\()(vibe-checker [a-z-][^`\n#)]*)", TEXT)))
OF_OTHERS = {"--task"}  # of optimum-cli
FOLDERS = "infra|functions|layers|cli|local|benchmarks|tests|docs"


def commands(command: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every command that does something, with its full name."""
    below = getattr(command, "commands", {})
    if not below or command.invoke_without_command:
        yield name, command
    for word, each in below.items():
        yield from commands(each, f"{name} {word}".strip())


COMMANDS = dict(commands(get_command(app)))


def options(command: Any) -> set[str]:
    """What may be written behind a command."""
    own = {option for each in command.params for option in each.opts + each.secondary_opts}
    return own | {"--help", "-h"}


@pytest.mark.parametrize("line", LINES)
def test_the_command_has_the_options_that_it_is_shown_with(line: str) -> None:
    words = shlex.split(line)[1:]
    if words[0].startswith("-"):
        assert set(words) <= options(get_command(app))
        return
    name = max((n for n in COMMANDS if f"{' '.join(words)} ".startswith(f"{n} ")), key=len)
    behind = words[len(name.split()) :]
    assert not (hasattr(COMMANDS[name], "commands") and behind and behind[0][0] != "-")
    written = {word.split("=")[0] for word in behind if re.match("--?[a-z]", word)}
    assert written <= options(COMMANDS[name])


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_in_the_documentation(name: str) -> None:
    assert f"vibe-checker {name}" in TEXT


def test_options_that_are_named_alone_are_there() -> None:
    named = {option for code in CODE if (option := code.strip("`")).startswith("--")}
    known = set.union(*map(options, COMMANDS.values()), options(get_command(app)))
    assert {option.split()[0] for option in named} - OF_OTHERS <= known


@pytest.mark.parametrize("variable", sorted(set(re.findall(r"VIBE_CHECKER_\w+", TEXT))))
def test_the_variable_is_read(variable: str) -> None:
    read = {name for each in COMMANDS.values() for param in each.params for name in _list(param)}
    assert variable in read


def _list(param: Any) -> list[str]:
    return [param.envvar] if isinstance(param.envvar, str) else list(param.envvar or [])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_files_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!http|#)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_files_of_the_project_that_are_named_are_there() -> None:
    named = set(re.findall(rf"(?<![\w/.-])((?:{FOLDERS})/[\w./-]*)", "\n".join(CODE)))
    assert "docs/export/requirements.txt" in named
    assert [path for path in sorted(named) if not (ROOT / path.rstrip("./")).exists()] == []


def test_files_of_the_bucket_that_are_named_are_read() -> None:
    tree = TEXT[TEXT.index("## The bucket") :].split("```")[1]
    known = re.sub(r"\{\w+\}", "{}", str(keys.__doc__)).split()
    named = [re.sub(r"\{\w+\}", "{}", line.split()[0]) for line in tree.strip().splitlines()]
    assert len(named) > 8
    assert [key for key in named if not any(each.startswith(key) for each in known)] == []


@pytest.mark.parametrize("target", sorted(set(re.findall(r"make ([a-z-]+)`", TEXT))))
def test_make_has_the_target(target: str) -> None:
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


@pytest.mark.parametrize("recipe", sorted(set(re.findall(r"`?just ([a-z-]+)", TEXT))))
def test_just_has_the_recipe(recipe: str) -> None:
    assert re.search(rf"^{recipe}\b.*:$", (ROOT / "justfile").read_text(), re.MULTILINE)
