"""What tells people of trouble: alarms to a topic, and a dashboard to look at."""

from aws_cdk import Duration, RemovalPolicy, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from aws_cdk.aws_cloudwatch_actions import SnsAction
from constructs import Construct

from infra.dashboard import dashboard
from infra.nag import acknowledge
from infra.pipeline import Pipeline
from infra.steps import Steps
from infra.website import Website


class Monitoring(Construct):
    """One topic, the alarms that speak through it, and one dashboard.

    `alarm_email` is told of every alarm once it has confirmed; without one the topic waits for
    whoever subscribes.
    """

    def __init__(
        self,
        scope: Construct,
        *,
        steps: Steps,
        pipeline: Pipeline,
        website: Website,
        alarm_email: str,
    ) -> None:
        super().__init__(scope, "Monitoring")
        self.topic = self._topic()
        if alarm_email:
            self.topic.add_subscription(subscriptions.EmailSubscription(alarm_email))
        self._tell_why_runs_end(pipeline, website)
        functions = {
            each.node.id: each
            for each in [*steps.node.children, website.function]
            if isinstance(each, lambda_.Function)
        }
        alarms = self._alarms_of_runs(pipeline) + self._alarms_of_the_page(website)
        alarms += [
            self._alarm(
                f"{name}Throttled",
                function.metric_throttles(),
                f"Lambda refused to run {name}: the account's concurrency is used up. Runs try "
                "again; lower concept_concurrency or shard_concurrency, or ask for a higher quota.",
            )
            for name, function in functions.items()
        ]
        dashboard(self, machine=pipeline.state_machine, functions=functions, alarms=alarms)

    def _alarms_of_runs(self, pipeline: Pipeline) -> list[cloudwatch.Alarm]:
        machine, see = pipeline.state_machine, "the execution's cause names the concepts and why."
        return [
            self._alarm("RunFailed", machine.metric_failed(), f"A run failed; {see}"),
            self._alarm("RunTimedOut", machine.metric_timed_out(), "A run took over a day."),
            self._alarm("RunAborted", machine.metric_aborted(), "Somebody stopped a run."),
            self._alarm(
                "RunThrottled", machine.metric_throttled(), "Step Functions slowed a run down."
            ),
            self._alarm(
                "StartLost",
                pipeline.lost_starts.metric_approximate_number_of_messages_visible(),
                "An upload or the schedule started no run; the event waits in the queue of lost "
                "starts. Start the state machine with {} to make up for it.",
            ),
        ]

    def _alarms_of_the_page(self, website: Website) -> list[cloudwatch.Alarm]:
        return [
            self._alarm(
                "PageBroken", website.function.metric_errors(), "The page's function died."
            ),
            self._alarm(
                "PageFailed", website.api.metric_server_error(), "The page answered with an error."
            ),
        ]

    def _alarm(self, name: str, metric: cloudwatch.Metric, description: str) -> cloudwatch.Alarm:
        """One in five minutes is an alarm; nothing to count is none."""
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_description=description,
            metric=metric.with_(statistic="Sum", period=Duration.minutes(5)),
            threshold=1,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(SnsAction(self.topic))
        return alarm

    def _topic(self) -> sns.Topic:
        """Encrypted with a key of our own: CloudWatch cannot use the one that AWS manages."""
        key = kms.Key(
            self,
            "Key",
            description="Encrypts Vibe Checker's alarms on their way",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.DESTROY,
        )
        topic = sns.Topic(self, "Alarms", master_key=key, enforce_ssl=True)
        # In a key's own policy "*" is that key.
        key.add_to_resource_policy(self._alarms_may("kms:Decrypt", "kms:GenerateDataKey*", on="*"))
        # A policy of one's own, as TLS only needs, replaces the one that lets alarms through.
        topic.add_to_resource_policy(self._alarms_may("sns:Publish", on=topic.topic_arn))
        return topic

    def _alarms_may(self, *actions: str, on: str) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
            actions=list(actions),
            resources=[on],
            conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
        )

    def _teller(self) -> iam.Role:
        events_service = iam.ServicePrincipal("events.amazonaws.com")
        role = iam.Role(self, "TellerRole", assumed_by=events_service)
        reason = "SNS has two calls that make a data key; the grant is for this topic's own key"
        acknowledge(role, "IAM5[Action::kms:GenerateDataKey*]", reason)
        return role

    def _tell_why_runs_end(self, pipeline: Pipeline, website: Website) -> None:
        """An alarm is only a number: this message has the cause, which names the concepts."""
        machine = pipeline.state_machine.state_machine_arn
        detail = {"stateMachineArn": [machine], "status": ["FAILED", "TIMED_OUT", "ABORTED"]}
        name, status, error, cause = (
            events.EventField.from_path(f"$.detail.{field}")
            for field in ("name", "status", "error", "cause")
        )
        events.Rule(
            self,
            "RunEndedBadly",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail=detail,
            ),
            targets=[
                targets.SnsTopic(
                    self.topic,
                    role=self._teller(),
                    message=events.RuleTargetInput.from_text(
                        f"Vibe Checker: run {name} ended: {status} {error} {cause} "
                        f"All runs: {website.address}runs"
                    ),
                )
            ],
        )
