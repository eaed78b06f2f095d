"""What CloudFormation would replace, and so lose, if it went by another logical id."""

import json
from typing import Any

from local.project import ROOT

EARLIER = ROOT / "tests" / "upgrades" / "earlier" / "template.json"
# What holds data, or what people know by a name or an address that AWS made up.
STATEFUL = {
    "StorageBucket5CB7C8EA": "AWS::S3::Bucket",
    "StorageBucketName0AD00DD4": "AWS::SSM::Parameter",
    "WebsitePasswordDF3EFA52": "AWS::SecretsManager::Secret",
    "PipelineStateMachine1814BD05": "AWS::StepFunctions::StateMachine",
    "WebsiteApi90B01903": "AWS::ApiGatewayV2::Api",
}


def test_stateful_resources_keep_their_logical_ids(template: dict[str, Any]) -> None:
    assert _stateful(template) == STATEFUL


def test_they_are_those_of_the_earlier_version(template: dict[str, Any]) -> None:
    earlier = json.loads(EARLIER.read_text())
    # Its page was open, without a password.
    expected = {name: kind for name, kind in STATEFUL.items() if "Password" not in name}
    assert _stateful(earlier) == expected


def test_nothing_else_holds_data_and_the_bucket_alone_outlives_the_stack(
    template: dict[str, Any],
) -> None:
    kept = {
        name
        for name, resource in template["Resources"].items()
        if "Retain" in resource.get("DeletionPolicy", "")
    }
    assert kept == {"StorageBucket5CB7C8EA"}
    assert template["Resources"]["StorageBucket5CB7C8EA"]["UpdateReplacePolicy"] == "Retain"


def _stateful(template: dict[str, Any]) -> dict[str, str]:
    return {
        name: resource["Type"]
        for name, resource in template["Resources"].items()
        if resource["Type"] in set(STATEFUL.values())
    }
