"""What all commands share: the options that say where, --debug, and how errors end them."""

import inspect
import traceback
from collections.abc import Callable
from typing import Annotated, Any

import typer

from cli.errors import INTERRUPTED
from cli.output import complain
from cli.where import Where

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
Concept = Annotated[
    str, typer.Option("--concept", "-c", metavar="ID", help="A Wikibase id, such as Q69.")
]
Concepts = Annotated[
    list[str] | None,
    typer.Option("--concept", "-c", metavar="ID", help="A Wikibase id; may be repeated."),
]

_WHERE: dict[str, tuple[Any, Any]] = {
    "stack": (
        Annotated[
            str, typer.Option(envvar="VIBE_CHECKER_STACK", help="The name of the stack to work on.")
        ],
        "VibeChecker",
    ),
    "region": (
        Annotated[
            str | None,
            typer.Option(envvar=["AWS_REGION", "AWS_DEFAULT_REGION"], help="The AWS region."),
        ],
        None,
    ),
    "profile": (
        Annotated[
            str | None, typer.Option(envvar="AWS_PROFILE", help="A profile of the AWS tools.")
        ],
        None,
    ),
    "endpoint_url": (
        Annotated[
            str | None,
            typer.Option(envvar="AWS_ENDPOINT_URL", help="The address of a local AWS."),
        ],
        None,
    ),
    "local": (
        Annotated[bool, typer.Option("--local", help="Use the local AWS of `make demo`.")],
        False,
    ),
}
_DEBUG = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Make a command of a function.

    A parameter `where` becomes the options --stack, --region, --profile, --endpoint-url and
    --local. An error becomes one sentence on stderr and the exit status that belongs to it.
    """
    parameters = dict(inspect.signature(function, eval_str=True).parameters)
    located = parameters.pop("where", None) is not None
    added = {**(_WHERE if located else {}), "debug": (_DEBUG, False)}

    def run(**given: Any) -> None:
        debug = given.pop("debug")
        if located:
            given["where"] = Where(**{name: given.pop(name) for name in _WHERE})
        try:
            function(**given)
        except (KeyboardInterrupt, Exception) as error:
            _end(error, debug)

    options = [_option(name, *each) for name, each in added.items()]
    run.__name__, run.__doc__ = function.__name__, function.__doc__
    run.__signature__ = inspect.Signature([*parameters.values(), *options])  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in [*parameters.values(), *options]}
    return run


def _option(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def _end(error: BaseException, debug: bool) -> None:
    """Say what went wrong and leave with its status."""
    if isinstance(error, KeyboardInterrupt):
        complain(str(error) or "Stopped.")
        raise typer.Exit(INTERRUPTED) from error
    # typer's own say for themselves what they mean; whoever closes a pipe has read enough.
    if type(error).__module__.startswith(("typer", "click")) or isinstance(error, BrokenPipeError):
        raise error
    from cli.explaining import explained

    told = explained(error)
    if debug:
        traceback.print_exception(error)
    elif message := str(told):
        complain(message)
    raise typer.Exit(told.status) from error
