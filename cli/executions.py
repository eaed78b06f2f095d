"""Runs as executions of the state machine: start, find, ask, stop."""

import json
from datetime import UTC
from typing import Any

from cli.errors import Wrong
from cli.where import Where
from vibe_checker import keys
from vibe_checker.errors import MissingInput
from vibe_checker.runs import progress
from vibe_checker.runs.plan import Execution, run_id_of

NEWEST = "latest"
# Executions among which a run is sought that has left nothing in the bucket yet.
_RECENT = 100


def start(where: Where, given: dict[str, Any]) -> tuple[str, str]:
    """Start a run; returns its execution's ARN and the run's id."""
    answer = where.executions.start_execution(
        stateMachineArn=where.state_machine, input=json.dumps(given)
    )
    arn = str(answer["executionArn"])
    return arn, run_of(describe(where, arn))


def describe(where: Where, arn: str) -> dict[str, Any]:
    """An execution as Step Functions describes it: status, input, error, cause ..."""
    described: dict[str, Any] = where.executions.describe_execution(executionArn=arn)
    return described


def run_of(described: dict[str, Any]) -> str:
    """The id of the run that an execution works for."""
    started_at = described["startDate"].astimezone(UTC).isoformat()
    execution = Execution(described["executionArn"], started_at)
    return run_id_of(execution, json.loads(described["input"]))


def stop(where: Where, arn: str) -> None:
    """End an execution at once; what is published stays."""
    where.executions.stop_execution(executionArn=arn, cause="stopped by vibe-checker runs stop")


def find(where: Where, asked: str) -> tuple[str, str]:
    """The id and the execution's ARN of the run that somebody means.

    "latest", a run's id, or the end or the beginning of exactly one.
    """
    known = progress.run_ids(where.bucket)
    if asked == NEWEST and known:
        return known[0], _arn_of(where, known[0])
    meant = [run for run in known if run.startswith(asked) or run.endswith(asked)]
    if asked in known or len(meant) == 1:
        run_id = asked if asked in known else meant[0]
        return run_id, _arn_of(where, run_id)
    if not meant and (started := _unrecorded(where, asked)):
        return started
    if meant:
        raise Wrong(f"{asked} may mean {', '.join(meant[:5])}; write more of it.")
    raise Wrong(f"There is no run {asked}. `vibe-checker runs` lists those there are.")


def _arn_of(where: Where, run_id: str) -> str:
    try:
        record = where.bucket.read_json(keys.run_record(run_id))
        return str(record["execution_arn"])
    except MissingInput:
        started = _unrecorded(where, run_id)
        if started is None:
            raise Wrong(f"Run {run_id} left no record of how it was started.") from None
        return started[1]


def _unrecorded(where: Where, asked: str) -> tuple[str, str] | None:
    """A run without a record: it has just started, or was stopped before it wrote one."""
    listed = where.executions.list_executions(
        stateMachineArn=where.state_machine, maxResults=_RECENT
    )["executions"]
    own = f":execution:{where.state_machine.rsplit(':', 1)[-1]}:"
    for each in listed:
        if own in each["executionArn"]:  # not the children of a Map
            run_id = run_of(describe(where, each["executionArn"]))
            if asked in (run_id, NEWEST) or run_id.endswith(asked):
                return run_id, str(each["executionArn"])
    return None
