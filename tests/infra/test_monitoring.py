"""What tells people of trouble before their users do."""

import json
from typing import Any

import pytest

from infra.dashboard import METRICS
from infra.settings import Settings
from tests.infra.conftest import Resources, joined, of_type, starting_rules, statements
from vibe_checker import observing


@pytest.fixture(scope="module")
def alarms(template: dict[str, Any]) -> Resources:
    """Metric name, and the function it is about if it is about one → the alarm on it."""
    return {
        alarm["MetricName"] + _function(alarm): alarm
        for alarm in of_type(template, "AWS::CloudWatch::Alarm").values()
    }


@pytest.mark.parametrize(
    "metric", ["ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted", "ExecutionThrottled"]
)
def test_a_run_that_does_not_succeed_is_an_alarm(metric: str, alarms: Resources) -> None:
    alarm = alarms[metric]
    assert (alarm["Statistic"], alarm["Threshold"]) == ("Sum", 1)
    assert alarm["TreatMissingData"] == "notBreaching"


def test_a_throttled_function_is_an_alarm_and_a_broken_page_too(
    alarms: Resources, functions: Resources
) -> None:
    throttled = [name for name in alarms if name.startswith("Throttles")]
    assert len(throttled) == len(functions)
    assert any(name.startswith("ErrorsWebsiteWeb") for name in alarms)
    assert "5xx" in alarms


def test_every_alarm_goes_to_the_topic(alarms: Resources, template: dict[str, Any]) -> None:
    [topic] = of_type(template, "AWS::SNS::Topic")
    assert all(alarm["AlarmActions"] == [{"Ref": topic}] for alarm in alarms.values())


def test_the_topic_is_encrypted_and_takes_alarms_by_tls_only(template: dict[str, Any]) -> None:
    [topic] = of_type(template, "AWS::SNS::Topic").values()
    [(key, properties)] = of_type(template, "AWS::KMS::Key").items()
    assert joined(topic["KmsMasterKeyId"]) == "${" + key + "}"
    assert properties["EnableKeyRotation"] is True
    [policy] = of_type(template, "AWS::SNS::TopicPolicy").values()
    assert _tls_only(policy)
    # With a policy of its own a topic lets nobody in by default, nor does a key.
    for statement in (policy["PolicyDocument"], properties["KeyPolicy"]):
        [may] = [s for s in statement["Statement"] if "cloudwatch" in json.dumps(s["Principal"])]
        assert may["Condition"] == {
            "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
        }


def test_an_event_that_starts_no_run_is_kept_and_is_an_alarm(
    template: dict[str, Any], alarms: Resources
) -> None:
    [(queue, properties)] = of_type(template, "AWS::SQS::Queue").items()
    assert properties["SqsManagedSseEnabled"] is True
    assert all(_tls_only(p) for p in of_type(template, "AWS::SQS::QueuePolicy").values())
    [rule] = starting_rules(template)
    [target] = rule["Targets"]
    assert joined(target["DeadLetterConfig"]["Arn"]) == "${" + queue + "}"
    assert target["RetryPolicy"] == {"MaximumEventAgeInSeconds": 43200, "MaximumRetryAttempts": 100}
    assert "ApproximateNumberOfMessagesVisible" in alarms


def test_events_may_start_this_state_machine_and_do_nothing_else(template: dict[str, Any]) -> None:
    [machine] = of_type(template, "AWS::StepFunctions::StateMachine")
    [may] = statements(template, "PipelineStateMachineEventsRole")
    assert (may["Action"], may["Resource"]) == (["states:StartExecution"], [{"Ref": machine}])


def test_the_state_machine_may_invoke_the_steps_and_no_other_function(
    template: dict[str, Any], functions: Resources
) -> None:
    invoked = {
        joined(resource).removesuffix(":*")
        for statement in statements(template, "PipelineStateMachineRole")
        if "lambda:InvokeFunction" in statement["Action"]
        for resource in statement["Resource"]
    }
    assert all(name.startswith("${Steps") for name in invoked)
    assert len(invoked) == len(functions) - 1  # the page's


def test_what_a_role_may_do_on_every_resource_knows_no_resources(template: dict[str, Any]) -> None:
    for policy in of_type(template, "AWS::IAM::Policy").values():
        for statement in policy["PolicyDocument"]["Statement"]:
            if statement["Resource"] == "*":
                actions = statement["Action"]
                assert all(a.startswith(("xray:", "logs:")) for a in actions), actions


def test_functions_and_runs_are_traced(template: dict[str, Any], functions: Resources) -> None:
    assert {f["TracingConfig"]["Mode"] for f in functions.values()} == {"Active"}
    [machine] = of_type(template, "AWS::StepFunctions::StateMachine").values()
    assert machine["TracingConfiguration"] == {"Enabled": True}


def test_every_log_expires(template: dict[str, Any], functions: Resources) -> None:
    groups = of_type(template, "AWS::Logs::LogGroup")
    assert {group["RetentionInDays"] for group in groups.values()} == {90}
    assert all(f["LoggingConfig"]["LogGroup"]["Ref"] in groups for f in functions.values())


def test_the_dashboard_shows_the_metrics_that_the_steps_write(template: dict[str, Any]) -> None:
    [board] = of_type(template, "AWS::CloudWatch::Dashboard").values()
    body = joined(board["DashboardBody"])
    for metric in (*METRICS, "FailedConcepts"):
        assert f'"{observing.NAMESPACE}","{metric}","service"' in body
        assert metric in (observing.__doc__ or "")


def test_nobody_is_written_to_and_nothing_is_scheduled_unless_a_setting_says_so(
    template: dict[str, Any],
) -> None:
    assert (Settings().schedule, Settings().alarm_email) == ("", "")
    assert not of_type(template, "AWS::SNS::Subscription")
    assert not any(
        "ScheduleExpression" in r for r in of_type(template, "AWS::Events::Rule").values()
    )


def _function(alarm: dict[str, Any]) -> str:
    dimensions = {each["Name"]: each["Value"] for each in alarm["Dimensions"]}
    return str(dimensions.get("FunctionName", {}).get("Ref", ""))


def _tls_only(policy: dict[str, Any]) -> bool:
    return any(
        statement["Effect"] == "Deny"
        and statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        for statement in policy["PolicyDocument"]["Statement"]
    )
