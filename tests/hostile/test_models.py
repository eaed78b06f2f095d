"""Model directories with files missing, spoilt, swapped, or saying what cannot be."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hostile import tasks
from tests.hostile.conftest import Sandbox, mutated
from tests.vibe_checker import tiny_models

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
DEEP = b"[" * 100_000
CONFIG_KEYS = [
    "id2label",
    "num_labels",
    "problem_type",
    "threshold",
    "architectures",
    "max_position_embeddings",
    "model_type",
    "pad_token_id",
]
YAML_BOMB = b"a: &a [x, x]\n" + b"".join(
    b"%c: &%c [%s]\n" % (letter, letter, b", ".join([b"*%c" % (letter - 1)] * 9))
    for letter in range(ord("b"), ord("k"))
)

Change = Callable[[Path], object]


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole directory of each kind."""
    directory = tmp_path_factory.mktemp("models")
    tiny_models.sequence_model(directory / "sequence", ["no", "yes"])
    tiny_models.token_model(directory / "token", ["O", "B-flood", "I-flood"])
    tiny_models.embedding_model(directory / "embedder")
    tiny_models.linear_head(directory / "head", np.eye(8, 2, dtype=np.float32))
    (directory / "head" / "classifier.yml").write_text("positive_label: '1'\n")
    return directory


@pytest.fixture
def tried(models: Path, tmp_path: Path, sandbox: Sandbox) -> Callable[[str, Change], str]:
    """What comes of a copy of a directory after a change."""

    def outcome(kind: str, change: Change) -> str:
        copy = tmp_path / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(models / kind, copy)
        change(copy)
        return sandbox.outcome(tasks.embed if kind == "embedder" else tasks.classify, copy)

    return outcome


Tried = Callable[[str, Change], str]
KINDS = ["sequence", "token", "head", "embedder"]


def _file(name: str, body: bytes) -> Change:
    return lambda directory: (directory / name).write_bytes(body)


def _config(name: str, **values: Any) -> Change:
    def change(directory: Path) -> None:
        path = directory / name
        known = json.loads(path.read_text()) if path.exists() else {}
        path.write_text(json.dumps({**known, **values}))

    return change


def _result_or_error(found: str) -> None:
    assert found == "result" or found.startswith(("InvalidModel: ", "TooLarge: "))


@pytest.mark.parametrize("kind", KINDS)
def test_whole_directories_work(tried: Tried, kind: str) -> None:
    assert tried(kind, lambda directory: None) == "result"


@pytest.mark.parametrize("kind", KINDS)
def test_any_file_may_be_missing(tried: Tried, models: Path, kind: str) -> None:
    for path in [each for each in (models / kind).rglob("*") if each.is_file()]:
        name = path.relative_to(models / kind)
        _result_or_error(tried(kind, lambda directory, name=name: (directory / name).unlink()))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60)
@given(data=st.data())
def test_any_file_may_be_spoilt(tried: Tried, models: Path, kind: str, data: Any) -> None:
    files = sorted(each for each in (models / kind).rglob("*") if each.is_file())
    path = data.draw(st.sampled_from(files))
    body = data.draw(mutated(path.read_bytes()))
    _result_or_error(tried(kind, _file(str(path.relative_to(models / kind)), body)))


@pytest.mark.parametrize(
    "body", [b"", b"\xff\x00", b"[]", b"5", b'"x"', b"null", DEEP, b'{"a":' * 50_000]
)
@pytest.mark.parametrize("kind", KINDS)
def test_any_file_may_hold_something_else(
    tried: Tried, models: Path, kind: str, body: bytes
) -> None:
    for path in [each for each in (models / kind).rglob("*") if each.is_file()]:
        _result_or_error(tried(kind, _file(str(path.relative_to(models / kind)), body)))


@pytest.mark.parametrize("kind", ["sequence", "token", "head"])
@settings(max_examples=60)
@given(values=st.dictionaries(st.sampled_from(CONFIG_KEYS), JSON, min_size=1, max_size=3))
def test_config_json_may_say_anything(tried: Tried, kind: str, values: dict[str, Any]) -> None:
    _result_or_error(tried(kind, _config("config.json", **values)))


