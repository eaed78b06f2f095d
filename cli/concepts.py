"""`vibe-checker concepts`: the list that a run without ids of its own classifies."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.command import Json, command
from cli.errors import Failed, Wrong
from cli.output import counted, note, show_json, stdout, step
from cli.where import Where

app = typer.Typer(
    help="The list of concepts in concepts.yml.", no_args_is_help=True, rich_markup_mode=None
)

Ids = Annotated[list[str], typer.Argument(metavar="ID...", help="Wikibase ids, such as Q69.")]
Offline = Annotated[bool, typer.Option("--offline", help="Do not ask Wikibase about the ids.")]
WikibaseUrl = Annotated[
    str | None,
    typer.Option(envvar="VIBE_CHECKER_WIKIBASE_URL", help="Another Wikibase than the stack's own."),
]
Follow = Annotated[
    bool | None, typer.Option("--follow/--no-follow", help="Follow the run that this starts.")
]


@app.command("list")
@command
def list_(where: Where, as_json: Json = False) -> None:
    """List the concepts in the bucket's concepts.yml.

    \b
    Example: vibe-checker concepts list
    """
    step("reading concepts.yml")
    from cli import concepts_file, tables
    from vibe_checker.keys import CONCEPTS

    found = concepts_file.listed(where.bucket.read(CONCEPTS).decode())
    rows = [{"concept_id": each.concept_id, "comment": each.comment} for each in found]
    if as_json:
        show_json(rows)
        return
    stdout().print(tables.plain(rows))


@app.command()
@command
def add(
    where: Where,
    ids: Ids,
    offline: Offline = False,
    wikibase_url: WikibaseUrl = None,
    follow: Follow = None,
) -> None:
    """Add concepts to concepts.yml, which starts a run.

    The run is of all that it lists then. Comments and order stay; ids that Wikibase does not
    have are refused.

    \b
    Example: vibe-checker concepts add Q69 Q420
    """
    wanted = _checked_ids(ids)
    step(f"adding {', '.join(wanted)}")
    from cli import concepts_file

    comments = dict.fromkeys(wanted, "")
    if not offline:
        comments = _labels(where, wanted, wikibase_url)
    _edit(where, lambda text: concepts_file.added(text, comments), follow)


@app.command()
@command
def remove(where: Where, ids: Ids, follow: Follow = None) -> None:
    """Remove concepts from concepts.yml, which starts a run.

    The run is of those that remain. What was published for them stays.

    \b
    Example: vibe-checker concepts remove Q420
    """
    unwanted = _checked_ids(ids)
    step(f"removing {', '.join(unwanted)}")
    from cli import concepts_file

    def change(text: str) -> str:
        there = {each.concept_id for each in concepts_file.listed(text)}
        if strange := [each for each in unwanted if each not in there]:
            raise Wrong(f"concepts.yml does not list {', '.join(strange)}; nothing is changed.")
        return concepts_file.removed(text, set(unwanted))

    _edit(where, change, follow)


@app.command()
@command
def check(
    where: Where,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="A concepts.yml on this machine; none: the bucket's."),
    ] = None,
    offline: Offline = False,
    wikibase_url: WikibaseUrl = None,
    as_json: Json = False,
) -> None:
    """Check that Wikibase has what concepts.yml lists.

    \b
    Examples: vibe-checker concepts check
              vibe-checker concepts check concepts.yml --offline
    """
    step(f"reading {file or 'concepts.yml'}")
    from vibe_checker import concept_list
    from vibe_checker.keys import CONCEPTS

    listed = concept_list.parse(file.read_bytes() if file else where.bucket.read(CONCEPTS))
    missing: list[str] = []
    if not offline:
        step(f"asking Wikibase for {counted(len(listed), 'concept')}")
        from cli import wikibase

        existing = wikibase.connect(where, wikibase_url).existing(listed)
        missing = [each for each in listed if each not in existing]
    if as_json:
        show_json({"ok": not missing, "concepts": listed, "missing": missing})
    if missing:
        raise Failed(f"Wikibase does not have {', '.join(missing)}.")
    note(f"{counted(len(listed), 'concept')}, all well.")


def _checked_ids(ids: list[str]) -> list[str]:
    from vibe_checker.identifiers import concept_ids

    return [str(each) for each in concept_ids(ids, where="The command line")]


def _labels(where: Where, ids: list[str], url: str | None) -> dict[str, str]:
    from cli import wikibase

    found = wikibase.concepts(wikibase.connect(where, url), ids)
    return {str(concept.wikibase_id): concept.preferred_label for concept in found}


def _edit(where: Where, change: Any, follow: bool | None) -> None:
    """Upload the changed list, and offer to follow the run that this starts."""
    from cli import concepts_file, runs
    from vibe_checker.runs import progress

    known = set(progress.run_ids(where.bucket))
    text = concepts_file.edit(where.bucket, change)
    if text is None:
        note("concepts.yml lists them already; nothing is changed, and no run is started.")
        return
    count = len({each.concept_id for each in concepts_file.listed(text)})
    note(
        f"concepts.yml lists {counted(count, 'concept')} now. Its upload starts a run of them all."
    )
    runs.offer_to_follow(where, known, follow)
