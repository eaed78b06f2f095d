"""The functions behind the steps of a run, each with just the rights that it needs."""

import json
from collections.abc import Iterable

from aws_cdk import Duration, Size
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.functions import Functions
from infra.settings import Settings

_READ = ["s3:GetObject", "s3:GetObjectVersion"]
# Staging files are tagged, so that they expire.
_WRITE = ["s3:PutObject", "s3:PutObjectTagging"]


class Steps(Construct):
    """One function for each step, named like its state."""

    def __init__(self, scope: Construct, *, bucket: s3.IBucket, settings: Settings) -> None:
        super().__init__(scope, "Steps")
        self._bucket = bucket
        self._functions = Functions(self, environment={"BUCKET": bucket.bucket_name})
        self.plan_run = self._plan_run(settings)
        self.fetch_concept = self._fetch_concept(settings)
        self.find_passages = self._find_passages()
        self.classify_passages = self._classify_passages()
        self.publish_predictions = self._publish_predictions()
        self.record_result = self._recorder("RecordResult")
        self.record_failure = self._recorder("RecordFailure")
        self.summarise_run = self._summarise_run()

    def _plan_run(self, settings: Settings) -> lambda_.Function:
        function = self._functions.zip(
            "PlanRun",
            # Reading 10,000 ids from YAML and pinning as many models is the work of a second.
            memory=Size.mebibytes(1024),
            timeout=Duration.minutes(2),
            environment={
                "SIMILARITY_THRESHOLD": str(settings.similarity_threshold),
                "MINIMUM_CANDIDATES": str(settings.minimum_candidates),
                "MAXIMUM_CANDIDATES": str(settings.maximum_candidates),
                "SHARD_SIZE": str(settings.shard_size),
            },
        )
        records = ["runs/*/run.json", "runs/*/concepts.json"]
        self._may(
            function,
            read=["concepts.yml", "passages_*", "models/*", *records],
            write=[*records, "runs/*/work/*/models.json"],
        )
        return function

    def _fetch_concept(self, settings: Settings) -> lambda_.Function:
        function = self._functions.image(
            "FetchConcept",
            memory=Size.mebibytes(512),
            timeout=Duration.minutes(3),
            environment={
                "WIKIBASE_URL": settings.wikibase_url,
                "WIKIBASE_PROPERTIES": json.dumps(settings.wikibase_properties),
                "WIKIBASE_SECRET": settings.wikibase_secret_name,
            },
        )
        if settings.wikibase_secret_name:
            secretsmanager.Secret.from_secret_name_v2(
                self, "WikibaseSecret", settings.wikibase_secret_name
            ).grant_read(function)
        self._may(function, write=["runs/*/work/*"])
        return function

    def _find_passages(self) -> lambda_.Function:
        function = self._functions.image(
            "FindPassages",
            # The mapped embeddings are read in place; what counts is the model (0.5 GB) and
            # 100,000 candidates with their metadata. 3,538 MB is where Lambda gives two cores.
            memory=Size.mebibytes(3538),
            timeout=Duration.minutes(10),
            storage=Size.gibibytes(10),
        )
        inputs = ["passages_*", "models/*", "runs/*/run.json"]
        self._may(function, read=[*inputs, "runs/*/work/*"], write=["runs/*/work/*"])
        return function

    def _classify_passages(self) -> lambda_.Function:
        function = self._functions.image(
            "ClassifyPassages",
            memory=Size.mebibytes(3538),
            timeout=Duration.minutes(15),
            storage=Size.gibibytes(4),
        )
        self._may(function, read=["models/classifiers/*", "runs/*/work/*"], write=["runs/*/work/*"])
        return function

    def _publish_predictions(self) -> lambda_.Function:
        function = self._functions.image(
            "PublishPredictions",
            memory=Size.mebibytes(1024),
            timeout=Duration.minutes(5),
            # 100,000 predictions are some 120 MB; passages of several kB make ten times that.
            storage=Size.gibibytes(4),
        )
        outputs = ["Q*/predictions.jsonl", "Q*/concept.json", "Q*/classifier.json"]
        self._may(function, read=["runs/*/run.json", "runs/*/work/*"], write=outputs)
        return function

    def _recorder(self, name: str) -> lambda_.Function:
        function = self._functions.zip(
            name, memory=Size.mebibytes(256), timeout=Duration.minutes(1)
        )
        self._may(function, write=["runs/*/results/*"])
        return function

    def _summarise_run(self) -> lambda_.Function:
        function = self._functions.zip(
            "SummariseRun", memory=Size.mebibytes(1024), timeout=Duration.minutes(5)
        )
        self._may(function, read=["runs/*"], write=["runs/*/summary.json"])
        return function

    def _may(
        self, function: lambda_.Function, *, read: Iterable[str] = (), write: Iterable[str] = ()
    ) -> None:
        """Grant reading and writing of keys by pattern, and nothing else.

        Who reads may list as well: S3 says of a missing object that it is missing, and not that
        it is forbidden, only to those who may.
        """
        for actions, patterns in ((_READ, read), (_WRITE, write)):
            if patterns:
                keys = [self._bucket.arn_for_objects(pattern) for pattern in patterns]
                function.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=keys))
        if read:
            function.add_to_role_policy(
                iam.PolicyStatement(
                    actions=["s3:ListBucket", "s3:ListBucketVersions"],
                    resources=[self._bucket.bucket_arn],
                )
            )
