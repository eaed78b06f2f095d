"""What is too large for the functions is refused before anything is fetched, in words."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pytest

from vibe_checker import keys, passages, publication
from vibe_checker.bucket import Bucket, Pin
from vibe_checker.classifiers import check_size
from vibe_checker.concept import Concept
from vibe_checker.errors import TooLarge
from vibe_checker.identifiers import ConceptId
from vibe_checker.local_copies import LocalCopies
from vibe_checker.passages import TEXT, Passages
from vibe_checker.runs import inputs
from vibe_checker.runs.plan import Execution, Plan, Settings, plan

SETTINGS = Settings(threshold=0.65, minimum=10, maximum=100, shard_size=5)
EXECUTION = Execution("arn:aws:states:::execution:machine:one", "2026-03-01T08:00:00.123Z")


@pytest.fixture
def planned(bucket: Bucket) -> Plan:
    bucket.write(keys.PASSAGES, b"feather")
    bucket.write(keys.EMBEDDINGS, b"numbers" * 100)
    bucket.write_json(keys.EMBEDDINGS_METADATA, {"embedding_model_name": "mini"})
    bucket.write("models/embedders/mini/model.onnx", b"graph")
    return plan(bucket, SETTINGS, EXECUTION, {"concept_ids": ["Q69"]})


def test_a_data_set_that_no_disk_holds_is_refused_before_the_run(
    bucket: Bucket, planned: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inputs, "LARGEST_INPUTS_BYTES", 600)
    other = Execution("arn:another", "2026-03-01T08:00:01Z")
    with pytest.raises(TooLarge, match="FindPassages has .* Save the embeddings as float16"):
        plan(bucket, SETTINGS, other, {"concept_ids": ["Q69"]})


def test_the_limits_are_those_of_the_functions(functions: dict[str, Any]) -> None:
    disk = {
        step: functions[step]["EphemeralStorage"]["Size"] << 20
        for step in ("FindPassages", "ClassifyPassages", "PublishPredictions")
    }
    memory = {step: properties["MemorySize"] << 20 for step, properties in functions.items()}
    assert disk["FindPassages"] == inputs.LARGEST_INPUTS_BYTES
    assert publication.LARGEST_PREDICTIONS_BYTES < min(disk["PublishPredictions"], 5 * 10**9)
    # What a selection takes at its peak (3.8 times its size), a batch, and the libraries.
    selection = 3.8 * passages._LARGEST_SELECTION_BYTES + passages._LARGEST_BATCH_BYTES
    assert selection + (300 << 20) < memory["FindPassages"]
    # A model that ClassifyPassages' memory holds, its disk holds as well.
    largest = memory["ClassifyPassages"] // 2
    assert largest < disk["ClassifyPassages"]


@pytest.mark.parametrize(("megabytes", "fits"), [(90, True), (1_200, True), (1_600, False)])
def test_a_model_beyond_a_functions_memory_is_refused_unfetched(megabytes: int, fits: bool) -> None:
    files = [Pin("m/model.onnx", None, megabytes * 10**6, "e"), Pin("m/config.json", None, 9, "e")]
    if fits:
        return check_size("large", files, 3008 << 20)
    with pytest.raises(TooLarge, match="large has 1,600 MB of files; a function of 3,154 MB runs"):
        check_size("large", files, 3008 << 20)
    return None


def test_a_model_beyond_the_disk_is_refused_unfetched(bucket: Bucket, tmp_path: Path) -> None:
    with pytest.raises(TooLarge, match="does not fit .* give the function more ephemeral storage"):
        LocalCopies(bucket, tmp_path).tree([Pin("m/model.onnx", None, 10**15, "e")], "m/")


def test_passages_beyond_measure_are_refused_as_they_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feather.write_feather(pa.table({TEXT: ["x" * 1_000] * 100}), str(tmp_path / "p"), chunksize=10)
    monkeypatch.setattr(passages, "_LARGEST_SELECTION_BYTES", 50_000)
    opened = Passages(tmp_path / "p")
    assert len(opened.take(np.arange(40))) == 40
    with pytest.raises(TooLarge, match="The first 50 of 100 candidates hold .* Lower maximum_cand"):
        opened.take(np.arange(100))


def test_predictions_beyond_a_file_are_refused_unfetched(
    bucket: Bucket, planned: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = planned.run_id
    card = {"id": "abcdefgh", "name": "keyword", "kind": "keyword"}
    bucket.write_json(keys.work_classifier(run_id, "Q69", "keyword"), card)
    for shard in range(3):
        bucket.write(keys.work_predictions(run_id, "Q69", "keyword", shard), b"x" * 500)
    monkeypatch.setattr(publication, "LARGEST_PREDICTIONS_BYTES", 1_000)
    concept = Concept(wikibase_id=ConceptId("Q69"), preferred_label="carbon tax")
    shards = [{"passages": 1, "positives": 0, "seconds": 0.1}] * 3
    with pytest.raises(TooLarge, match="at most .* can be published as one file"):
        publication.publish(bucket, planned, concept, "keyword", shards)
    assert not list(bucket.keys("Q69/"))
