from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from vibe_checker import keys
from vibe_checker.bucket import Bucket, Pin
from vibe_checker.errors import InvalidInput, MissingInput, StorageUnavailable, TooLarge
from vibe_checker.local_copies import LocalCopies


def test_a_pinned_version_is_read_after_the_object_has_changed(bucket: Bucket) -> None:
    bucket.write("concepts.yml", b"- Q1")
    pin = bucket.pin("concepts.yml")
    bucket.write("concepts.yml", b"- Q2")
    assert bucket.read(pin.key, pin.version_id) == b"- Q1"
    assert bucket.read("concepts.yml") == b"- Q2"


def test_writing_tells_the_version_that_was_made(bucket: Bucket, tmp_path: Path) -> None:
    version = bucket.write("a", b"1")
    (tmp_path / "file").write_bytes(b"2")
    uploaded = bucket.upload(tmp_path / "file", "a", "text/plain")
    assert bucket.read("a", version) == b"1"
    assert bucket.read("a", uploaded) == b"2"


def test_a_missing_object_is_named(bucket: Bucket) -> None:
    for read in (bucket.read, bucket.read_json, bucket.pin):
        with pytest.raises(MissingInput, match="concepts.yml is not in the bucket vibes"):
            read("concepts.yml")


def test_what_is_not_json_is_refused_by_name(bucket: Bucket) -> None:
    bucket.write("x.json", b"{")
    with pytest.raises(InvalidInput, match="x.json is not valid JSON"):
        bucket.read_json("x.json")


def test_an_object_is_created_once(bucket: Bucket) -> None:
    assert bucket.create_json("runs/r/run.json", {"by": 1})
    assert not bucket.create_json("runs/r/run.json", {"by": 2})
    assert bucket.read_json("runs/r/run.json") == {"by": 1}


def test_pins_are_the_current_versions_without_what_was_deleted(bucket: Bucket) -> None:
    bucket.write("models/a", b"old")
    new = bucket.write("models/a", b"new")
    bucket.write("models/b", b"gone")
    bucket.client.delete_object(Bucket=bucket.name, Key="models/b")
    assert [(pin.key, pin.version_id) for pin in bucket.pins("models/")] == [("models/a", new)]


def test_listings_go_on_past_their_first_thousand(bucket: Bucket) -> None:
    for number in range(1001):
        bucket.write(f"runs/r/results/Q{number + 1}.json", b"")
    assert len(list(bucket.keys("runs/r/results/"))) == 1001
    assert len(bucket.pins("runs/")) == 1001
    assert list(bucket.folders("runs/")) == ["runs/r/"]


def test_staging_files_bear_the_tag_by_which_they_expire(bucket: Bucket) -> None:
    def tags(key: str) -> list[Any]:
        return bucket.client.get_object_tagging(Bucket=bucket.name, Key=key)["TagSet"]

    staged = keys.work_concept("r", "Q1")
    bucket.write(staged, b"")
    bucket.write(keys.run_record("r"), b"")
    assert tags(staged) == [{"Key": "lifetime", "Value": "work"}]
    assert tags(keys.run_record("r")) == []


@pytest.mark.parametrize("size", [0, 1, 31, 32, 33, 100])
def test_a_file_is_fetched_whole_in_stretches(
    bucket: Bucket, tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vibe_checker.bucket._STRETCH_BYTES", 32)
    body = bytes(range(size))
    bucket.write("big", body)
    bucket.download(bucket.pin("big"), tmp_path / "big")
    assert (tmp_path / "big").read_bytes() == body


def test_a_server_that_sends_the_whole_object_for_a_stretch_is_understood(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vibe_checker.bucket._STRETCH_BYTES", 32)
    bucket.write("big", bytes(range(100)))
    # Such a server is one for which the header was never sent.
    bucket.client.meta.events.register(
        "before-parameter-build.s3.GetObject", lambda params, **_: params.pop("Range", None)
    )
    bucket.download(bucket.pin("big"), tmp_path / "big")
    assert (tmp_path / "big").read_bytes() == bytes(range(100))


def test_a_body_cut_short_is_not_taken_for_the_file(bucket: Bucket, tmp_path: Path) -> None:
    bucket.write("big", b"12345")
    pin = bucket.pin("big")
    longer = Pin(pin.key, pin.version_id, 6, pin.etag)
    with pytest.raises(StorageUnavailable, match="big came with 5 bytes of 6"):
        bucket.download(longer, tmp_path / "big")
    assert not (tmp_path / "big").exists()


def test_a_copy_is_fetched_once_and_anew_for_another_version(
    bucket: Bucket, tmp_path: Path
) -> None:
    copies = LocalCopies(bucket, tmp_path / "copies")
    bucket.write("data/file", b"old")
    old = bucket.pin("data/file")
    first = copies.file(old)
    bucket.client.delete_object(Bucket=bucket.name, Key="data/file", VersionId=old.version_id or "")
    assert copies.file(old) == first
    bucket.write("data/file", b"new")
    assert copies.file(bucket.pin("data/file")).read_bytes() == b"new"
    assert first.read_bytes() == b"old"


def test_a_tree_keeps_its_folders(bucket: Bucket, tmp_path: Path) -> None:
    bucket.write("models/m/onnx/model.onnx", b"graph")
    bucket.write("models/m/config.json", b"{}")
    tree = LocalCopies(bucket, tmp_path).tree(bucket.pins("models/m/"), "models/m/")
    assert (tree / "onnx" / "model.onnx").read_bytes() == b"graph"
    assert (tree / "config.json").read_bytes() == b"{}"


def test_no_key_climbs_out_of_its_tree(bucket: Bucket, tmp_path: Path) -> None:
    bucket.write("models/m/../../../evil", b"")
    with pytest.raises(InvalidInput, match="no usable file name"):
        LocalCopies(bucket, tmp_path).tree(bucket.pins("models/m/"), "models/m/")


def test_what_cannot_fit_the_disk_is_refused_before_it_is_fetched(
    bucket: Bucket, tmp_path: Path
) -> None:
    huge = Pin("passages_embeddings.npy", "v", 10**18, "e")
    with pytest.raises(TooLarge, match="1,000,000,000,000 MB of input does not fit"):
        LocalCopies(bucket, tmp_path).file(huge)


def test_an_s3_that_cannot_be_reached_is_worth_another_try() -> None:
    client = boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:9",
        aws_access_key_id="x",
        aws_secret_access_key="x",
        config=Config(retries={"max_attempts": 0}),
    )
    with pytest.raises(StorageUnavailable, match="concepts.yml"):
        Bucket(client, "vibes").read("concepts.yml")
