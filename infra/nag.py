"""cdk-nag's AwsSolutions rules, checked at every synthesis, and what is exempt from them.

An exemption is for one rule on one resource, and has a reason. Each finding of a rule that finds
several things on a resource is exempted by itself: "IAM5[Resource::<Bucket.Arn>/runs/*]".
"""

from collections.abc import Iterable

from aws_cdk import Acknowledgment, Stack, Validations
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from cdk_nag import AwsSolutionsChecks
from constructs import IConstruct


def check(scope: IConstruct) -> None:
    """End the synthesis of `scope` with an error where a rule is broken."""
    Validations.of(scope).add_plugins(AwsSolutionsChecks(scope))


def acknowledge(resource: IConstruct, rule: str, reason: str) -> None:
    """Say why `rule`, such as "SQS3", does not hold for `resource`."""
    Validations.of(resource).acknowledge(Acknowledgment(id=f"AwsSolutions-{rule}", reason=reason))


def acknowledge_keys(
    function: lambda_.Function, bucket: s3.IBucket, patterns: Iterable[str]
) -> None:
    """Say why a function may use keys by pattern."""
    assert function.role
    for pattern in sorted({each for each in patterns if "*" in each}):
        acknowledge(
            function.role,
            f"IAM5[Resource::<{logical_id(bucket)}.Arn>/{pattern}]",
            "a star stands for the id of a run, concept, classifier or model, or for a file of "
            "one, none of which is known before a run",
        )


def logical_id(resource: IConstruct) -> str:
    """What CloudFormation calls a resource; a finding names what it is about by this."""
    child = resource.node.default_child
    return str(Stack.of(resource).resolve(child.logical_id))  # type: ignore[union-attr]
