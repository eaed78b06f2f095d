"""`vibe-checker inputs`: build, check and push."""

import os
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.command import Json, command
from cli.errors import Failed, Wrong
from cli.output import counted, note, show_json, size, stdout, step
from cli.where import Where

if TYPE_CHECKING:
    from cli.inputs.findings import Finding

app = typer.Typer(
    help="Make, check and push the inputs of a run.", no_args_is_help=True, rich_markup_mode=None
)


@app.command()
@command
def build(
    passages: Annotated[
        Path, typer.Argument(metavar="PASSAGES", help="A feather, parquet, CSV, TSV or JSONL file.")
    ],
    model: Annotated[
        Path, typer.Option(help="A sentence-transformers directory with an ONNX export.")
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The directory to write the set to.")
    ] = Path("inputs"),
    text_column: Annotated[
        str | None, typer.Option(help="The column with the text; default: text_block.text.")
    ] = None,
    column: Annotated[
        list[str] | None,
        typer.Option(metavar="NEW=OLD", help="Carry the column OLD as NEW; may be repeated."),
    ] = None,
    model_name: Annotated[
        str | None, typer.Option(help="What the model is called; default: its directory's name.")
    ] = None,
) -> None:
    """Make a set of input files from your own passages.

    The passages, their embeddings and the metadata, with the model beside them. Embedding takes
    all cores. After Ctrl-C or a crash the same command goes on where it was.

    \b
    Example: vibe-checker inputs build passages.csv --text-column text \\
                 --column document_name=title --model all-MiniLM-L6-v2
    """
    step(f"reading {passages}")
    from cli.inputs import building, sources
    from cli.progress import counting
    from vibe_checker.embedder import Embedder
    from vibe_checker.runs.inputs import checked_model_name

    name = checked_model_name(model_name or model.resolve().name)
    if not model.is_dir():
        raise Wrong(f"{model} is not a directory; --model takes the whole of a model's directory.")
    embedder = Embedder(name, model, threads=os.cpu_count() or 1)
    source = sources.Source(passages, text_column, _mapping(column or []))
    began = time.monotonic()
    with building.workplace(output) as work:
        count = building.gather(source, work)
        if source.left_out:
            note(f"Rows without text, left out: {source.left_out:,}")
        step(f"embedding {counted(count, 'passage')} with {name}")
        try:
            with counting("embedding", "passages", count) as report:
                dimension = building.build(count, embedder, model, output, work, report)
        except KeyboardInterrupt:
            raise KeyboardInterrupt("Stopped. The same command goes on where it was.") from None
    note(
        f"{output} holds {counted(count, 'passage')} with {dimension} numbers each "
        f"({time.monotonic() - began:,.0f} seconds). "
        f"Next: vibe-checker inputs check {output}, then vibe-checker inputs push {output}"
    )


def _mapping(given: list[str]) -> dict[str, str]:
    pairs = [each.partition("=") for each in given]
    for new, equals, old in pairs:
        if not (new and equals and old):
            raise Wrong(f"--column {new}{equals}{old}: write it as NEW=OLD, such as title=name.")
    return {new: old for new, _, old in pairs}


@app.command()
@command
def check(
    where: Where,
    directory: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="A set as `inputs build` writes it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say whether a set of input files fits together.

    With DIR that directory's set, without it the bucket's.

    \b
    Examples: vibe-checker inputs check inputs
              vibe-checker inputs check --local
    """
    if directory is not None:
        step(f"looking at {directory}")
        _need_directory(directory)
        _check(directory, as_json)
        return
    step("fetching the bucket's set")
    from cli.inputs import fetching

    with tempfile.TemporaryDirectory(prefix="vibe-checker-") as scratch:
        fetching.fetch(where.bucket, Path(scratch))
        _check(Path(scratch), as_json)


def _need_directory(directory: Path) -> None:
    if not directory.is_dir():
        raise Wrong(f"{directory} is not a directory. `vibe-checker inputs build` makes one.")


def _check(directory: Path, as_json: bool) -> None:
    from cli.inputs import checking

    findings = _shown(checking.check(directory), as_json)
    faults = [finding for finding in findings if not finding.ok]
    if as_json:
        show_json({"ok": not faults, "findings": [each.as_json() for each in findings]})
    if faults:
        raise Failed(f"The set cannot be used: {len(faults)} of {len(findings)} checks failed.")
    note("The set fits together.")


def _shown(findings: "Iterable[Finding]", as_json: bool) -> "list[Finding]":
    """The findings, each said as soon as it is there."""
    console, seen = stdout(), []
    for finding in findings:
        seen.append(finding)
        if not as_json:
            mark = "[green]✓[/]" if finding.ok else "[red]✗[/]"
            console.print(mark, end=" ")
            console.print(finding.message, markup=False)
    return seen


@app.command()
@command
def push(
    where: Where,
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="A set as `inputs build` writes it.")
    ],
    as_json: Json = False,
) -> None:
    """Check a set, upload it, and make it visible as one.

    Runs see the set before until all of it is there; a run that goes on is not disturbed.

    \b
    Example: vibe-checker inputs push inputs
    """
    step(f"looking at {directory}")
    _need_directory(directory)
    from cli.inputs import checking, pushing
    from cli.progress import sending

    findings = _shown(checking.check(directory), as_json=True)
    if faults := [finding.message for finding in findings if not finding.ok]:
        raise Failed("Nothing is pushed, the set does not fit together: " + " ".join(faults))
    bucket = where.bucket
    model = pushing.model_of(directory)
    total = sum((directory / key).stat().st_size for key in pushing.keys(directory, model))
    step(f"pushing {size(total)} to {bucket.name}")
    with sending(total) as report:
        files = pushing.push(directory, bucket, report)
    if as_json:
        show_json({"bucket": bucket.name, "files": files})
    note(f"The set is there. Runs that start from now on use it: vibe-checker run{where.options}")
