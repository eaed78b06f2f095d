"""`vibe-checker classifier` and `vibe-checker model`: try models, push them, list them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.command import Concept, Json, command
from cli.errors import Wrong
from cli.output import note, show_json, stdout, step
from cli.where import Where

if TYPE_CHECKING:
    from vibe_checker.predictions import Card, Prediction

classifier = typer.Typer(
    help="A concept's own ONNX classifiers.", no_args_is_help=True, rich_markup_mode=None
)
model = typer.Typer(help="Embedding models.", no_args_is_help=True, rich_markup_mode=None)

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="A model's directory.")]
Name = Annotated[str | None, typer.Option(help="What it is called; default: DIR's name.")]
Texts = Annotated[
    list[str] | None, typer.Option("--text", help="A passage to try it on; may be repeated.")
]
EmbedderDirectory = Annotated[
    Path | None,
    typer.Option("--embedder", help="For a head: the embedding model; default: the bucket's."),
]
WikibaseUrl = Annotated[
    str | None, typer.Option(envvar="VIBE_CHECKER_WIKIBASE_URL", help="Another Wikibase.")
]
_SAMPLES = 6


@classifier.command("try")
@command
def try_(
    where: Where,
    directory: Directory,
    concept: Concept,
    text: Texts = None,
    embedder: EmbedderDirectory = None,
    wikibase_url: WikibaseUrl = None,
    as_json: Json = False,
) -> None:
    """Run a classifier on passages, without uploading it.

    Without --text, on passages that are published for the concept.

    \b
    Example: vibe-checker classifier try my-model -c Q69 --text "A carbon tax is levied."
    """
    step(f"opening {directory}")
    _try(where, directory, directory.resolve().name, concept, text, embedder, wikibase_url, as_json)


@classifier.command()
@command
def push(
    where: Where,
    directory: Directory,
    concept: Concept,
    name: Name = None,
    text: Texts = None,
    embedder: EmbedderDirectory = None,
    wikibase_url: WikibaseUrl = None,
    as_json: Json = False,
) -> None:
    """Try a classifier, upload it, and print its id.

    What it says of a few passages is shown. Runs that start from now on use it; another upload
    under the same name replaces it.

    \b
    Example: vibe-checker classifier push my-model --concept Q69
    """
    step(f"opening {directory}")
    from cli import uploading
    from vibe_checker.keys import classifier_prefix

    called = _checked_name(name or directory.resolve().name)
    card = _try(where, directory, called, concept, text, embedder, wikibase_url, False)
    prefix = classifier_prefix(concept, called)
    uploading.upload(where.bucket, directory, prefix)
    if as_json:
        show_json({"classifier_id": card.id, "name": called, "concept_id": concept, "key": prefix})
    else:
        typer.echo(card.id)
    note(f"{called} is there. Next: vibe-checker run --concept {concept}{where.options}")


@classifier.command("list")
@command
def list_(
    where: Where,
    concept: Annotated[
        str | None, typer.Option("--concept", "-c", metavar="ID", help="Only this concept's.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the classifiers that are uploaded.

    By keyword every concept has one besides.

    \b
    Example: vibe-checker classifier list --concept Q69
    """
    step("listing classifiers")
    from cli import tables
    from vibe_checker.identifiers import concept_number, is_concept_id
    from vibe_checker.keys import CLASSIFIERS, classifiers_prefix

    prefix = classifiers_prefix(_checked_id(concept)) if concept else CLASSIFIERS
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for pin in where.bucket.pins(prefix):
        concept_id, _, rest = pin.key.removeprefix(CLASSIFIERS).partition("/")
        called, _, file = rest.partition("/")
        if file and is_concept_id(concept_id):
            row: dict[str, Any] = {"concept_id": concept_id, "name": called, "files": 0, "bytes": 0}
            row = found.setdefault((concept_id, called), row)
            row["files"] += 1
            row["bytes"] += pin.size
    rows = sorted(found.values(), key=lambda row: (concept_number(row["concept_id"]), row["name"]))
    if as_json:
        show_json(rows)
    elif rows:
        stdout().print(tables.plain(rows))
    else:
        note("None is uploaded. `vibe-checker classifier push DIR --concept ID` uploads one.")


@model.command("push")
@command
def push_model(where: Where, directory: Directory, name: Name = None) -> None:
    """Upload an embedding model.

    DIR is a sentence-transformers directory with an ONNX export. `inputs push` uploads the
    model of its set, too; this is for files made elsewhere.

    \b
    Example: vibe-checker model push all-MiniLM-L6-v2
    """
    step(f"opening {directory}")
    from cli import uploading
    from vibe_checker.embedder import Embedder
    from vibe_checker.keys import embedder_prefix
    from vibe_checker.runs.inputs import checked_model_name

    _need(directory)
    called = checked_model_name(name or directory.resolve().name)
    dimension = Embedder(called, directory, threads=2).embed(["a first try"]).shape[1]
    uploading.upload(where.bucket, directory, embedder_prefix(called))
    note(f"{called} is there; it makes {dimension} numbers of a passage.")


def _try(
    where: Where,
    directory: Path,
    name: str,
    concept_id: str,
    texts: list[str] | None,
    embedder: Path | None,
    wikibase_url: str | None,
    as_json: bool,
) -> "Card":
    """Open the classifier, show what it says of some passages; returns what it is."""
    from cli import trying, wikibase

    _need(directory)
    _checked_id(concept_id)
    opened = trying.open_directory(
        name,
        directory,
        concept_id,
        lambda: wikibase.concepts(wikibase.connect(where, wikibase_url), [concept_id])[0],
    )
    shown = texts or trying.samples(where.bucket, concept_id, _SAMPLES)
    found = trying.predict(opened, directory, shown, lambda: trying.embedder_of(where, embedder))
    _show(opened.card, shown, found, as_json)
    return opened.card


def _show(card: "Card", texts: list[str], found: "list[Prediction]", as_json: bool) -> None:
    rows = [
        {
            "probability": None if each.probability is None else round(each.probability, 4),
            "positive": "yes" if each.spans else "no",
            "text": text,
        }
        for text, each in zip(texts, found, strict=True)
    ]
    if as_json:
        show_json({**card.as_json(), "predictions": rows})
        return
    for row in rows:
        row["text"] = " ".join(str(row["text"]).split())[:300]
    from cli import tables
    from cli.output import stderr

    labels, threshold = ", ".join(card.behaviour["labels"]), card.behaviour["threshold"]
    note(f"{card.name}: {card.kind}, {labels} from {threshold} on")
    stderr().print(tables.plain(rows))


def _need(directory: Path) -> None:
    if not directory.is_dir():
        raise Wrong(f"{directory} is not a directory; name the whole directory of a model.")


def _checked_id(concept_id: str) -> str:
    from vibe_checker.identifiers import concept_ids

    return str(concept_ids([concept_id], where="--concept")[0])


def _checked_name(name: str) -> str:
    from vibe_checker.identifiers import KEYWORD

    if name == KEYWORD or not name.replace("-", "").replace("_", "").replace(".", "").isalnum():
        raise Wrong(
            f"A classifier cannot be called {name!r}; use letters, digits, '-', '_' and '.', and "
            f"not {KEYWORD!r}. Say it with --name."
        )
    return name
