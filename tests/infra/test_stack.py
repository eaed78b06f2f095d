"""What the stack promises to whoever deploys it."""

import ast
from pathlib import Path
from typing import Any

import pytest

from local.project import ROOT, STACK
from tests.infra.conftest import Resources, joined, of_type, starting_rules, statements

# What a step may do with objects, besides reading a secret.
ALLOWED = [
    {"s3:GetObject", "s3:GetObjectVersion"},
    {"s3:PutObject"},
    {"s3:PutObjectTagging"},
    {"s3:PutObject", "s3:PutObjectTagging"},
    {"s3:ListBucket"},
    {"s3:ListBucket", "s3:ListBucketVersions"},
]
DATA_SET = {f"passages_{name}" for name in ("dataset.feather", "embeddings.npy")}
DATA_SET |= {"passages_embeddings_metadata.json"}
EMBEDDERS = {"models/embedders/*"}
STEPS = {
    "PlanRun": "zip",
    "FetchConcept": "image",
    "FindPassages": "image",
    "ClassifyPassages": "image",
    "PublishPredictions": "image",
    "RecordResult": "zip",
    "RecordFailure": "zip",
    "SummariseRun": "zip",
}


def test_the_bucket_is_private_versioned_encrypted_and_outlives_the_stack(
    template: dict[str, Any],
) -> None:
    [(name, bucket)] = of_type(template, "AWS::S3::Bucket").items()
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert template["Resources"][name]["DeletionPolicy"] == "Retain"
    assert template["Resources"][name]["UpdateReplacePolicy"] == "Retain"


def test_the_bucket_takes_tls_only(template: dict[str, Any]) -> None:
    [policy] = of_type(template, "AWS::S3::BucketPolicy").values()
    [statement] = policy["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Action"] == "s3:*"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_staging_files_expire_and_nothing_else_does(template: dict[str, Any]) -> None:
    [bucket] = of_type(template, "AWS::S3::Bucket").values()
    rules = bucket["LifecycleConfiguration"]["Rules"]
    expiring = [rule for rule in rules if "ExpirationInDays" in rule]
    assert [rule["TagFilters"] for rule in expiring] == [[{"Key": "lifetime", "Value": "work"}]]


def test_old_versions_go_but_never_the_newest_of_them(template: dict[str, Any]) -> None:
    [bucket] = of_type(template, "AWS::S3::Bucket").values()
    rules = bucket["LifecycleConfiguration"]["Rules"]
    [rule] = [rule for rule in rules if rule["Id"] == "OldVersionsExpire"]
    assert rule["Status"] == "Enabled" and "TagFilters" not in rule
    assert rule["NoncurrentVersionExpiration"] == {
        "NoncurrentDays": 180,
        "NewerNoncurrentVersions": 10,
    }
    assert rule["ExpiredObjectDeleteMarker"] is True


def test_the_buckets_name_is_found_by_its_parameter(template: dict[str, Any]) -> None:
    [parameter] = of_type(template, "AWS::SSM::Parameter").values()
    [bucket] = of_type(template, "AWS::S3::Bucket")
    assert parameter["Name"] == "/vibe-checker/bucket-name"
    assert parameter["Value"] == {"Ref": bucket}


def test_an_upload_of_concepts_yml_starts_the_state_machine(template: dict[str, Any]) -> None:
    [bucket] = of_type(template, "AWS::S3::Bucket").values()
    assert bucket["NotificationConfiguration"]["EventBridgeConfiguration"] == {
        "EventBridgeEnabled": True
    }
    [rule] = starting_rules(template)
    assert rule["EventPattern"]["detail-type"] == ["Object Created"]
    assert rule["EventPattern"]["detail"]["object"] == {"key": ["concepts.yml"]}
    [machine] = of_type(template, "AWS::StepFunctions::StateMachine")
    assert [target["Arn"] for target in rule["Targets"]] == [{"Ref": machine}]


def test_each_step_has_a_function_a_folder_and_a_state_of_its_name(
    functions: Resources, states: dict[str, Any]
) -> None:
    for step in STEPS:
        assert step in functions
        assert step in states
        assert (ROOT / "functions" / _folder(step) / "handler.py").is_file()


