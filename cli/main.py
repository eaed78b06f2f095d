"""The `vibe-checker` command.

main        the commands and their names
command     what all commands share
where       the stack that they work on
explaining  errors as sentences
"""

from typing import Annotated

import typer

from cli import concepts, env, models, results, runs
from cli.inputs import commands as inputs

_EPILOG = """\b
Exit status:
  0    all went well
  1    it worked, but a concept failed, or inputs do not fit together
  2    it cannot be done: an unknown option, a bad id, an unusable file
  3    AWS, the stack or Wikibase cannot be reached, or refuses
  4    something unforeseen; --debug shows the traceback
  130  Ctrl-C
"""

app = typer.Typer(
    name="vibe-checker",
    no_args_is_help=True,
    # Plain help and plain errors: one sentence is enough, and rich takes a moment to load.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_EPILOG,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"vibe-checker {version('vibe-checker')}")
        raise typer.Exit


@app.callback()
def vibe_checker(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print it.")
    ] = False,
) -> None:
    """See how a concept classifier does on real policy text, before any formal evaluation.

    Results go to stdout, all else to stderr. Commands find the stack by themselves: its name is
    VibeChecker unless --stack or VIBE_CHECKER_STACK says otherwise; account and region are those
    of the AWS tools. --local works on the local AWS of `make demo`.
    """


app.command("run")(runs.run)
app.add_typer(runs.app, name="runs")
app.add_typer(concepts.app, name="concepts")
app.add_typer(results.app, name="results")
app.add_typer(inputs.app, name="inputs")
app.add_typer(models.classifier, name="classifier")
app.add_typer(models.model, name="model")
app.command("env")(env.env)


def main() -> None:
    """Run the command that the shell was given."""
    app()


if __name__ == "__main__":
    main()
