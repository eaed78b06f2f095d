"""Acknowledge a finding of cdk-nag's AwsSolutions rules: one rule, one resource, one reason."""

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct


def acknowledge(resource: IConstruct, rule: str, reason: str) -> None:
    """Say why `rule`, such as "IAM5[Resource::*]", does not hold for `resource`."""
    Validations.of(resource).acknowledge(Acknowledgment(id=f"AwsSolutions-{rule}", reason=reason))
