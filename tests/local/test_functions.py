"""Functions under the local AWS behave as they do on AWS."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from local.aws import LocalAws
from tests.local.conftest import CONCURRENCY, Invoke
from tests.local.waiting import Gate, eventually, runs

PAYLOAD_LIMIT = 6_291_556


def test_an_error_keeps_its_type_and_message(invoke: Invoke, function: str) -> None:
    reply = invoke(function, do="fail", message="no such concept")

    assert reply.error == "Unhandled"
    assert reply.payload["errorType"] == "ValueError"
    assert reply.payload["errorMessage"] == "no such concept"


def test_a_process_serves_again_also_after_an_error(invoke: Invoke, function: str) -> None:
    before = invoke(function).payload["pid"]
    invoke(function, do="fail", message="")

    assert invoke(function).payload["pid"] == before


def test_a_process_that_exits_is_reported_and_replaced(invoke: Invoke, function: str) -> None:
    before = invoke(function).payload["pid"]

    reply = invoke(function, do="exit")

    assert reply.error == "Unhandled"
    assert reply.payload["errorType"] == "Runtime.ExitError"
    assert reply.payload["errorMessage"].endswith("Runtime exited with error: exit status 3")
    assert invoke(function).payload["pid"] != before


def test_a_process_killed_for_its_memory_is_an_exit_error(invoke: Invoke) -> None:
    reply = invoke("Zipped", do="die")

    assert reply.payload["errorType"] == "Runtime.ExitError"
    assert reply.payload["errorMessage"].endswith("signal: SIGKILL")


def test_a_function_past_its_time_is_killed_with_what_it_started(invoke: Invoke) -> None:
    with Gate() as gate, ThreadPoolExecutor() as threads:
        future = threads.submit(invoke, "Hasty", do="meet", port=gate.port, child=True)
        with gate.arrival() as visitor:
            child = int(visitor.recv(16))
            reply = future.result()

    assert reply.payload["errorType"] == "Sandbox.Timedout"
    assert reply.payload["errorMessage"].endswith("Task timed out after 2.00 seconds")
    assert eventually(lambda: not runs(child))
    assert invoke("Hasty").error is None


def test_a_module_that_does_not_load_is_an_init_error(invoke: Invoke) -> None:
    for _ in range(2):
        reply = invoke("Broken")

        assert reply.error == "Unhandled"
        assert reply.payload["errorType"] == "Runtime.ImportModuleError"
        assert "No module named 'missing'" in reply.payload["errorMessage"]


def test_a_function_sees_lambda_and_itself_and_nothing_of_the_host(
    invoke: Invoke, function: str, monkeypatch: Any
) -> None:
    seen = invoke(function).payload
    environment = seen["environment"]

    assert environment["STAGE"] == "one"
    assert environment["AWS_REGION"] == "us-east-1"
    assert environment["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert environment["HOME"] == environment["TMPDIR"] == seen["tmp"]
    assert not [name for name in environment if name.startswith(("PYTEST", "VIRTUAL", "_MS"))]
    assert seen["arn"].endswith(f"function:{environment['AWS_LAMBDA_FUNCTION_NAME']}")
    assert 0 < seen["milliseconds_left"] <= 60_000
    assert seen["stdin"] == ""


def test_an_image_holds_what_its_dockerfile_says(invoke: Invoke) -> None:
    environment = invoke("Imaged").payload["environment"]
    root = Path(environment["LAMBDA_TASK_ROOT"])

    assert environment["GREETING"] == "hello there"
    assert {path.name for path in root.iterdir()} == {"functions"}


def test_layers_come_before_the_packages_of_the_runtime(invoke: Invoke) -> None:
    assert invoke("Zipped", do="layers").payload == ["only_in_the_layer", "yaml"]


def test_each_process_has_a_tmp_of_its_own_that_goes_with_it(invoke: Invoke) -> None:
    first = Path(invoke("Zipped").payload["tmp"])
    assert first.is_dir()

    invoke("Zipped", do="exit")

    assert Path(invoke("Zipped").payload["tmp"]) != first
    assert not first.exists()


def test_more_than_lambda_may_answer_is_an_error(invoke: Invoke) -> None:
    quotes = 2
    assert len(invoke("Zipped", do="answer_at_length", size=PAYLOAD_LIMIT - quotes).payload) > 6e6

    reply = invoke("Zipped", do="answer_at_length", size=PAYLOAD_LIMIT)

    assert reply.payload["errorType"] == "Function.ResponseSizeTooLarge"


def test_a_burst_waits_its_turn(invoke: Invoke) -> None:
    with Gate() as gate, ThreadPoolExecutor(12) as threads:
        futures = [threads.submit(invoke, "Zipped", do="meet", port=gate.port) for _ in range(12)]
        together = [gate.arrival() for _ in range(CONCURRENCY)]
        for visitor in together:
            visitor.close()
        for _ in range(12 - CONCURRENCY):
            gate.arrival().close()
        replies = [future.result().payload for future in futures]

    for reply in replies:
        at_its_start = [r for r in replies if r["began"] <= reply["began"] < r["ended"]]
        assert len(at_its_start) <= CONCURRENCY
    assert len({reply["pid"] for reply in replies}) <= CONCURRENCY


def test_waiting_for_a_turn_does_not_count_as_running(invoke: Invoke) -> None:
    """Hasty may run for 2 s, and waits for longer than that while others hold all turns."""
    with Gate() as gate, ThreadPoolExecutor() as threads:
        busy = [
            threads.submit(invoke, "Zipped", do="meet", port=gate.port) for _ in range(CONCURRENCY)
        ]
        visitors = [gate.arrival() for _ in busy]
        waiting = threads.submit(invoke, "Hasty")
        assert not _done_within(waiting, 2.5)
        for visitor in visitors:
            visitor.close()
        assert waiting.result().error is None
        assert all(future.result().error is None for future in busy)


def test_each_invocation_is_reported_in_the_log(
    invoke: Invoke, function: str, log: Callable[[str], Path]
) -> None:
    invoke(function, do="grow", megabytes=64)
    start, *output, end, report = log(function).read_text().splitlines()[-4:]

    assert start.startswith("START RequestId: ")
    assert output == ["asked to grow"]
    assert end == start.replace("START", "END").removesuffix(" Version: $LATEST")
    fields = dict(field.split(": ") for field in report.split("\t")[1:])
    assert 64 < int(fields["Max Memory Used"].removesuffix(" MB")) < 256
    assert "\tInit Duration: " in log(function).read_text()


def test_cloudwatch_has_the_same_lines(
    aws: LocalAws, invoke: Invoke, outputs: dict[str, str]
) -> None:
    invoke("Imaged", do="fail", message="to be found")
    group = f"/aws/lambda/{outputs['ImagedName']}"
    events = aws.client("logs").filter_log_events(logGroupName=group)["events"]
    messages = [event["message"] for event in events]

    assert "[ERROR] ValueError: to be found" in messages
    assert any(message.startswith("REPORT") and "Max Memory" in message for message in messages)


def _done_within(future: Any, seconds: float) -> bool:
    try:
        future.result(timeout=seconds)
    except TimeoutError:
        return False
    return True
