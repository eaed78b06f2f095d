"""`vibe-checker results`: what is published, to look at, to fetch, and to add to."""

from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from cli.command import Concept, Json, command
from cli.errors import Wrong
from cli.models import WikibaseUrl
from cli.output import counted, note, show_json, stdout, step
from cli.where import Where

app = typer.Typer(help="Published predictions.", no_args_is_help=True, rich_markup_mode=None)

ConceptId = Annotated[str, typer.Argument(metavar="ID", help="A Wikibase id, such as Q69.")]
Classifier = Annotated[
    str | None, typer.Option("--classifier", metavar="NAME", help="A classifier's name or id.")
]
Only = Annotated[Literal["positive", "negative"] | None, typer.Option(help="Leave the others out.")]
Format = Annotated[
    Literal["jsonl", "csv", "parquet"], typer.Option("--format", help="Of the files.")
]


@app.command("list")
@command
def list_(where: Where, as_json: Json = False) -> None:
    """List every concept and classifier with published predictions.

    \b
    Example: vibe-checker results list
    """
    step("listing results")
    from cli import published

    records = published.classifiers(where.bucket, published.concepts(where.bucket))
    if as_json:
        show_json(records)
        return
    _table(records)


def _table(records: list[dict[str, Any]]) -> None:
    from cli import tables

    rows = []
    for record in records:
        counts = record.get("counts", {})
        rows.append(
            {
                "concept": record["concept_id"],
                "classifier": record["name"],
                "id": record["id"],
                "date": record["date"],
                "passages": counts.get("passages"),
                "positives": counts.get("positives"),
            }
        )
    if rows:
        stdout().print(tables.plain(rows))
    else:
        note("Nothing is published yet. `vibe-checker run` starts a run.")


@app.command()
@command
def show(
    where: Where,
    concept: ConceptId,
    classifier: Classifier = None,
    only: Only = None,
    limit: Annotated[int, typer.Option(min=1, help="Passages of each classifier.")] = 3,
    as_json: Json = False,
) -> None:
    """Show what a concept's classifiers found in some passages.

    \b
    Example: vibe-checker results show Q69 --classifier keyword --only positive
    """
    step(f"looking up {concept}")
    from cli import trying

    records = _records(where, concept, classifier)
    read = {}
    for record in records:
        lines = trying.read_lines(where.bucket, record)
        read[record["id"]] = list(islice((each for each in lines if _wanted(each, only)), limit))
    if as_json:
        show_json([{**record, "predictions": read[record["id"]]} for record in records])
        return
    from rich.text import Text

    _table(records)
    for record in records:
        stdout().print(Text.assemble("\n", (record["name"], "bold"), " ", record["id"]))
        for line in read[record["id"]]:
            _print_line(line)


def _print_line(line: dict[str, Any]) -> None:
    from rich.text import Text

    text = Text(line["text"])
    for span in line["spans"]:
        text.stylize("black on yellow", span["start_index"], span["end_index"])
    probability = line["prediction_probability"]
    mark = "+" if line["spans"] else "-"
    shown = "" if probability is None else f"{probability:.2f} "
    # Text out of documents breaks its lines anywhere.
    stdout().print(Text(f"{mark} {shown}") + Text(" ").join(text.split("\n")))


@app.command()
@command
def download(
    where: Where,
    concept: ConceptId,
    classifier: Classifier = None,
    only: Only = None,
    format: Format = "jsonl",
    output: Annotated[Path, typer.Option("--output", "-o", help="A directory.")] = Path("."),
    as_json: Json = False,
) -> None:
    """Write a concept's predictions to files.

    A file for each classifier; their paths are printed.

    \b
    Example: vibe-checker results download Q69 --only positive --format csv
    """
    step(f"looking up {concept}")
    from cli import downloading

    output.mkdir(parents=True, exist_ok=True)
    written = []
    for record in _records(where, concept, classifier):
        path = output / f"{concept}-{record['name']}-{record['id']}.{format}"
        step(f"fetching {path.name}")
        count = downloading.write(where.bucket, record, path, lambda line: _wanted(line, only))
        written.append({"path": str(path), "predictions": count})
        if not as_json:
            typer.echo(str(path))
    if as_json:
        show_json(written)


@app.command()
@command
def push(
    where: Where,
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="predictions.jsonl, classifier.json if need be.")
    ],
    concept: Concept,
    name: Annotated[str | None, typer.Option(help="What the classifier is called.")] = None,
    wikibase_url: WikibaseUrl = None,
    as_json: Json = False,
) -> None:
    """Publish predictions that were made elsewhere.

    They are checked line by line, and published like those of a run. DIR holds
    predictions.jsonl and may hold classifier.json (name, kind, labels, threshold ...) and
    concept.json; without that the concept is fetched from Wikibase.

    \b
    Example: vibe-checker results push my-predictions --concept Q69 --name my-model
    """
    step(f"checking {directory}")
    from cli import result_files, wikibase

    pushed = result_files.read(directory, concept, name)
    found = pushed.concept or wikibase.concepts(wikibase.connect(where, wikibase_url), [concept])[0]
    record = result_files.publish(where.bucket, pushed, found)
    if as_json:
        show_json(record)
    else:
        typer.echo(record["id"])
    counts = record["counts"]
    note(
        f"Published: {counted(counts['passages'], 'prediction')}, {counts['positives']:,} positive."
    )


def _wanted(line: dict[str, Any], only: str | None) -> bool:
    return only is None or bool(line["spans"]) == (only == "positive")


def _records(where: Where, concept: str, classifier: str | None) -> list[dict[str, Any]]:
    """The concept's published classifiers, or those of the name or id asked for."""
    from cli import published
    from vibe_checker.identifiers import concept_ids

    concept_ids([concept], where="The command line")
    found = published.classifiers(where.bucket, [concept])
    if not found:
        raise Wrong(f"Nothing is published for {concept}. `vibe-checker run -c {concept}` runs it.")
    chosen = [each for each in found if classifier in (None, each["name"], each["id"])]
    if not chosen:
        names = ", ".join(f"{each['name']} ({each['id']})" for each in found)
        raise Wrong(f"{concept} has no classifier {classifier}; it has {names}.")
    return chosen
