"""The site over a bucket in memory, asked as API Gateway asks."""

import base64
import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from aws_lambda_powertools import Logger
from moto import mock_aws

from functions.web.auth.gates import Gate, OpenGate
from functions.web.library import Library
from functions.web.site import Site
from vibe_checker.bucket import Bucket


@dataclass
class Answer:
    """What came back, with its body unpacked."""

    status: int
    headers: dict[str, str]
    cookies: list[str]
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


Ask = Callable[..., Answer]


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    with mock_aws():
        client = boto3.client(
            "s3", "us-east-1", aws_access_key_id="test", aws_secret_access_key="test"
        )
        client.create_bucket(Bucket="outputs")
        client.put_bucket_versioning(
            Bucket="outputs", VersioningConfiguration={"Status": "Enabled"}
        )
        bucket = Bucket(client, "outputs")
        publish(bucket, "aaaaaaaa", positive_every=3)
        publish(bucket, "bbbbbbbb", positive_every=2)
        yield bucket


def publish(bucket: Bucket, classifier_id: str, positive_every: int) -> None:
    prefix = f"Q69/{classifier_id}/"
    lines = b"".join(
        json.dumps(line(n, n % positive_every == 0)).encode() + b"\n" for n in range(60)
    )
    predictions = bucket.write(prefix + "predictions.jsonl", lines)
    described = bucket.write_json(
        prefix + "concept.json", {"wikibase_id": "Q69", "preferred_label": "carbon tax"}
    )
    bucket.write_json(
        prefix + "classifier.json",
        {
            "id": classifier_id,
            "name": f"every-{positive_every}",
            "date": "2026-01-31",
            "counts": {"passages": 60, "positives": 60 // positive_every},
            "versions": {"predictions.jsonl": predictions, "concept.json": described},
        },
    )


def line(number: int, positive: bool) -> dict[str, Any]:
    span = {
        "start_index": 2,
        "end_index": 12,
        "labelled_text": "carbon tax",
        "prediction_probability": None,
        "concept_id": "Q69",
    }
    return {
        "id": f"aaaabbbb-{number}",
        "text": f"A carbon tax of {number} (C(2) at US$ 1.5)",
        "spans": [span] if positive else [],
        "prediction_probability": number / 60,
        "similarity": 0.5 if number else None,
        "metadata": {
            "region": ["Africa", "Asia", None][number % 3],
            "published": "2020-01-01T00:00:00+05:00" if number % 2 else None,
            "page": number,
            "=formula": "=1+1",
        },
    }


@pytest.fixture(scope="module")
def ask(bucket: Bucket) -> Ask:
    return asking(bucket, OpenGate())


def asking(bucket: Bucket, gate: Gate) -> Ask:
    site = Site(Library(bucket), gate, Logger(service="Web", level="CRITICAL"))

    def ask(
        path: str,
        method: str = "GET",
        body: str = "",
        cookies: tuple[str, ...] = (),
        **headers: str,
    ) -> Answer:
        path, _, query = path.partition("?")
        event = {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": query,
            "headers": headers,
            "cookies": list(cookies),
            "requestContext": {"stage": "$default", "http": {"method": method, "path": path}},
            "body": body,
            "isBase64Encoded": False,
        }
        response = site.answer(event, SimpleNamespace())
        content = response["body"] or ""
        raw = base64.b64decode(content) if response["isBase64Encoded"] else content.encode()
        if response["headers"].get("Content-Encoding") == "gzip":
            raw = gzip.decompress(raw)
        return Answer(
            response["statusCode"], response["headers"], response["cookies"], raw.decode()
        )

    return ask
