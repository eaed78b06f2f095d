"""The whole system on one screen."""

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from infra.monitoring import Monitoring
from infra.pipeline import Pipeline
from infra.settings import Settings
from infra.steps import Steps
from infra.storage import Storage
from infra.website import Website


class VibeCheckerStack(Stack):
    """concepts.yml in, predictions out: a bucket, a state machine, and a page to read them."""

    def __init__(self, scope: Construct, construct_id: str, *, settings: Settings) -> None:
        super().__init__(scope, construct_id)
        storage = Storage(self, work_days=settings.work_days)
        steps = Steps(self, bucket=storage.bucket, settings=settings)
        pipeline = Pipeline(self, bucket=storage.bucket, steps=steps, settings=settings)
        website = Website(self, bucket=storage.bucket, settings=settings)
        Monitoring(
            self,
            steps=steps,
            pipeline=pipeline,
            website=website,
            alarm_email=settings.alarm_email,
        )
        CfnOutput(self, "BucketName", value=storage.bucket.bucket_name)
        CfnOutput(self, "StateMachineArn", value=pipeline.state_machine.state_machine_arn)
        CfnOutput(self, "PageAddress", value=website.address)
        CfnOutput(self, "PageLogin", value=website.login)
