"""The functions behind the steps of a run, each with just the rights that it needs."""

import json
from collections.abc import Sequence

from aws_cdk import Duration, Size
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.functions import Functions
from infra.nag import acknowledge_keys
from infra.settings import Settings

_READ = ["s3:GetObject", "s3:GetObjectVersion"]
_DATA_SET = ["passages_dataset.feather", "passages_embeddings.npy"]
_DATA_SET += ["passages_embeddings_metadata.json"]
_EMBEDDERS, _CLASSIFIERS = "models/embedders/*", "models/classifiers/*"
_WORK, _RESULTS = "runs/*/work/*", "runs/*/results/*"
_MODELS = "runs/*/work/*/models.json"
_RECORD, _CONCEPTS, _SUMMARY = "runs/*/run.json", "runs/*/concepts.json", "runs/*/summary.json"
_OUTPUTS = ["Q*/predictions.jsonl", "Q*/concept.json", "Q*/classifier.json"]


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
        self._may(
            function,
            read=["concepts.yml", *_DATA_SET, _EMBEDDERS, _RECORD],
            write=[_RECORD, _CONCEPTS, _MODELS],
            # The versions that a run pins; classifiers are pinned from their listing alone.
            list_by="s3:ListBucketVersions",
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
        self._may(function, write=[_WORK])
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
        self._may(function, read=[*_DATA_SET, _EMBEDDERS, _RECORD, _WORK], write=[_WORK])
        return function

    def _classify_passages(self) -> lambda_.Function:
        function = self._functions.image(
            "ClassifyPassages",
            memory=Size.mebibytes(3538),
            timeout=Duration.minutes(15),
            storage=Size.gibibytes(4),
        )
        self._may(function, read=[_CLASSIFIERS, _WORK], write=[_WORK])
        return function

    def _publish_predictions(self) -> lambda_.Function:
        function = self._functions.image(
            "PublishPredictions",
            memory=Size.mebibytes(1024),
            timeout=Duration.minutes(5),
            # 100,000 predictions are some 120 MB; passages of several kB make ten times that.
            storage=Size.gibibytes(4),
        )
        self._may(function, read=[_RECORD, _WORK], write=_OUTPUTS)
        return function

    def _recorder(self, name: str) -> lambda_.Function:
        function = self._functions.zip(
            name, memory=Size.mebibytes(256), timeout=Duration.minutes(1)
        )
        self._may(function, write=[_RESULTS])
        return function

    def _summarise_run(self) -> lambda_.Function:
        function = self._functions.zip(
            "SummariseRun", memory=Size.mebibytes(1024), timeout=Duration.minutes(5)
        )
        self._may(function, read=[_RECORD, _CONCEPTS, _RESULTS], write=[_SUMMARY])
        return function

    def _may(
        self,
        function: lambda_.Function,
        *,
        read: Sequence[str] = (),
        write: Sequence[str] = (),
        list_by: str = "s3:ListBucket",
    ) -> None:
        """Grant reading and writing of keys by pattern, and nothing else.

        Who reads may list as well: S3 says of a missing object that it is missing, and not that
        it is forbidden, only to those who may.
        """
        self._grant(function, _READ, read)
        self._grant(function, ["s3:PutObject"], write)
        # Staging files are tagged, so that they expire.
        self._grant(function, ["s3:PutObjectTagging"], [key for key in write if key == _WORK])
        acknowledge_keys(function, self._bucket, [*read, *write])
        if read:
            actions = sorted({"s3:ListBucket", list_by})
            function.add_to_role_policy(
                iam.PolicyStatement(actions=actions, resources=[self._bucket.bucket_arn])
            )

    def _grant(
        self, function: lambda_.Function, actions: list[str], patterns: Sequence[str]
    ) -> None:
        if patterns:
            keys = [self._bucket.arn_for_objects(pattern) for pattern in patterns]
            function.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=keys))
