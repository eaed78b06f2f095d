"""The state machine: a run from its input to its end."""

import json
from collections.abc import Mapping

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from infra.nag import acknowledge, logical_id
from infra.settings import Settings
from infra.starts import lost_starts, starts
from infra.steps import Steps

# Worth another try, and nothing else is: errors of our own below TransientError, and the
# Lambda service's. (CDK's default list leaves TooManyRequests out.)
TRANSIENT_ERRORS = [
    "WikibaseUnavailable",
    "StorageUnavailable",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.TooManyRequestsException",
]
# A function that ran out of time or memory, or whose process died, may have met a passing trouble
# of its machine: once more, since twice is no accident.
DEATHS = ["Sandbox.Timedout", "Runtime.ExitError", "Lambda.Unknown"]
CONCEPT_LISTS = "runs/*/concepts.json"
# What PlanRun says of a run that cannot be run as asked.
REFUSALS = ["InvalidRequest", "InvalidInput", "MissingInput", "InvalidEmbeddings", "TooLarge"]


class _ConceptList(sfn.S3JsonItemReader):
    """Reads a run's list of concepts, and may read nothing else; CDK's own may read the bucket."""

    def provide_policy_statements(self) -> list[iam.PolicyStatement]:
        key = self.bucket.arn_for_objects(CONCEPT_LISTS)
        return [iam.PolicyStatement(actions=["s3:GetObject"], resources=[key])]


