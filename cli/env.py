"""`vibe-checker env`: the stack's outputs for a shell."""

import re
import shlex

from cli.command import Json, command
from cli.output import show_json, step
from cli.where import Where


@command
def env(where: Where, as_json: Json = False) -> None:
    """Print `export ...` lines for the shell.

    They hold the stack's outputs, and where it is.

    \b
    Example: eval "$(vibe-checker env)"; aws s3 ls "s3://$BUCKET_NAME/"
    """
    step("looking up the stack")
    variables = {"VIBE_CHECKER_STACK": where.stack}
    variables |= {_variable(name): value for name, value in sorted(where.outputs.items())}
    if where.session.region_name:
        variables["AWS_REGION"] = variables["AWS_DEFAULT_REGION"] = where.session.region_name
    if where.profile:
        variables["AWS_PROFILE"] = where.profile
    variables |= where.environment
    if as_json:
        show_json(variables)
        return
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")


def _variable(output: str) -> str:
    """ "StateMachineArn" → "STATE_MACHINE_ARN"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", output).upper()
