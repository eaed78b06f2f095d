"""A run whose functions each hold nothing but their own role, on a local AWS that enforces it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local.project import LocalProject

# Step → a key that it must not read, and one that it must not write.
DENIED = {
    "PlanRun": ("Q69/aaaaaaaa/predictions.jsonl", "concepts.yml"),
    "FetchConcept": ("concepts.yml", "runs/one/run.json"),
    "FindPassages": ("Q69/aaaaaaaa/predictions.jsonl", "passages_embeddings.npy"),
    "ClassifyPassages": ("passages_dataset.feather", "Q69/aaaaaaaa/predictions.jsonl"),
    "PublishPredictions": ("models/classifiers/Q69/one/model.onnx", "runs/one/run.json"),
    "RecordResult": ("runs/one/run.json", "Q69/aaaaaaaa/classifier.json"),
    "RecordFailure": ("runs/one/run.json", "runs/one/summary.json"),
    "SummariseRun": ("concepts.yml", "runs/one/results/Q69.json"),
    "Web": ("passages_dataset.feather", "Q69/aaaaaaaa/predictions.jsonl"),
}


@pytest.fixture(scope="module")
def guarded(demo_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalProject]:
    directory = tmp_path_factory.mktemp("guarded")
    with LocalProject(demo_data, directory, enforce_iam=True, wait_scale=0) as project:
        # It lets in TLS only, which the local AWS does not speak; the template's tests see to it.
        project.aws.client("s3").delete_bucket_policy(Bucket=project.bucket.name)
        project.upload_inputs()
        yield project


def test_a_run_needs_no_more_rights_than_its_steps_have(guarded: LocalProject) -> None:
    ended = guarded.wait(guarded.start({"concept_ids": ["Q69", "Q420"]}))
    assert ended["status"] == "SUCCEEDED", ended["cause"]


@pytest.mark.parametrize("step", DENIED)
def test_a_step_cannot_touch_what_is_not_its_own(step: str, guarded: LocalProject) -> None:
    s3, bucket = _as(guarded, step), guarded.bucket.name
    read, written = DENIED[step]
    guarded.bucket.client.put_object(Bucket=bucket, Key="secret", Body=b"")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.get_object(Bucket=bucket, Key=read)
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.put_object(Bucket=bucket, Key=written, Body=b"")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=bucket, Key="secret")


def _as(project: LocalProject, step: str) -> Any:
    """An S3 client with the rights of a step's function."""
    roles = project.aws.client("iam").list_roles()["Roles"]
    [arn] = [r["Arn"] for r in roles if r["RoleName"].split("-")[1].startswith(_prefix(step))]
    assumed = project.aws.client("sts").assume_role(RoleArn=arn, RoleSessionName="test")
    keys = assumed["Credentials"]
    return boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url=project.aws.endpoint_url,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


def _prefix(step: str) -> str:
    return "WebsiteWebRole" if step == "Web" else f"Steps{step}Role"
