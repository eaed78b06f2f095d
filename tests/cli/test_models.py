"""Classifiers and embedding models: tried, pushed, listed."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from cli.inputs import sending
from vibe_checker.bucket import Bucket

Invoke = Callable[..., Result]


@pytest.fixture
def classifier(demo_data: Path) -> Path:
    """A directory as an export writes it."""
    return demo_data / "models/classifiers/Q69/pooled-words"


def test_trying_shows_probabilities_and_uploads_nothing(
    classifier: Path, bucket: Bucket, invoke: Invoke
) -> None:
    texts = ["--text", "A carbon tax is levied on fuels.", "--text", "The committee met twice."]
    done = invoke("classifier", "try", classifier, "-c", "Q69", *texts, "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert [each["positive"] for each in told["predictions"]] == ["yes", "no"]
    assert [each["probability"] > 0.5 for each in told["predictions"]] == [True, False]
    assert list(bucket.keys("")) == []


def test_a_push_replaces_the_whole_directory_and_prints_the_id(
    classifier: Path, bucket: Bucket, invoke: Invoke, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    shutil.copytree(classifier, mine)
    (mine / "pytorch_model.bin").write_bytes(b"not needed")
    bucket.write("models/classifiers/Q69/mine/model.onnx_data", b"of an earlier one")
    done = invoke("classifier", "push", mine, "-c", "Q69", "--text", "A tax.")
    assert done.exit_code == 0, done.output
    assert len(done.stdout.strip()) == 8 and "probability" in done.stderr
    pushed = {key.rsplit("/", 1)[1] for key in bucket.keys("models/classifiers/Q69/mine/")}
    assert pushed == {path.name for path in classifier.iterdir()}
    assert "vibe-checker run --concept Q69" in done.stderr


def test_a_classifier_that_cannot_be_opened_is_not_uploaded(
    classifier: Path, bucket: Bucket, invoke: Invoke, tmp_path: Path
) -> None:
    shutil.copytree(classifier, tmp_path / "mine")
    (tmp_path / "mine/model.onnx").write_text("no graph")
    done = invoke("classifier", "push", tmp_path / "mine", "-c", "Q69", "--text", "A tax.")
    assert done.exit_code == 2 and "mine: model.onnx cannot be loaded" in done.stderr
    assert list(bucket.keys("")) == []


def test_a_push_that_breaks_off_leaves_no_mix_of_two_models(
    classifier: Path, bucket: Bucket, invoke: Invoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = [
        "classifier",
        "push",
        classifier,
        "-c",
        "Q69",
        "--name",
        "mine",
        "--text",
        "A tax.",
    ]
    assert invoke(*arguments).exit_code == 0
    sent: list[str] = []

    def upload(bucket: Bucket, path: Path, key: str, *_: object) -> str:
        sent.append(key)
        if len(sent) == 2:
            raise KeyboardInterrupt
        return "a version"

    monkeypatch.setattr(sending, "send", upload)
    assert invoke(*arguments).exit_code == 130
    left = {key.rsplit("/", 1)[1] for key in bucket.keys("models/classifiers/Q69/mine/")}
    assert "config.json" in left and "model.onnx" not in left


@pytest.mark.parametrize("name", ["keyword", "a b", "../up", "-.-"])
def test_names_that_make_no_folder_are_refused(
    name: str, classifier: Path, bucket: Bucket, invoke: Invoke
) -> None:
    done = invoke("classifier", "push", classifier, "-c", "Q69", "--name", name, "--text", "x")
    assert done.exit_code == 2 and "cannot be called" in done.stderr


def test_the_list_leaves_out_what_lies_there_by_mistake(bucket: Bucket, invoke: Invoke) -> None:
    for key in ("Q420/one/model.onnx", "Q69/two/model.onnx", "readme.txt", "Qx/y/model.onnx"):
        bucket.write(f"models/classifiers/{key}", b"1234")
    listed = json.loads(invoke("classifier", "list", "--json").stdout)
    assert [(each["concept_id"], each["name"], each["bytes"]) for each in listed] == [
        ("Q69", "two", 4),
        ("Q420", "one", 4),
    ]


def test_an_embedding_model_is_opened_before_it_is_pushed(
    demo_data: Path, bucket: Bucket, invoke: Invoke, tmp_path: Path
) -> None:
    done = invoke("model", "push", tmp_path)
    assert done.exit_code == 2 and "modules.json" in done.stderr
    done = invoke("model", "push", demo_data / "models/embedders/all-MiniLM-L6-v2")
    assert done.exit_code == 0 and "384 numbers" in done.stderr
    assert bucket.pin("models/embedders/all-MiniLM-L6-v2/onnx/model.onnx").size > 80_000_000
