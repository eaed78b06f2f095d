"""`make demo`: the whole of it on this machine, from set-up to the table of results."""

import argparse
import signal
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from rich.console import Console

from cli import tables
from cli.following import follow
from cli.local_aws import announced
from local import demo
from local.deploy import DeploymentError
from local.project import DirectoryError, LocalProject
from vibe_checker import keys
from vibe_checker.errors import VibeCheckerError
from vibe_checker.identifiers import concept_number
from vibe_checker.runs.results import Failure

console = Console(highlight=False)


def main() -> int:
    """Run the demo; 0 if its run succeeded, 1 if not, 2 if it could not be started."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument(
        "data", type=Path, nargs="?", help="a directory laid out as the bucket; none: the demo's"
    )
    # SIGTERM ends things as Ctrl-C does: every child process with them.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return _demo(parser.parse_args().data)
    except KeyboardInterrupt:
        console.print("\nStopped; nothing is left running.")
        return 130
    except (DirectoryError, DeploymentError, VibeCheckerError, OSError) as error:
        Console(stderr=True, highlight=False).print(str(error), style="red", markup=False)
        return 2


def _demo(data: Path | None) -> int:
    data = data or demo.cached(_step)
    with tempfile.TemporaryDirectory(prefix="vibe-checker-") as state:
        _step("starting the local AWS and deploying the stack")
        with LocalProject(data, Path(state)) as project, announced(project.aws.environment()):
            _step("uploading the inputs")
            project.upload_inputs()
            _step("uploading concepts.yml, which starts a run")
            status = _run(project)
            _where(project, data)
            if console.is_terminal:
                console.print("\nThe local AWS stays up: [bold]Ctrl-C[/] ends it.")
                threading.Event().wait()
    return status


def _run(project: LocalProject) -> int:
    execution = project.start_by_upload()
    run_id = project.run_of(execution)

    def running() -> bool:
        return bool(project.describe(execution)["status"] == "RUNNING")

    run = follow(project.bucket, run_id, running, console)
    ended = project.describe(execution)
    results = sorted(run.results.values(), key=lambda r: concept_number(r["concept_id"]))
    if results:
        console.print()
        console.print(tables.results(results, _labels(project, results)))
    if ended["status"] == "SUCCEEDED":
        return 0
    failure = Failure.caught({"Error": ended.get("error", ""), "Cause": ended.get("cause", "")})
    console.print(f"\n[red]{ended['status'].lower()}[/] {failure.error}", soft_wrap=True)
    console.print(failure.message, markup=False, soft_wrap=True)
    return 1


def _labels(project: LocalProject, results: list[dict[str, Any]]) -> dict[str, str]:
    """Concept id → preferred label, from the concepts as published."""
    labels = {}
    for result in results:
        for classifier in result["classifiers"]:
            if "classifier_id" in classifier:
                prefix = keys.output_prefix(result["concept_id"], classifier["classifier_id"])
                concept = project.bucket.read_json(prefix + "concept.json")
                labels[result["concept_id"]] = concept["preferred_label"]
    return labels


def _where(project: LocalProject, data: Path) -> None:
    console.print(f"\nread them at  [bold]{project.page_address}[/]", soft_wrap=True)
    console.print(
        f"predictions  s3://{project.bucket.name}/{{concept_id}}/{{classifier_id}}/",
        soft_wrap=True,
    )
    console.print(f"endpoint     {project.aws.endpoint_url}", soft_wrap=True)
    console.print(f"logs         {project.aws.logs}", soft_wrap=True)
    console.print(f"inputs       {data}", soft_wrap=True)
    console.print(
        f"\n  aws --endpoint-url {project.aws.endpoint_url} s3 ls s3://{project.bucket.name}/",
        soft_wrap=True,
    )


def _step(message: str) -> None:
    console.print(f"[dim]·[/] {message}", soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
