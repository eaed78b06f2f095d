"""A cloud assembly as `cdk synth` writes it, of functions that do as their event says."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

HANDLER = '''
import os, signal, socket, subprocess, sys, tempfile, time


def handler(event, context):
    print("asked to", event.get("do"))
    return globals()[event.get("do", "describe")](event, context)


def describe(event, context):
    return {
        "pid": os.getpid(),
        "emulator": os.getppid(),
        "environment": dict(os.environ),
        "tmp": tempfile.gettempdir(),
        "arn": context.invoked_function_arn,
        "milliseconds_left": context.get_remaining_time_in_millis(),
        "stdin": sys.stdin.read(),
    }


def fail(event, context):
    raise ValueError(event["message"])


def exit(event, context):
    os._exit(3)


def die(event, context):
    os.kill(os.getpid(), signal.SIGKILL)


def grow(event, context):
    return len(b"x" * event["megabytes"] * 1024 * 1024)


def answer_at_length(event, context):
    return "x" * event["size"]


def layers(event, context):
    import only_in_the_layer, yaml
    return [only_in_the_layer.WHO, yaml.WHO]


def read(event, context):
    import boto3
    body = boto3.client("s3").get_object(Bucket=event["bucket"], Key="a.txt")["Body"]
    return body.read().decode()


def meet(event, context):
    """Tell the test that this runs, and stay until the test says so."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", event["port"])) as gate:
        if event.get("child"):
            child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
            gate.sendall(str(child.pid).encode())
        gate.recv(1)
    return {"pid": os.getpid(), "began": began, "ended": time.monotonic()}
'''

DOCKERFILE = """
FROM public.ecr.aws/lambda/python:3.11
COPY functions/requirements.txt /tmp/
RUN pip install -r /tmp/requirements.txt
ENV GREETING="hello there"
COPY functions/ ${LAMBDA_TASK_ROOT}/functions/
CMD ["functions.toy.handler.handler"]
"""

ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": ["lambda.amazonaws.com", "states.amazonaws.com"]},
                    "Action": "sts:AssumeRole",
                }
            ],
        },
        "Policies": [
            {
                "PolicyName": "read",
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Effect": "Allow",
                            "Action": "s3:GetObject",
                            "Resource": "arn:aws:s3:::granted/*",
                        }
                    ],
                },
            }
        ],
    },
}
ASSETS = {"Fn::Sub": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"}
IMAGE = "${AWS::AccountId}.dkr.ecr.${AWS::Region}.${AWS::URLSuffix}/cdk-hnb659fds-container-assets"


class Assembly:
    """Writes cdk.out: sources become assets named by their content, as the CDK does it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.resources: dict[str, Any] = {"Role": ROLE}
        self.outputs: dict[str, Any] = {}
        self._files: dict[str, Any] = {}
        self._images: dict[str, Any] = {}
        folder.mkdir(parents=True)

    def layer(self, name: str, files: dict[str, str]) -> None:
        content = {"S3Bucket": ASSETS, "S3Key": self._asset(files)}
        self.resources[name] = {
            "Type": "AWS::Lambda::LayerVersion",
            "Properties": {"Content": content},
        }

    def zip_function(self, name: str, files: dict[str, str], **properties: Any) -> None:
        code = {"S3Bucket": ASSETS, "S3Key": self._asset(files)}
        defaults = {"Runtime": "python3.11", "Handler": "handler.handler", "Code": code}
        self._function(name, {**defaults, **properties})

    def image_function(self, name: str, files: dict[str, str], **properties: Any) -> None:
        tag = self._write(files)
        source = {"directory": f"asset.{tag}", "dockerFile": "functions/Dockerfile"}
        self._images[tag] = {"source": source, "destinations": {}}
        code = {"ImageUri": {"Fn::Sub": f"{IMAGE}-${{AWS::AccountId}}-${{AWS::Region}}:{tag}"}}
        self._function(name, {"PackageType": "Image", "Code": code, **properties})

    def write(self, stack_name: str = "Toy") -> Path:
        version = {
            "Type": "AWS::SSM::Parameter::Value<String>",
            "Default": "/cdk-bootstrap/hnb659fds/version",
        }
        template = {
            "Resources": self.resources,
            "Outputs": {name: {"Value": value} for name, value in self.outputs.items()},
            "Parameters": {"BootstrapVersion": version},
        }
        text = json.dumps(template)
        file = f"{stack_name}.template.json"
        (self.folder / file).write_text(text)
        key = f"{hashlib.sha256(text.encode()).hexdigest()}.json"
        self._publish(key, file, "file")
        bucket = ASSETS["Fn::Sub"]
        properties = {"stackTemplateAssetObjectUrl": f"s3://{bucket}/{key}", "templateFile": file}
        stack = {"type": "aws:cloudformation:stack", "properties": properties}
        self._json("manifest.json", {"artifacts": {stack_name: stack}})
        assets = {"files": self._files, "dockerImages": self._images}
        self._json(f"{stack_name}.assets.json", assets)
        return self.folder

    def _function(self, name: str, properties: dict[str, Any]) -> None:
        role = {"Fn::GetAtt": ["Role", "Arn"]}
        self.resources[name] = {
            "Type": "AWS::Lambda::Function",
            "Properties": {"Role": role, "Timeout": 60, **properties},
        }
        self.outputs[f"{name}Name"] = {"Ref": name}

    def _asset(self, files: dict[str, str]) -> str:
        digest = self._write(files)
        self._publish(f"{digest}.zip", f"asset.{digest}", "zip")
        return f"{digest}.zip"

    def _write(self, files: dict[str, str]) -> str:
        digest = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
        folder = self.folder / f"asset.{digest}"
        shutil.rmtree(folder, ignore_errors=True)
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text)
        return digest

    def _publish(self, key: str, path: str, packaging: str) -> None:
        destination = {"bucketName": ASSETS["Fn::Sub"], "objectKey": key}
        source = {"path": path, "packaging": packaging}
        self._files[key] = {"source": source, "destinations": {"here": destination}}

    def _json(self, name: str, content: dict[str, Any]) -> None:
        (self.folder / name).write_text(json.dumps(content))


def toy(folder: Path, **variables: str) -> Assembly:
    """Functions that do as their event says: zipped with a layer, an image, one short of time."""
    assembly = Assembly(folder)
    modules = {name: f"WHO = {name!r}" for name in ("only_in_the_layer", "yaml")}
    assembly.layer("Layer", {f"python/{name}.py": text for name, text in modules.items()})
    environment = {"Environment": {"Variables": {"STAGE": "one", **variables}}}
    assembly.zip_function(
        "Zipped", {"handler.py": HANDLER}, Layers=[{"Ref": "Layer"}], **environment
    )
    image = {
        "functions/Dockerfile": DOCKERFILE,
        "functions/requirements.txt": "boto3",
        "functions/toy/handler.py": HANDLER,
        "not_copied/secret.py": "",
    }
    command = {"ImageConfig": {"Command": ["functions.toy.handler.handler"]}}
    assembly.image_function("Imaged", image, **command, **environment)
    assembly.zip_function("Hasty", {"handler.py": HANDLER}, Timeout=2)
    assembly.zip_function("Broken", {"handler.py": "import missing"})
    return assembly