@settings(max_examples=60)
@given(
    name=st.sampled_from(
        ["1_Pooling/config.json", "config_sentence_transformers.json", "sentence_bert_config.json"]
    ),
    key=st.sampled_from(
        [
            "pooling_mode_max_tokens",
            "pooling_mode_lasttoken",
            "prompts",
            "default_prompt_name",
            "max_seq_length",
        ]
    ),
    value=JSON,
)
def test_an_embedders_settings_may_say_anything(
    tried: Tried, name: str, key: str, value: Any
) -> None:
    _result_or_error(tried("embedder", _config(name, **{key: value})))


@pytest.mark.parametrize("path", ["../../../etc", "/etc", "..", "a/../../b", "\0", "a\nb"])
def test_a_module_lies_in_its_models_directory(tried: Tried, path: str) -> None:
    modules = json.dumps([{"type": "sentence_transformers.models.Pooling", "path": path}])
    found = tried("embedder", _file("modules.json", modules.encode()))
    assert "it must be the name of a folder" in found


@pytest.mark.parametrize("number", [0, -1, 10**9, 1e300, True, "many"])
def test_a_number_of_labels_that_cannot_be_is_an_error(tried: Tried, number: Any) -> None:
    change = _config("config.json", id2label=None, num_labels=number)
    _result_or_error(tried("sequence", change))


@pytest.mark.parametrize("length", [1, 2, 3, 10**5])
@pytest.mark.parametrize("kind", ["sequence", "token"])
def test_a_length_that_the_graph_does_not_have_is_an_error(
    tried: Tried, kind: str, length: int
) -> None:
    _result_or_error(tried(kind, _config("config.json", max_position_embeddings=length)))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (YAML_BOMB, "an alias stands in line"),
        (b"threshold: 1" + b":1" * 4_000, "characters"),
        (b"#" * 20_000, "larger than two options can be"),
        (b"threshold: .nan", "must be a number from 0 to 1"),
        (b"threshold: !!timestamp soon", "not what its tag says"),
        (b"? [positive_label]\n: x", "not valid YAML"),
        (b"- threshold", "may hold positive_label and threshold"),
    ],
)
def test_classifier_yml_that_is_no_options_is_an_error(
    tried: Tried, body: bytes, message: str
) -> None:
    assert message in tried("sequence", _file("classifier.yml", body))


def _tokenizer(**changes: Any) -> Change:
    def change(directory: Path) -> None:
        path = directory / "tokenizer.json"
        tokenizer = json.loads(path.read_text())
        for name, value in changes.items():
            part, _, inner = name.partition("__")
            if inner:
                tokenizer[part][inner] = value
            else:
                tokenizer[part] = value
        path.write_text(json.dumps(tokenizer))

    return change


@pytest.mark.parametrize(
    "change",
    [
        _tokenizer(post_processor=None),
        _tokenizer(pre_tokenizer=None),
        _tokenizer(model__unk_token="no such token"),
        _tokenizer(model__vocab={"[UNK]": 10**6, "[CLS]": 2, "[SEP]": 3}),
        _tokenizer(model__vocab={"[UNK]": 2**40}),
        _tokenizer(model__vocab={"[UNK]": -1}),
        _tokenizer(model__vocab={}),
        _tokenizer(model__max_input_chars_per_word=0),
        _tokenizer(truncation={"max_length": 0, "strategy": "LongestFirst", "stride": 9}),
        _tokenizer(padding={"strategy": {"Fixed": 10**12}, "pad_id": 0}),
        _tokenizer(pre_tokenizer={"type": "Split", "pattern": {"Regex": "(a+)+$"}}),
        _tokenizer(normalizer={"type": "Replace", "pattern": {"String": ""}, "content": "x"}),
    ],
)
@pytest.mark.parametrize("kind", ["sequence", "token", "embedder"])
def test_a_tokenizer_that_does_not_fit_is_an_error(tried: Tried, kind: str, change: Change) -> None:
    _result_or_error(tried(kind, change))


def test_a_text_model_among_embedders_and_the_reverse_are_errors(
    tried: Tried, models: Path
) -> None:
    for kind, other in (("sequence", "head"), ("head", "token"), ("embedder", "head")):
        graph = (models / other / "model.onnx").read_bytes()
        assert "InvalidModel" in tried(kind, _file("model.onnx", graph))
