"""What starts runs by itself: an upload of concepts.yml, and a schedule if there is one."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from infra.nag import acknowledge


def starts(
    scope: Construct,
    machine: sfn.StateMachine,
    lost: sqs.IQueue,
    bucket: s3.IBucket,
    schedule: str,
) -> None:
    """Start `machine` by each upload of concepts.yml, and when `schedule` says, if it is given."""
    uploaded = events.EventPattern(
        source=["aws.s3"],
        detail_type=["Object Created"],
        detail={"bucket": {"name": [bucket.bucket_name]}, "object": {"key": ["concepts.yml"]}},
    )
    start = _start(machine, lost)
    events.Rule(scope, "ConceptsUploaded", event_pattern=uploaded, targets=[start])
    if schedule:
        events.Rule(
            scope,
            "Schedule",
            schedule=events.Schedule.expression(schedule),
            targets=[_start(machine, lost, events.RuleTargetInput.from_object({}))],
        )


def _start(
    machine: sfn.StateMachine, lost: sqs.IQueue, given: events.RuleTargetInput | None = None
) -> targets.SfnStateMachine:
    return targets.SfnStateMachine(
        machine,
        input=given,
        dead_letter_queue=lost,
        # A run that starts half a day late still shows today's list; later, somebody has
        # long been told by the alarm and has started it.
        max_event_age=Duration.hours(12),
        retry_attempts=100,
    )


def lost_starts(scope: Construct) -> sqs.Queue:
    """Where the events go that could not start a run."""
    queue = sqs.Queue(
        scope,
        "LostStarts",
        encryption=sqs.QueueEncryption.SQS_MANAGED,
        enforce_ssl=True,
        retention_period=Duration.days(14),
    )
    acknowledge(queue, "SQS3", "it is a dead-letter queue itself, with an alarm on it")
    return queue