class Pipeline(Construct):
    """PlanRun → for each concept: FetchConcept ... PublishPredictions → SummariseRun."""

    def __init__(
        self, scope: Construct, *, bucket: s3.IBucket, steps: Steps, settings: Settings
    ) -> None:
        super().__init__(scope, "Pipeline")
        self._bucket = bucket
        self._steps = steps
        self._settings = settings
        self.state_machine = sfn.StateMachine(
            self,
            "StateMachine",
            definition_body=sfn.DefinitionBody.from_chainable(self._run()),
            timeout=Duration.hours(24),
            tracing_enabled=True,
            logs=sfn.LogOptions(
                destination=logs.LogGroup(
                    self,
                    "StateMachineLogs",
                    retention=logs.RetentionDays.THREE_MONTHS,
                    removal_policy=RemovalPolicy.DESTROY,
                ),
                level=sfn.LogLevel.ERROR,
            ),
        )
        self._acknowledge()
        self.lost_starts = lost_starts(self)
        starts(self, self.state_machine, self.lost_starts, bucket, settings.schedule)

    def _run(self) -> sfn.IChainable:
        plan = self._task(
            "PlanRun",
            self._steps.plan_run,
            {
                "execution": {
                    "arn": sfn.JsonPath.execution_id,
                    "started_at": sfn.JsonPath.execution_start_time,
                },
                "input": sfn.JsonPath.object_at("$$.Execution.Input"),
            },
        )
        plan.add_catch(
            sfn.Succeed(self, "AlreadyStarted", comment="the same upload, told of twice"),
            errors=["AlreadyStarted"],
        )
        plan.add_catch(self._refuse(), errors=REFUSALS, result_path="$.error")
        summarise = self._task(
            "SummariseRun",
            self._steps.summarise_run,
            {"run_id": sfn.JsonPath.string_at("$.run_id")},
        )
        ended = sfn.Choice(self, "AllConceptsSucceeded?")
        ended.when(
            sfn.Condition.string_equals("$.status", "succeeded"), sfn.Succeed(self, "RunSucceeded")
        )
        ended.otherwise(sfn.Fail(self, "RunFailed", error_path="$.error", cause_path="$.cause"))
        return plan.next(self._for_each_concept()).next(summarise).next(ended)

    def _refuse(self) -> sfn.IChainable:
        """End with the error's own words, not with the JSON that Lambda wraps around them."""
        words = {
            "error": sfn.JsonPath.string_at("$.error.Error"),
            "cause": sfn.JsonPath.string_to_json(sfn.JsonPath.string_at("$.error.Cause")),
        }
        return sfn.Pass(self, "ReadReason", parameters=words).next(
            sfn.Fail(self, "RunRefused", error_path="$.error", cause_path="$.cause.errorMessage")
        )

    def _for_each_concept(self) -> sfn.DistributedMap:
        concepts = sfn.DistributedMap(
            self,
            "ForEachConcept",
            item_reader=_ConceptList(
                bucket=self._bucket, key=sfn.JsonPath.string_at("$.concepts_key")
            ),
            item_selector={
                "run_id": sfn.JsonPath.string_at("$.run_id"),
                "concept_id": sfn.JsonPath.string_at("$$.Map.Item.Value.concept_id"),
                "classifiers": sfn.JsonPath.object_at("$$.Map.Item.Value.classifiers"),
            },
            max_concurrency=self._settings.concept_concurrency,
            # Every failure is recorded inside; what fails even so must not end the others.
            tolerated_failure_percentage=100,
            result_path=sfn.JsonPath.DISCARD,
        )
        # Standard children, at 25 USD for a million steps: an express one would cost less, but
        # ends after five minutes, where a large model takes seven for one shard, may run a step
        # twice, and keeps no history of what became of a concept.
        return concepts.item_processor(self._concept())

    def _concept(self) -> sfn.IChainable:
        concept = {
            "run_id": sfn.JsonPath.string_at("$.run_id"),
            "concept_id": sfn.JsonPath.string_at("$.concept_id"),
            "started_at": sfn.JsonPath.string_at("$.started_at"),
        }
        begin = sfn.Pass(
            self,
            "BeginConcept",
            parameters={
                "run_id": sfn.JsonPath.string_at("$.run_id"),
                "concept_id": sfn.JsonPath.string_at("$.concept_id"),
                "classifiers": sfn.JsonPath.object_at("$.classifiers"),
                "started_at": sfn.JsonPath.state_entered_time,
            },
        )
        done = sfn.Pass(self, "ConceptEnded", output_path=sfn.JsonPath.DISCARD)
        failed = self._task(
            "RecordFailure",
            self._steps.record_failure,
            {**concept, "error": sfn.JsonPath.object_at("$.error")},
        ).next(done)
        fetch = self._task("FetchConcept", self._steps.fetch_concept, concept, sfn.JsonPath.DISCARD)
        find = self._task(
            "FindPassages",
            self._steps.find_passages,
            {**concept, "classifiers": sfn.JsonPath.object_at("$.classifiers")},
            "$.found",
        )
        classify = self._for_each_classifier()
        record = self._task(
            "RecordResult",
            self._steps.record_result,
            {**concept, "outcomes": sfn.JsonPath.object_at("$.outcomes")},
        )
        for step in (fetch, find, classify, record):
            step.add_catch(failed, result_path="$.error")
        return begin.next(fetch).next(find).next(classify).next(record).next(done)

    def _for_each_classifier(self) -> sfn.Map:
        classifiers = sfn.Map(
            self,
            "ForEachClassifier",
            items_path="$.classifiers",
            item_selector={
                "run_id": sfn.JsonPath.string_at("$.run_id"),
                "concept_id": sfn.JsonPath.string_at("$.concept_id"),
                "classifier": sfn.JsonPath.object_at("$$.Map.Item.Value"),
                "shards": sfn.JsonPath.list_at("$.found.shards"),
            },
            result_path="$.outcomes",
        )
        return classifiers.item_processor(self._classifier())

    def _classifier(self) -> sfn.IChainable:
        """One classifier: its failure becomes its outcome, and costs the others nothing."""
        classifier = {
            "run_id": sfn.JsonPath.string_at("$.run_id"),
            "concept_id": sfn.JsonPath.string_at("$.concept_id"),
            "classifier": sfn.JsonPath.object_at("$.classifier"),
        }
        shards = sfn.Map(
            self,
            "ForEachShard",
            items_path="$.shards",
            item_selector={**classifier, "shard": sfn.JsonPath.number_at("$$.Map.Item.Value")},
            max_concurrency=self._settings.shard_concurrency,
            result_path="$.shards",
        ).item_processor(
            self._task(
                "ClassifyPassages",
                self._steps.classify_passages,
                {**classifier, "shard": sfn.JsonPath.number_at("$.shard")},
            )
        )
        publish = self._task(
            "PublishPredictions",
            self._steps.publish_predictions,
            {**classifier, "shards": sfn.JsonPath.list_at("$.shards")},
        )
        failed = self._task(
            "RecordClassifierFailure",
            self._steps.record_failure,
            {**classifier, "error": sfn.JsonPath.object_at("$.error")},
        )
        shards.add_catch(failed, result_path="$.error")
        publish.add_catch(failed, result_path="$.error")
        return shards.next(publish)

    def _task(
        self,
        name: str,
        function: lambda_.IFunction,
        payload: Mapping[str, object],
        result_path: str | None = None,
    ) -> tasks.LambdaInvoke:
        task = tasks.LambdaInvoke(
            self,
            name,
            lambda_function=function,
            payload=sfn.TaskInput.from_object(dict(payload)),
            payload_response_only=True,
            retry_on_service_exceptions=False,
            result_path=result_path,
        )
        task.add_retry(
            errors=TRANSIENT_ERRORS,
            interval=Duration.seconds(2),
            backoff_rate=2,
            max_attempts=6,
            max_delay=Duration.minutes(1),
            jitter_strategy=sfn.JitterType.FULL,
        )
        task.add_retry(errors=DEATHS, max_attempts=1)
        return task

    def _acknowledge(self) -> None:
        machine, own = self.state_machine, logical_id(self.state_machine)
        reason = "Step Functions keeps all of a run's history for 90 days; the log is for errors"
        acknowledge(machine, "SF1", reason)
        reason = "X-Ray and the delivery of logs know no resources"
        acknowledge(machine.role, "IAM5[Resource::*]", reason)
        for function in self._steps.node.children:
            if isinstance(function, lambda_.Function):
                versions = f"IAM5[Resource::<{logical_id(function)}.Arn>:*]"
                acknowledge(machine.role, versions, "any version of a step's own function")
        acknowledge(
            machine.role,
            f"IAM5[Resource::<{logical_id(self._bucket)}.Arn>/{CONCEPT_LISTS}]",
            "a star stands for the run's id",
        )
        name = json.dumps({"Fn::Select": [6, {"Fn::Split": [":", {"Ref": own}]}]})
        executions = "arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>:execution:"
        for which in (":*", "/*:*"):
            acknowledge(
                machine,
                f"IAM5[Resource::{executions}{name.replace(' ', '')}{which}]",
                "a Map watches and ends the executions that it starts, which have no names before",
            )
