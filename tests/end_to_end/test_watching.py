"""What a real run tells of itself: its log, line by line, and a message where it failed."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from infra.dashboard import METRICS
from local.project import LocalProject
from tests.infra.test_stack import STEPS
from vibe_checker import keys
from vibe_checker.prices import LAMBDA_GB_SECOND, LAMBDA_REQUEST, STATE_TRANSITION

# What Lambda itself writes around the lines of an invocation, and of the error that it ended in.
OF_LAMBDA = ("START ", "END ", "REPORT ", "[ERROR] ")
OF_THE_WHOLE_RUN = {"PlanRun", "SummariseRun"}


@pytest.fixture(scope="module")
def lines(project: LocalProject, demo_run: str) -> list[dict[str, Any]]:
    """Every line of every step's log, without Lambda's own and its word of an error."""
    found = []
    for path in project.aws.logs.glob("VibeChecker-Steps*.log"):
        in_traceback = False
        for line in path.read_text().splitlines():
            if line.startswith(OF_LAMBDA):
                in_traceback = line.startswith("[ERROR] ")
            elif line.startswith("{"):
                in_traceback = False
                found.append(json.loads(line))
            else:
                assert in_traceback or not line, f"{path.name}: {line}"
    return found


@pytest.fixture
def told(project: LocalProject) -> Iterator[Any]:
    """Somebody who has subscribed to the alarms: call it for the next message."""
    sqs, sns = project.aws.client("sqs"), project.aws.client("sns")
    queue = sqs.create_queue(QueueName="somebody")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    [topic] = sns.list_topics()["Topics"]
    subscribed = sns.subscribe(
        TopicArn=topic["TopicArn"],
        Protocol="sqs",
        Endpoint=attributes["Attributes"]["QueueArn"],
        ReturnSubscriptionArn=True,
    )

    def next_message() -> str:
        [message] = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return str(json.loads(message["Body"])["Message"])

    yield next_message
    sns.unsubscribe(SubscriptionArn=subscribed["SubscriptionArn"])
    sqs.delete_queue(QueueUrl=queue)


def test_every_line_names_its_step_and_its_run(lines: list[dict[str, Any]], demo_run: str) -> None:
    assert all(line["run_id"] for line in lines)
    of_this_run = {line["service"] for line in lines if line["run_id"] == demo_run}
    assert of_this_run == set(STEPS) - {"RecordFailure"}


def test_every_line_about_a_concept_names_it(
    lines: list[dict[str, Any]], project: LocalProject, demo_run: str
) -> None:
    named = {
        line.get("concept_id")
        for line in lines
        if line["run_id"] == demo_run and line["service"] not in OF_THE_WHOLE_RUN
    }
    asked = project.bucket.read_json(keys.run_concepts(demo_run))
    assert named == {item["concept_id"] for item in asked}


def test_a_runs_metrics_add_up_to_its_summary(
    lines: list[dict[str, Any]], project: LocalProject, demo_run: str
) -> None:
    summary = project.bucket.read_json(keys.run_summary(demo_run))
    published = [
        line
        for line in lines
        if (line["service"], line["run_id"]) == ("PublishPredictions", demo_run) and "_aws" in line
    ]
    for metric, field in (("Passages", "passages"), ("Positives", "positives")):
        assert sum(sum(line[metric]) for line in published) == summary[field]


def test_every_invocation_says_how_long_it_took_and_what_that_costs(
    lines: list[dict[str, Any]], project: LocalProject
) -> None:
    described = project.aws.client("lambda").list_functions()["Functions"]
    memory = {
        each["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]: each["MemorySize"]
        for each in described
    }
    measured = [line for line in lines if "_aws" in line]
    assert measured
    for line in measured:
        [told] = line["_aws"]["CloudWatchMetrics"]
        assert {each["Name"] for each in told["Metrics"]} <= {*METRICS, "FailedConcepts"}
        gb = memory[line["service"]] / 1024
        [seconds], [cost] = line["Seconds"], line["EstimatedCost"]
        price = seconds * gb * LAMBDA_GB_SECOND + LAMBDA_REQUEST + STATE_TRANSITION
        assert cost == pytest.approx(price)


def test_who_subscribed_is_told_which_concepts_failed_and_where_the_summary_is(
    project: LocalProject, demo_run: str, told: Any
) -> None:
    execution = project.start({"concept_ids": ["Q999999"]})
    assert project.wait(execution)["status"] == "FAILED"
    message = told()
    summary = keys.run_summary(project.run_of(execution))
    assert f"1 of 1 concepts failed; see s3://{project.bucket.name}/{summary}" in message
    assert "Q999999: ConceptUnusable: " in message
    assert f"{project.outputs['PageAddress']}runs" in message


def test_who_subscribed_is_told_of_a_run_that_could_not_be_planned(
    project: LocalProject, demo_run: str, told: Any
) -> None:
    project.wait(project.start({"concept_ids": ["q69"]}))
    assert "FAILED InvalidRequest" in (message := told())
    assert "item 1: 'q69'" in message


def test_who_subscribed_is_told_of_a_run_that_somebody_stopped(
    project: LocalProject, demo_run: str, told: Any
) -> None:
    execution = project.start({})
    project.aws.client("stepfunctions").stop_execution(executionArn=execution)
    project.wait(execution)
    assert f"run {execution.rpartition(':')[2]} ended: ABORTED" in told()
