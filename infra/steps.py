"""The functions behind the steps of a run, each with just the rights that it needs."""

import json
from collections.abc import Sequence

from aws_cdk import Duration, Size
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.functions import HEAVY, Functions
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
            # 10,000 concepts with a model each: 1.5 s of CPU for the list, 14 s for 10,000 files
            # of pins (1.4 ms each), and Lambda gives 1,024 MB 0.58 of a core: 27 s; 40 requests to
            # list the models' files: 8 s. Three times that. It takes 60 MB and some for each pin.
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
            # 70 MB, and 350 for the largest answer that is read (16 MB) if it is all brackets.
            memory=Size.mebibytes(512),
            # 10,000 linked items, the most there may be, are 200 requests of 0.3 s, and waiting as
            # Wikibase asks ends after 30 s: 90 s. Twice that.
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
            # The embeddings are mapped and take none of it for good. The most passages that are
            # handed on (419 MB) take 1.6 GB at their peak, the largest batch 0.8, libraries and a
            # model of MiniLM's size 0.3: 2.7 GB.
            memory=HEAVY,
            # 10 GB from S3 at 75 MB/s are 140 s; one pass over them on the disk at 200 MB/s, 50 s;
            # the similarities of 10 million rows in float16, 14 s of CPU; unpacking the passages
            # and writing candidates, 15 s: 220 s. Twice that and some.
            timeout=Duration.minutes(10),
            # The most that Lambda gives; see vibe_checker.runs.inputs.
            storage=Size.gibibytes(10),
        )
        self._may(function, read=[*_DATA_SET, _EMBEDDERS, _RECORD, _WORK], write=[_WORK])
        return function

    def _classify_passages(self) -> lambda_.Function:
        function = self._functions.image(
            "ClassifyPassages",
            # Models of up to 1.2 GB, which may take twice as much to open.
            memory=HEAVY,
            # 2,500 passages by a model of BERT-base's size, 5.1 a second: 490 s, and 16 s to fetch
            # 1.2 GB. Not twice that is all that Lambda gives.
            timeout=Duration.minutes(15),
            # Such a model, and the one before it until there is no more room.
            storage=Size.gibibytes(4),
        )
        self._may(function, read=[_CLASSIFIERS, _WORK], write=[_WORK])
        return function

    def _publish_predictions(self) -> lambda_.Function:
        function = self._functions.image(
            "PublishPredictions",
            # One shard at a time: 64 MB, and a fortieth of the largest file, 88.
            memory=Size.mebibytes(1024),
            # 3.5 GB, the most that is published as one file, there and back at 75 MB/s: 93 s.
            # Three times that. 100,000 predictions are some 120 MB, which take 4 s.
            timeout=Duration.minutes(5),
            storage=Size.gibibytes(4),
        )
        self._may(function, read=[_RECORD, _WORK], write=_OUTPUTS)
        return function

    def _recorder(self, name: str) -> lambda_.Function:
        # 54 MB and one small file.
        function = self._functions.zip(
            name, memory=Size.mebibytes(256), timeout=Duration.minutes(1)
        )
        self._may(function, write=[_RESULTS])
        return function

    def _summarise_run(self) -> lambda_.Function:
        # 10,000 results, 1.3 ms of CPU each on 0.58 of a core: 22 s. Their content is 10 MB as a
        # rule, 600 MB if each of 50 classifiers of every concept failed at length.
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
        staged = [key for key in write if key in (_WORK, _MODELS)]
        self._grant(function, ["s3:PutObjectTagging"], staged)
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
