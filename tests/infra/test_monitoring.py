"""What tells people of trouble before their users do."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra.dashboard import METRICS
from infra.settings import Settings
from local.project import ROOT, STACK, synthesise
from tests.infra.conftest import Resources, joined, of_type, starting_rules
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


def test_what_to_do_at_each_alarm_is_written_down(template: dict[str, Any]) -> None:
    table = (ROOT / "docs" / "operating.md").read_text()
    explained = set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE))
    named = {
        re.sub("^Monitoring|[0-9A-F]{8}$", "", name)
        for name in of_type(template, "AWS::CloudWatch::Alarm")
    }
    assert {name for name in named if not name.endswith("Throttled")} | {
        "RunThrottled"
    } == explained
    assert "| `...Throttled` |" in table


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


def test_functions_and_runs_are_traced(template: dict[str, Any], functions: Resources) -> None:
    assert {f["TracingConfig"]["Mode"] for f in functions.values()} == {"Active"}
    [machine] = of_type(template, "AWS::StepFunctions::StateMachine").values()
    assert machine["TracingConfiguration"] == {"Enabled": True}


def test_every_log_expires(template: dict[str, Any], functions: Resources) -> None:
    groups = of_type(template, "AWS::Logs::LogGroup")
    assert {group["RetentionInDays"] for group in groups.values()} == {90}
    assert all(f["LoggingConfig"]["LogGroup"]["Ref"] in groups for f in functions.values())


def test_the_access_log_names_no_words_of_a_search(template: dict[str, Any]) -> None:
    [stage] = of_type(template, "AWS::ApiGatewayV2::Stage").values()
    log = stage["AccessLogSettings"]
    assert set(json.loads(log["Format"]).values()) == {
        "$context.requestId",
        "$context.identity.sourceIp",
        "$context.requestTime",
        "$context.routeKey",
        "$context.status",
    }
    assert joined(log["DestinationArn"]).strip("${}") in of_type(template, "AWS::Logs::LogGroup")


def test_the_state_machine_logs_its_errors_and_no_data(template: dict[str, Any]) -> None:
    [machine] = of_type(template, "AWS::StepFunctions::StateMachine").values()
    log = machine["LoggingConfiguration"]
    assert (log["Level"], log.get("IncludeExecutionData", False)) == ("ERROR", False)


def test_settings_say_who_is_written_to_and_when_runs_start_by_themselves(tmp_path: Path) -> None:
    given = {"alarm_email": "team@example.org", "schedule": "cron(0 8 ? * MON-THU *)"}
    synthesise(tmp_path, given)
    template = json.loads((tmp_path / f"{STACK}.template.json").read_text())
    [subscription] = of_type(template, "AWS::SNS::Subscription").values()
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", given["alarm_email"])
    [scheduled] = [r for r in starting_rules(template) if "ScheduleExpression" in r]
    assert scheduled["ScheduleExpression"] == given["schedule"]
    [target] = scheduled["Targets"]
    assert (target["Input"], "DeadLetterConfig" in target) == ("{}", True)


def test_a_run_that_ends_badly_is_told_of_in_its_own_words(template: dict[str, Any]) -> None:
    [machine] = of_type(template, "AWS::StepFunctions::StateMachine")
    [topic] = of_type(template, "AWS::SNS::Topic")
    [rule] = [
        rule
        for rule in of_type(template, "AWS::Events::Rule").values()
        if rule["EventPattern"]["source"] == ["aws.states"]
    ]
    assert rule["EventPattern"]["detail"] == {
        "stateMachineArn": [{"Ref": machine}],
        "status": ["FAILED", "TIMED_OUT", "ABORTED"],
    }
    [target] = rule["Targets"]
    assert target["Arn"] == {"Ref": topic}
    assert "<detail-cause>" in joined(target["InputTransformer"]["InputTemplate"])


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