def test_heavy_steps_run_from_one_image_and_the_others_from_zips_with_both_layers(
    functions: Resources, template: dict[str, Any]
) -> None:
    images = {
        str(functions[step]["Code"]["ImageUri"]) for step, kind in STEPS.items() if kind == "image"
    }
    assert len(images) == 1
    layers = of_type(template, "AWS::Lambda::LayerVersion")
    for step, kind in STEPS.items():
        if kind == "zip":
            assert {layer["Ref"] for layer in functions[step]["Layers"]} == set(layers)
        else:
            command = functions[step]["ImageConfig"]["Command"]
            assert command == [f"functions.{_folder(step)}.handler.handler"]


@pytest.mark.parametrize("step", STEPS)
def test_a_handler_is_given_every_variable_that_it_reads(step: str, functions: Resources) -> None:
    source = (ROOT / "functions" / _folder(step) / "handler.py").read_text()
    read = {
        node.slice.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Subscript)
        and ast.unparse(node.value) == "os.environ"
        and isinstance(node.slice, ast.Constant)
    }
    given = set(functions[step]["Environment"]["Variables"]) - {"POWERTOOLS_SERVICE_NAME"}
    assert read == given


def test_functions_may_do_just_what_their_step_needs(template: dict[str, Any]) -> None:
    record, concepts, work = {"runs/*/run.json"}, {"runs/*/concepts.json"}, {"runs/*/work/*"}
    assert _grants(template, "PlanRun") == {
        "read": {"concepts.yml", *DATA_SET, *EMBEDDERS, *record},
        "write": {*record, *concepts, "runs/*/work/*/models.json"},
    }
    assert _grants(template, "FetchConcept") == {"read": set(), "write": work}
    assert _grants(template, "FindPassages") == {
        "read": {*DATA_SET, *EMBEDDERS, *record, *work},
        "write": work,
    }
    assert _grants(template, "ClassifyPassages") == {
        "read": {"models/classifiers/*", *work},
        "write": work,
    }
    assert _grants(template, "PublishPredictions") == {
        "read": {*record, *work},
        "write": {"Q*/predictions.jsonl", "Q*/concept.json", "Q*/classifier.json"},
    }
    assert _grants(template, "RecordResult") == {"read": set(), "write": {"runs/*/results/*"}}
    assert _grants(template, "RecordFailure") == {"read": set(), "write": {"runs/*/results/*"}}
    assert _grants(template, "SummariseRun") == {
        "read": {*record, *concepts, "runs/*/results/*"},
        "write": {"runs/*/summary.json"},
    }


@pytest.mark.parametrize("step", STEPS)
def test_whoever_writes_staging_files_may_tag_them_so_that_they_expire(
    step: str, template: dict[str, Any]
) -> None:
    """S3 refuses a file that comes with a tag from who may not tag; the local AWS does not."""
    granted: dict[str, set[str]] = {"s3:PutObject": set(), "s3:PutObjectTagging": set()}
    for statement in statements(template, f"Steps{step}Role"):
        for action in set(granted) & set(statement["Action"]):
            granted[action] |= {joined(r).partition("/")[2] for r in statement["Resource"]}
    staged = {key for key in granted["s3:PutObject"] if key.startswith("runs/*/work/")}
    assert granted["s3:PutObjectTagging"] == staged


def test_the_outputs_tell_where_everything_is(template: dict[str, Any]) -> None:
    assert {"BucketName", "StateMachineArn"} <= set(template["Outputs"])


def test_plain_python_synthesises_without_aws_credentials(cdk_out: Path) -> None:
    assert (cdk_out / f"{STACK}.template.json").is_file()


def test_an_edit_outside_the_images_content_leaves_its_hash(cdk_out: Path) -> None:
    [asset] = [p for p in cdk_out.glob("asset.*") if (p / "functions" / "Dockerfile").is_file()]
    assert {p.name for p in asset.iterdir()} == {"functions", "layers"}
    assert {p.name for p in (asset / "layers").iterdir() if any(p.rglob("*.py"))} == {"core"}
    assert not list(asset.rglob("__pycache__"))


def _grants(template: dict[str, Any], step: str) -> dict[str, set[str]]:
    """The keys that a step's role may read and write, from its policies."""
    found: dict[str, set[str]] = {"read": set(), "write": set()}
    for statement in statements(template, f"Steps{step}Role"):
        actions, resources = statement["Action"], [joined(r) for r in statement["Resource"]]
        if all(action.startswith(("xray:", "logs:")) for action in actions):
            continue
        assert "*" not in resources, f"{step} may {actions} on everything"
        assert set(actions) in ALLOWED
        kind = "write" if any(action.startswith("s3:Put") for action in actions) else "read"
        found[kind] |= {each.partition("/")[2] for each in resources} - {""}
    return found


def _folder(step: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in step).lstrip("_")
