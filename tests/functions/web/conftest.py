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
    """What came back, with its body unpacked; `size` is what Lambda hands back, in bytes."""

    status: int
    headers: dict[str, str]
    cookies: list[str]
    text: str
    size: int

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


def publish(
    bucket: Bucket,
    classifier_id: str,
    positive_every: int,
    concept_id: str = "Q69",
    padding: str = "",
) -> list[str]:
    """Publish 60 predictions, each with `padding` behind its text; returns their lines."""
    prefix = f"{concept_id}/{classifier_id}/"
    lines = [json.dumps(line(n, n % positive_every == 0, padding)) for n in range(60)]
    body = "".join(each + "\n" for each in lines).encode()
    predictions = bucket.write(prefix + "predictions.jsonl", body)
    described = bucket.write_json(
        prefix + "concept.json", {"wikibase_id": concept_id, "preferred_label": "carbon tax"}
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
    return lines


def publish_run(bucket: Bucket, run_id: str, **summary: Any) -> None:
    """A run of Q69 and of Q404, which failed; it goes on where no summary is given."""
    record = {"trigger": "upload", "started_at": "2026-01-31T10:00:00.000Z", "concept_count": 2}
    bucket.write_json(f"runs/{run_id}/run.json", {"run_id": run_id, **record})
    classifier = {"name": "every-3", "classifier_id": "aaaaaaaa", "passages": 60, "positives": 20}
    done = {"concept_id": "Q69", "status": "succeeded", "seconds": 2.5, "classifiers": [classifier]}
    bucket.write_json(f"runs/{run_id}/results/Q69.json", done)
    error = {"class": "ConceptNotFound", "message": "Q404 is not in <the> Wikibase."}
    failed = {"concept_id": "Q404", "status": "failed", "seconds": 1, "classifiers": []}
    bucket.write_json(f"runs/{run_id}/results/Q404.json", {**failed, "error": error})
    if summary:
        bucket.write_json(f"runs/{run_id}/summary.json", summary)


def line(number: int, positive: bool, padding: str = "") -> dict[str, Any]:
    span = {
        "start_index": 2,
        "end_index": 12,
        "labelled_text": "carbon tax",
        "prediction_probability": None,
        "concept_id": "Q69",
    }
    return {
        "id": f"aaaabbbb-{number}",
        "text": f"A carbon tax of {number} (C(2) at US$ 1.5){padding}",
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
            response["statusCode"],
            response["headers"],
            response["cookies"],
            raw.decode(),
            len(json.dumps(response)),
        )

    return ask
