"""The bucket with everything in it, and the parameter that tells where it is."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra.nag import acknowledge

# What the writers of staging files tag them with: lifecycle rules know tags and fixed prefixes,
# and `runs/*/work/` is neither.
WORK_TAG = {"lifetime": "work"}
# Each rerun makes one version more of what it publishes, each upload one of an input. A version
# goes when it has been replaced for so long and by so many: S3 asks for both. Whatever is named
# by a classifier.json or by the embeddings' metadata was current when that was written, so it is
# among the newest unless so many later writers broke off without a commit.
_OLD_VERSION_DAYS = 180
_OLD_VERSIONS_KEPT = 10


class Storage(Construct):
    """A versioned, private, encrypted bucket that takes TLS only and outlives the stack."""

    def __init__(self, scope: Construct, *, work_days: int) -> None:
        super().__init__(scope, "Storage")
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            versioned=True,
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            removal_policy=RemovalPolicy.RETAIN,
            lifecycle_rules=_lifecycle(work_days),
        )
        acknowledge(
            self.bucket,
            "S1",
            "its readers are our own functions, whose logs name the request; who else reads it is "
            "what the account's CloudTrail is for, without a second bucket to guard",
        )
        resource = self.bucket.node.default_child
        assert isinstance(resource, s3.CfnBucket)
        # The L2 switch makes a custom resource with a function of its own; the property does not.
        resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(
                event_bridge_enabled=True
            )
        )
        ssm.StringParameter(
            self,
            "BucketName",
            parameter_name="/vibe-checker/bucket-name",
            string_value=self.bucket.bucket_name,
        )


def _lifecycle(work_days: int) -> list[s3.LifecycleRule]:
    return [
        s3.LifecycleRule(
            id="StagingFilesExpire",
            tag_filters=WORK_TAG,
            expiration=Duration.days(work_days),
            noncurrent_version_expiration=Duration.days(1),
        ),
        s3.LifecycleRule(
            id="OldVersionsExpire",
            noncurrent_version_expiration=Duration.days(_OLD_VERSION_DAYS),
            noncurrent_versions_to_retain=_OLD_VERSIONS_KEPT,
            # What is left of a staging file when its versions are gone.
            expired_object_delete_marker=True,
        ),
        s3.LifecycleRule(
            id="BrokenUploadsExpire",
            abort_incomplete_multipart_upload_after=Duration.days(7),
        ),
    ]
