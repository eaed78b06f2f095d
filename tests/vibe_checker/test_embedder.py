import json
from pathlib import Path

import numpy as np
import pytest

from tests.vibe_checker.tiny_models import BERT, TEXTS, embedding_model
from vibe_checker.embedder import Embedder
from vibe_checker.errors import InvalidModel

GOLDEN = json.loads((Path(__file__).parent / "golden/transformers.json").read_text())["embeddings"]
POOLINGS = {
    "mean": "pooling_mode_mean_tokens",
    "cls": "pooling_mode_cls_token",
    "max": "pooling_mode_max_tokens",
}


def opened(directory: Path, threads: int = 2) -> Embedder:
    return Embedder("tiny", directory, threads)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_embeddings_are_those_of_sentence_transformers(tmp_path: Path, pooling: str):
    vectors = opened(embedding_model(tmp_path, POOLINGS[pooling])).embed(TEXTS)

    assert vectors == pytest.approx(np.array(GOLDEN[pooling]), abs=1e-5)
    assert vectors.dtype == np.float32


def test_company_order_and_threads_change_no_embedding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    embedder = opened(embedding_model(tmp_path))
    together = pytest.approx(embedder.embed(TEXTS), abs=1e-6)

    assert embedder.embed(TEXTS[::-1])[::-1] == together
    assert np.concatenate([embedder.embed([text]) for text in TEXTS]) == together
    assert opened(tmp_path, threads=1).embed(TEXTS) == together
    monkeypatch.setattr("vibe_checker.onnx_text._BATCH_TOKENS", 16)
    assert embedder.embed(TEXTS) == together


def test_the_length_is_the_models_own_and_not_its_tokenizer_files(tmp_path: Path):
    directory = embedding_model(tmp_path)
    long, longer = "tax " * 21, "tax " * 21 + "gas levy " * 9
    embedder = opened(directory)

    # 24 positions hold 22 words; the tokenizer's file would cut at 8.
    assert not np.allclose(*embedder.embed(["tax " * 10, long]), atol=1e-4)
    assert np.allclose(*embedder.embed([longer, longer + "carbon"]))


def test_a_prompt_that_the_model_wants_stands_before_every_text(tmp_path: Path):
    plain = opened(embedding_model(tmp_path)).embed(["the tax", "tax"])
    prompts = {"prompts": {"query": "the "}, "default_prompt_name": "query"}
    (tmp_path / "config_sentence_transformers.json").write_text(json.dumps(prompts))

    assert np.allclose(opened(tmp_path).embed(["tax"])[0], plain[0], atol=1e-6)


def test_no_texts_make_no_vectors(tmp_path: Path):
    assert len(opened(embedding_model(tmp_path)).embed([])) == 0


@pytest.mark.parametrize(
    ("file", "body", "said"),
    [
        ("modules.json", None, "has no modules.json"),
        ("modules.json", "{", "modules.json cannot be read"),
        ("modules.json", '[{"type": "a.Dense", "path": ""}]', "modules.json lists Dense"),
        ("1_Pooling/config.json", "{}", "asks for no pooling"),
        ("1_Pooling/config.json", '{"pooling_mode_odd": true}', "asks for pooling_mode_odd"),
        ("tokenizer.json", None, "has no tokenizer.json"),
        ("model.onnx", None, "has no model.onnx"),
        ("config.json", "[]", "config.json must hold a JSON object"),
        ("config.json", "{}", "does not say how many tokens it takes"),
    ],
)
def test_a_directory_that_cannot_work_is_refused_with_the_reason(
    tmp_path: Path, file: str, body: str | None, said: str
):
    path = embedding_model(tmp_path) / file
    if body is None:
        path.unlink()
    else:
        path.write_text(body)

    with pytest.raises(InvalidModel, match=said):
        opened(tmp_path)


@pytest.mark.parametrize(
    ("config", "length"),
    [
        ({"max_position_embeddings": 514, "model_type": "roberta", "pad_token_id": 1}, 512),
        ({"max_position_embeddings": 512, "model_type": "bert", "pad_token_id": 0}, 512),
    ],
)
def test_positions_that_are_counted_from_the_padding_are_fewer(
    tmp_path: Path, config: dict[str, object], length: int
):
    from vibe_checker.onnx_text import max_length

    (tmp_path / "config.json").write_text(json.dumps({**BERT, **config}))
    (tmp_path / "tokenizer_config.json").write_text('{"model_max_length": 1e30}')

    assert max_length("tiny", tmp_path) == length
