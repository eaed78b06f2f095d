"""`vibe-checker run` and `vibe-checker runs`: start runs, watch them, stop them."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.command import Concepts, Json, command
from cli.errors import Failed
from cli.output import is_terminal, note, show_json, stderr, stdout, step
from cli.where import Where

if TYPE_CHECKING:
    from vibe_checker.runs.progress import Progress

app = typer.Typer(
    help="""List runs, or show, follow or stop one.

    \b
    Example: vibe-checker runs --limit 5
    """,
    rich_markup_mode=None,
)

Run = Annotated[str, typer.Argument(metavar="RUN", help="A run's id, its end, or `latest`.")]
Classifiers = Annotated[
    list[str] | None,
    typer.Option(
        "--classifier", metavar="NAME", help="Only classifiers of this name; may be repeated."
    ),
]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Start the run and leave it alone.")]
Limit = Annotated[int, typer.Option(min=1, help="How many, the newest first.")]


@command
def run(
    where: Where,
    concept: Concepts = None,
    classifier: Classifiers = None,
    no_wait: NoWait = False,
    as_json: Json = False,
) -> None:
    """Start a run and follow it to its end.

    Without --concept it is a run of all of concepts.yml. Ctrl-C leaves the run going. The exit
    status is 1 if a concept failed.

    \b
    Examples: vibe-checker run
              vibe-checker run -c Q420 -c Q69 --classifier keyword
    """
    given = _request(concept, classifier)
    step(f"starting a run of {', '.join(given.get('concept_ids', [])) or 'concepts.yml'}")
    from cli import executions

    arn, run_id = executions.start(where, given)
    note(f"run {run_id}")
    if no_wait:
        if as_json:
            show_json({"run_id": run_id, "execution_arn": arn})
        note(f"Follow it: vibe-checker runs follow {run_id}{where.options}")
        return
    _follow(where, run_id, arn, as_json)


def _request(concept: list[str] | None, classifier: list[str] | None) -> dict[str, Any]:
    """The input of the state machine, checked here so that a slip costs no run."""
    from vibe_checker.identifiers import concept_ids

    given: dict[str, Any] = {}
    if concept:
        given["concept_ids"] = concept_ids(concept, where="--concept")
    if classifier:
        given["classifiers"] = classifier
    return given


@app.callback(invoke_without_command=True)
@command
def runs(context: typer.Context, where: Where, limit: Limit = 20, as_json: Json = False) -> None:
    """List runs, the newest first."""
    if context.invoked_subcommand is not None:
        return
    step("listing runs")
    from cli import run_records, tables

    found = run_records.newest(where, limit)
    if as_json:
        show_json(found)
    elif found:
        stdout().print(tables.runs(found))
    else:
        note("There is no run yet. Start one with `vibe-checker run`.")


@app.command()
@command
def show(where: Where, run: Run = "latest", as_json: Json = False) -> None:
    """Show how a run went.

    A row for each concept and classifier, and every failure.

    \b
    Example: vibe-checker runs show latest
    """
    step("looking up the run")
    from cli import executions, run_records
    from vibe_checker.runs.progress import Progress

    run_id, arn = executions.find(where, run)
    seen = Progress(where.bucket, run_id)
    seen.update()
    _report(where, seen, run_records.one(where, run_id, arn), as_json, failures=True)


@app.command()
@command
def follow(where: Where, run: Run = "latest", as_json: Json = False) -> None:
    """Watch a run until it ends.

    The exit status is then as `run` gives it.

    \b
    Example: vibe-checker runs follow
    """
    step("looking up the run")
    from cli import executions

    run_id, arn = executions.find(where, run)
    note(f"run {run_id}")
    _follow(where, run_id, arn, as_json)


@app.command()
@command
def stop(where: Where, run: Run = "latest") -> None:
    """Stop a run at once.

    What it has published stays.

    \b
    Example: vibe-checker runs stop latest
    """
    step("looking up the run")
    from cli import executions

    run_id, arn = executions.find(where, run)
    status = executions.describe(where, arn)["status"]
    if status != "RUNNING":
        note(f"Run {run_id} has ended already ({status.lower()}).")
        return
    executions.stop(where, arn)
    note(f"Run {run_id} is stopped. What it has published stays.")


def _follow(where: Where, run_id: str, arn: str, as_json: bool) -> None:
    from cli import executions, following, run_records

    def running() -> bool:
        return bool(executions.describe(where, arn)["status"] == "RUNNING")

    try:
        seen = following.follow(where.bucket, run_id, running, stderr())
    except KeyboardInterrupt:
        also = where.options
        note(f"\nThe run goes on. Follow it: vibe-checker runs follow {run_id}{also}")
        note(f"        Stop it: vibe-checker runs stop {run_id}{also}")
        raise typer.Exit(130) from None
    record = run_records.one(where, run_id, arn)
    _report(where, seen, record, as_json, failures=False)
    if record["status"] != "succeeded":
        raise Failed(run_records.why(record))


def _report(
    where: Where, seen: "Progress", record: dict[str, Any], as_json: bool, failures: bool
) -> None:
    """The table of a run; `failures` tells them too, where they have not been told live."""
    from cli import following, published, run_records, tables
    from vibe_checker.identifiers import concept_number

    results = sorted(seen.results.values(), key=lambda each: concept_number(each["concept_id"]))
    if as_json:
        show_json({**record, "results": results})
        return
    if results:
        stdout().print(tables.results(results, published.labels_of(where.bucket, results)))
    for failure in (f for result in results if failures for f in following.failures(result)):
        note(failure)
    note(run_records.sentence(record))


def offer_to_follow(where: Where, known: set[str], wanted: bool | None) -> None:
    """After an upload of concepts.yml: follow the run that it starts, none of `known`.

    Somebody at a terminal is asked where `wanted` does not say.
    """
    if wanted is None:
        wanted = is_terminal() and typer.confirm("Follow the run?", default=True, err=True)
    if not wanted:
        note(f"Follow it: vibe-checker runs follow{where.options}")
        return
    from cli import executions, run_records

    run_id = run_records.wait_for_new(where, known)
    note(f"run {run_id}")
    _follow(where, *executions.find(where, run_id), as_json=False)
