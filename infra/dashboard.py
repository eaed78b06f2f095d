"""The dashboard: how runs end, what each step does and costs, and the latest errors."""

from collections.abc import Mapping, Sequence

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

# The steps' own metrics, as vibe_checker.observing writes them: name → title.
METRICS = {
    "Passages": "Passages by step",
    "Positives": "Positives by step",
    "Failures": "Failed invocations by step",
    "Seconds": "Seconds by step",
    "EstimatedCost": "Estimated cost by step (USD)",
}
_WIDTH, _HALF = 24, 12


def dashboard(
    scope: Construct,
    *,
    machine: sfn.StateMachine,
    functions: Mapping[str, lambda_.Function],
    alarms: Sequence[cloudwatch.Alarm],
) -> cloudwatch.Dashboard:
    """Alarms and runs on top, then the steps, then the errors in words."""
    board = cloudwatch.Dashboard(scope, "Dashboard", default_interval=Duration.days(7))
    board.add_widgets(cloudwatch.AlarmStatusWidget(title="Alarms", alarms=alarms, width=_WIDTH))
    board.add_widgets(
        _runs(machine), _graph("Concepts that failed", "FailedConcepts", ["SummariseRun"])
    )
    steps = [name for name in functions if name != "Web"]
    graphs = [_graph(title, metric, steps) for metric, title in METRICS.items()]
    for pair in (graphs[:2], graphs[2:4], graphs[4:]):
        board.add_widgets(*pair)
    board.add_widgets(_lambda("Throttled invocations", functions, "Throttles", "Sum"))
    board.add_widgets(_lambda("Longest invocation (ms)", functions, "Duration", "Maximum"))
    board.add_widgets(_errors(functions))
    return board


def _runs(machine: sfn.StateMachine) -> cloudwatch.GraphWidget:
    metrics: list[cloudwatch.IMetric] = [
        machine.metric_started(statistic="Sum"),
        machine.metric_succeeded(statistic="Sum"),
        machine.metric_failed(statistic="Sum"),
        machine.metric_timed_out(statistic="Sum"),
        machine.metric_aborted(statistic="Sum"),
    ]
    return cloudwatch.GraphWidget(title="Runs", left=metrics, width=_HALF)


def _graph(title: str, metric: str, steps: Sequence[str]) -> cloudwatch.GraphWidget:
    lines: list[cloudwatch.IMetric] = [
        cloudwatch.Metric(
            namespace="VibeChecker",
            metric_name=metric,
            dimensions_map={"service": step},
            statistic="Sum",
            label=step,
        )
        for step in steps
    ]
    return cloudwatch.GraphWidget(title=title, left=lines, width=_HALF)


def _lambda(
    title: str, functions: Mapping[str, lambda_.Function], metric: str, statistic: str
) -> cloudwatch.GraphWidget:
    lines: list[cloudwatch.IMetric] = [
        function.metric(metric, statistic=statistic, label=name)
        for name, function in functions.items()
    ]
    return cloudwatch.GraphWidget(title=title, left=lines, width=_WIDTH)


def _errors(functions: Mapping[str, lambda_.Function]) -> cloudwatch.LogQueryWidget:
    return cloudwatch.LogQueryWidget(
        title="Latest errors",
        log_group_names=[each.log_group.log_group_name for each in functions.values()],
        query_lines=[
            "fields @timestamp, service, run_id, concept_id, classifier, exception_name, exception",
            "filter level = 'ERROR'",
            "sort @timestamp desc",
            "limit 50",
        ],
        width=_WIDTH,
    )
