"""Deploy a synthesised stack to the emulator, as `cdk deploy` would: assets, then CloudFormation.

The template goes as it was written. What differs is what AWS would need and the emulator does not:
no bootstrap stack (only the version number that the template asks for), and no image registry.
"""

import io
import json
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from local import images

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackTypeDef
    from mypy_boto3_s3 import S3Client

STACK_SECONDS = 300
# MiniStack's one account, and the region that the local AWS's clients ask for.
PLACEHOLDERS = {"${AWS::AccountId}": "000000000000", "${AWS::Region}": "us-east-1"}
CAPABILITIES: Any = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
# A stack in these states has no resources: it is made anew.
GONE = ("DELETE_COMPLETE", "ROLLBACK_COMPLETE")
# Zip entries need some date; a fixed one makes equal content equal bytes.
ZIP_DATE = (2000, 1, 1, 0, 0, 0)


class DeploymentError(Exception):
    """CloudFormation refused the stack, or a resource of it."""


def publish_assets(cdk_out: Path, stack_name: str, s3: "S3Client", image_dir: Path) -> str:
    """Upload the stack's file assets, lay out its images, return the template's S3 path."""
    stack = json.loads((cdk_out / "manifest.json").read_text())["artifacts"].get(stack_name)
    if stack is None:
        raise DeploymentError(f"{cdk_out} holds no stack named {stack_name}")
    assets = json.loads((cdk_out / f"{stack_name}.assets.json").read_text())
    for asset in assets["files"].values():
        _publish_file(cdk_out, asset, s3)
    for tag, asset in assets["dockerImages"].items():
        source = asset["source"]
        dockerfile = source.get("dockerFile", "Dockerfile")
        images.build(cdk_out / source["directory"], dockerfile, tag, image_dir)
    url = stack["properties"]["stackTemplateAssetObjectUrl"]
    return _resolved(url).removeprefix("s3://")


def deploy(cloudformation: "CloudFormationClient", stack_name: str, url: str) -> dict[str, str]:
    """Create or update the stack from the template at `url`, wait, and return its outputs."""
    stack = _describe(cloudformation, stack_name)
    before = {event["EventId"] for event in _events(cloudformation, stack_name)} if stack else set()
    if _change(cloudformation, stack_name, url, stack):
        stack = _wait(lambda: _describe(cloudformation, stack_name), stack_name)
        if stack["StackStatus"] not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
            raise DeploymentError(_failures(cloudformation, stack, before))
    outputs = stack.get("Outputs", []) if stack else []
    return {output["OutputKey"]: output["OutputValue"] for output in outputs}


def _change(
    cloudformation: "CloudFormationClient", stack_name: str, url: str, stack: "StackTypeDef | None"
) -> bool:
    """Ask for the stack to be made or changed; False where there is nothing to change."""
    change: Callable[..., object] = cloudformation.update_stack
    if stack is None or stack["StackStatus"] in GONE:
        change = cloudformation.create_stack
    try:
        change(StackName=stack_name, TemplateURL=url, Capabilities=CAPABILITIES)
    except ClientError as error:
        if "No updates are to be performed" in str(error):  # a ValidationError, as all others are
            return False
        raise DeploymentError(f"stack {stack_name}: {error}") from error
    return True


def _publish_file(cdk_out: Path, asset: dict[str, Any], s3: "S3Client") -> None:
    """Put one file, or one directory zipped, where the template looks for it."""
    path = cdk_out / asset["source"]["path"]
    for destination in asset["destinations"].values():
        bucket, key = _resolved(destination["bucketName"]), destination["objectKey"]
        s3.create_bucket(Bucket=bucket)
        if s3.list_objects_v2(Bucket=bucket, Prefix=key)["KeyCount"]:
            continue  # the key is a hash of the content
        zipped = asset["source"]["packaging"] == "zip" and path.is_dir()
        s3.put_object(Bucket=bucket, Key=key, Body=_zip(path) if zipped else path.read_bytes())


def _zip(folder: Path) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), ZIP_DATE)
            entry.external_attr = path.stat().st_mode << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            file.writestr(entry, path.read_bytes())
    return archive.getvalue()


def _resolved(text: str) -> str:
    for placeholder, value in PLACEHOLDERS.items():
        text = text.replace(placeholder, value)
    return text


def _describe(cloudformation: "CloudFormationClient", stack_name: str) -> "StackTypeDef | None":
    try:
        return cloudformation.describe_stacks(StackName=stack_name)["Stacks"][0]
    except ClientError:  # "Stack with id ... does not exist", a ValidationError as all others are
        return None


def _wait(describe: Callable[[], "StackTypeDef | None"], stack_name: str) -> "StackTypeDef":
    deadline = time.monotonic() + STACK_SECONDS
    while time.monotonic() < deadline:
        stack = describe()
        if stack and not stack["StackStatus"].endswith("_IN_PROGRESS"):
            return stack
        time.sleep(0.05)
    raise DeploymentError(f"stack {stack_name} was not ready after {STACK_SECONDS} s")


def _events(cloudformation: "CloudFormationClient", stack: str) -> list[dict[str, Any]]:
    """What happened to the resources, and what was found wrong before anything happened."""
    happened = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    found = cloudformation.describe_events(StackName=stack, Filters={"FailedEvents": True})
    events: list[Any] = [*happened, *found["OperationEvents"]]
    return sorted(events, key=lambda event: event["Timestamp"])


def _failures(
    cloudformation: "CloudFormationClient", stack: "StackTypeDef", before: set[str]
) -> str:
    """Which resources failed, and why, in the order in which they did."""
    failures = [
        f"{event['LogicalResourceId']} ({event['ResourceType']}): {reason}"
        for event in _events(cloudformation, stack["StackId"])
        if event["EventId"] not in before
        and event["LogicalResourceId"] != stack["StackName"]
        and (event.get("ResourceStatus") or event["EventType"]).endswith(("_FAILED", "_ERROR"))
        and (reason := event.get("ResourceStatusReason") or event.get("ValidationStatusReason"))
    ]
    reasons = "; ".join(failures) or stack.get("StackStatusReason") or "no reason given"
    return f"stack {stack['StackName']} ended {stack['StackStatus']}: {reasons}"
