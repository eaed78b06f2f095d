"""ClassifyPassages as one container runs it: shard after shard, concept after concept."""

import importlib
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import Any

import boto3
import numpy as np
import onnxruntime
import pyarrow as pa
import pytest
from moto import mock_aws

from tests.vibe_checker.test_observing import Context
from tests.vibe_checker.tiny_models import TEXTS, sequence_model
from vibe_checker import keys, passages
from vibe_checker.bucket import Bucket
from vibe_checker.concept import Concept
from vibe_checker.identifiers import ConceptId

CONCEPTS = ["Q1", "Q2"]


@pytest.fixture
def step(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ModuleType]:
    """The handler's module, newly imported, over a bucket of moto's."""
    environment = {"BUCKET": "vibes", "AWS_DEFAULT_REGION": "us-east-1", "TMPDIR": str(tmp_path)}
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "POWERTOOLS_SERVICE_NAME"):
        environment[name] = "testing"
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("tempfile.tempdir", None)
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="vibes")
        client.put_bucket_versioning(Bucket="vibes", VersioningConfiguration={"Status": "Enabled"})
        name = "functions.classify_passages.handler"
        monkeypatch.delitem(sys.modules, name, raising=False)
        yield importlib.import_module(name)
        sys.modules.pop(name)


def stage(bucket: Bucket, concept: str, directory: Path) -> dict[str, Any]:
    """The model's files and two shards, then the same passages as one; returns the classifier."""
    prefix = keys.classifier_prefix(concept, "tiny")
    for file in directory.iterdir():
        bucket.write(prefix + file.name, file.read_bytes())
    record = Concept(wikibase_id=ConceptId(concept), preferred_label="gas")
    bucket.write_json(keys.work_concept("run", concept), record.model_dump(mode="json"))
    table = pa.table({"text_block.text": TEXTS})
    found = passages.candidates(table, np.arange(len(TEXTS)), np.zeros(len(TEXTS), np.float32))
    for shard, part in enumerate((found[:3], found[3:], found)):
        bucket.write(keys.work_candidates("run", concept, shard), passages.to_bytes(part))
    files = {"tiny": [asdict(pin) for pin in bucket.pins(prefix)]}
    bucket.write_json(keys.work_models("run", concept), files)
    return {"name": "tiny", "model": True}


def test_a_container_opens_a_model_once_and_shard_borders_change_nothing(
    step: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    opened: list[str] = []
    real = onnxruntime.InferenceSession

    def session(path: str, *arguments: Any, **named: Any) -> Any:
        opened.append(path)
        return real(path, *arguments, **named)

    monkeypatch.setattr("vibe_checker.onnx_text.ort.InferenceSession", session)
    directory = sequence_model(tmp_path / "model", ["no", "yes"])

    for concept in CONCEPTS:
        classifier = stage(step.bucket, concept, directory)
        event = {"run_id": "run", "concept_id": concept, "classifier": classifier}
        counts = [step.handler({**event, "shard": shard}, Context()) for shard in range(3)]
        one, other, whole = (
            step.bucket.read(keys.work_predictions("run", concept, "tiny", shard)).splitlines()
            for shard in range(3)
        )
        for part, line in zip(map(json.loads, one + other), map(json.loads, whole), strict=True):
            assert part["id"] == line["id"] and bool(part["spans"]) == bool(line["spans"])
            probability = line["prediction_probability"]
            assert part["prediction_probability"] == pytest.approx(probability, abs=1e-6)
        assert counts[0]["positives"] + counts[1]["positives"] == counts[2]["positives"]
    assert len(opened) == 1
