"""What a function tells of its work, line by line."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from vibe_checker.errors import InvalidModel
from vibe_checker.observing import Step


@dataclass
class Context:
    """What Lambda tells a handler of its invocation, as far as it is looked at."""

    function_name: str = "Stack-Classify"
    memory_limit_in_mb: int = 2048
    invoked_function_arn: str = "arn:aws:lambda:us-east-1:1:function:Stack-Classify"
    aws_request_id: str = "one"


@pytest.fixture
def service(tmp_path: Path) -> str:
    """A step of its own for each test: loggers of one name share what they write to."""
    return f"Classify-{tmp_path.name}"


@pytest.fixture
def lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], service: str
) -> list[dict[str, Any]]:
    """The lines of one warm container that worked for two concepts and a plan, in order."""
    monkeypatch.setenv("POWERTOOLS_SERVICE_NAME", service)
    step = Step()

    @step.handler
    def handler(event: dict[str, Any], context: Any) -> int:
        if event.get("broken"):
            raise InvalidModel("model.onnx cannot be read")
        step.report("classified", passages=3, positives=2, seconds=0.1)
        return 3

    classifier = {"classifier": {"name": "keyword", "model": False}, "shard": 4}
    context: Any = Context()
    assert handler({"run_id": "r", "concept_id": "Q69", **classifier}, context) == 3
    with pytest.raises(InvalidModel):
        handler({"run_id": "r", "concept_id": "Q420", "broken": True}, context)
    handler({}, context)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_every_line_names_what_it_is_about(lines: list[dict[str, Any]]) -> None:
    names = ("run_id", "concept_id", "classifier", "shard")
    about = [tuple(line.get(name) for name in names) for line in lines]
    assert about[:2] == [("r", "Q69", "keyword", 4)] * 2
    assert about[2:4] == [("r", "Q420", None, None)] * 2


def test_one_concepts_id_never_stands_on_anothers_line(lines: list[dict[str, Any]]) -> None:
    assert not {"run_id", "concept_id"} & (set(lines[4]) | set(lines[5]))


def test_every_line_names_the_step_and_the_request(
    lines: list[dict[str, Any]], service: str
) -> None:
    logged = [line for line in lines if "level" in line]
    assert {line["service"] for line in lines} == {service}
    assert {line["function_request_id"] for line in logged} == {"one"}


def test_an_error_is_logged_with_its_class_and_message(lines: list[dict[str, Any]]) -> None:
    [error] = [line for line in lines if line.get("level") == "ERROR"]
    assert (error["exception_name"], error["concept_id"]) == ("InvalidModel", "Q420")
    assert "model.onnx cannot be read" in error["exception"]


def test_passages_positives_failures_seconds_and_cost_are_metrics(
    lines: list[dict[str, Any]],
) -> None:
    first, second, third = [line for line in lines if "_aws" in line]
    assert (first["Passages"], first["Positives"]) == ([3.0], [2.0])
    assert "Failures" not in first and "Passages" not in second
    assert second["Failures"] == [1.0]
    assert _names(first) == {"Passages", "Positives", "Seconds", "EstimatedCost"}
    assert _names(third) == _names(first)


def test_the_cost_is_the_price_of_memory_for_the_time_it_was_held(
    lines: list[dict[str, Any]],
) -> None:
    [seconds], [cost] = lines[1]["Seconds"], lines[1]["EstimatedCost"]
    # 2 GB at 1.67 cents for 1,000 GB-seconds, a request at 20 cents for a million, and the state
    # that made it at 25 USD for a million.
    assert cost == pytest.approx(seconds * 2 * 0.0000166667 + 0.0000002 + 0.000025)


def _names(line: dict[str, Any]) -> set[str]:
    [metrics] = line["_aws"]["CloudWatchMetrics"]
    assert metrics["Namespace"] == "VibeChecker"
    assert metrics["Dimensions"] == [["service"]]
    return {metric["Name"] for metric in metrics["Metrics"]}
