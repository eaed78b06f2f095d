"""The versions of the shared inputs that a run pins."""

import pytest

from vibe_checker import keys
from vibe_checker.bucket import Bucket
from vibe_checker.errors import InvalidEmbeddings
from vibe_checker.runs.inputs import shared_inputs

MODEL = "models/embedders/mini/model.onnx"


@pytest.fixture
def versions(bucket: Bucket) -> dict[str, str]:
    """Key → version id of a set in the bucket, whose metadata names none of them."""
    bucket.write_json(keys.EMBEDDINGS_METADATA, {"embedding_model_name": "mini"})
    return {key: bucket.write(key, b"old") for key in (keys.PASSAGES, keys.EMBEDDINGS, MODEL)}


def _named(bucket: Bucket, versions: dict[str, str]) -> None:
    files = {key: {"version_id": version} for key, version in versions.items()}
    metadata = {"embedding_model_name": "mini", "files": files}
    bucket.write_json(keys.EMBEDDINGS_METADATA, metadata)


def test_the_versions_that_the_metadata_names_are_read(
    bucket: Bucket, versions: dict[str, str]
) -> None:
    _named(bucket, versions)
    for key in versions:
        bucket.write(key, b"half of the next set")
    pinned = {pin.key: pin.version_id for pin in shared_inputs(bucket)[1]}
    assert {key: pinned[key] for key in versions} == versions


def test_a_model_file_that_came_later_does_not_belong_to_the_set(
    bucket: Bucket, versions: dict[str, str]
) -> None:
    _named(bucket, versions)
    bucket.write("models/embedders/mini/later.json", b"{}")
    assert "models/embedders/mini/later.json" not in {p.key for p in shared_inputs(bucket)[1]}


def test_without_named_versions_the_current_ones_are_read(
    bucket: Bucket, versions: dict[str, str]
) -> None:
    newer = {key: bucket.write(key, b"new") for key in versions}
    pinned = {pin.key: pin.version_id for pin in shared_inputs(bucket)[1]}
    assert {key: pinned[key] for key in versions} == newer


def test_a_version_that_is_gone_is_an_error_with_the_next_step(
    bucket: Bucket, versions: dict[str, str]
) -> None:
    _named(bucket, versions)
    client, gone = bucket.client, versions[keys.EMBEDDINGS]
    client.delete_object(Bucket=bucket.name, Key=keys.EMBEDDINGS, VersionId=gone)
    with pytest.raises(InvalidEmbeddings, match="Push the set again"):
        shared_inputs(bucket)


def test_files_that_are_no_mapping_are_an_error(bucket: Bucket, versions: dict[str, str]) -> None:
    bucket.write_json(
        keys.EMBEDDINGS_METADATA, {"embedding_model_name": "mini", "files": ["a", "b"]}
    )
    with pytest.raises(InvalidEmbeddings, match="files"):
        shared_inputs(bucket)
