"""Writes transformers.json and the scikit-learn heads: what the reference implementations say.

Run from the repository's root in an environment of benchmarks/requirements.txt:

    PYTHONPATH=.:layers/core/python python tests/vibe_checker/golden/make_transformers.py
"""

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import modules as models
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType
from sklearn.calibration import CalibratedClassifierCV
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.svm import LinearSVC
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertForTokenClassification,
    BertModel,
    PreTrainedTokenizerFast,
    pipeline,
)

from tests.vibe_checker.tiny_models import BERT, TEXTS, weights, write_tokenizer

HERE = Path(__file__).parent
TAGS = ["O", "B-CONCEPT", "I-CONCEPT"]


def tokenizer() -> PreTrainedTokenizerFast:
    with TemporaryDirectory() as directory:
        write_tokenizer(Path(directory))
        fast = PreTrainedTokenizerFast(
            tokenizer_file=f"{directory}/tokenizer.json",
            pad_token="[PAD]",
            cls_token="[CLS]",
            sep_token="[SEP]",
            unk_token="[UNK]",
            model_max_length=BERT["max_position_embeddings"],
        )
    fast.backend_tokenizer.no_padding()
    fast.backend_tokenizer.no_truncation()
    return fast


def model(kind: Any, labels: list[str], **config: Any) -> Any:
    settings = {key: value for key, value in BERT.items() if key != "model_type"}
    made = kind(BertConfig(**settings, id2label=dict(enumerate(labels)), **config))
    tensors = {name: torch.tensor(value) for name, value in weights(len(labels)).items()}
    prefix = "" if kind is BertModel else "bert."
    state = {
        name if name.startswith("classifier") else prefix + name: value
        for name, value in tensors.items()
        if not (kind is BertForTokenClassification and name.startswith("pooler"))
        and not (kind is BertModel and name.startswith("classifier"))
    }
    missing, unexpected = made.load_state_dict(state, strict=False)
    assert not unexpected and all("position_ids" in name for name in missing), (missing, unexpected)
    return made.eval()


def sequence(labels: list[str], **config: Any) -> list[dict[str, float]]:
    classify = pipeline(
        "text-classification", model=model(BertForSequenceClassification, labels, **config),
        tokenizer=tokenizer(), top_k=None, truncation=True,
    )  # fmt: skip
    return [{each["label"]: each["score"] for each in found} for found in classify(TEXTS)]


def tokens() -> list[list[dict[str, Any]]]:
    """Each token with its probabilities and characters, as the pipeline prepares them."""
    tagger, fast = model(BertForTokenClassification, TAGS), tokenizer()
    found = []
    for text in TEXTS:
        encoded = fast(text, return_tensors="pt", truncation=True, return_offsets_mapping=True)
        offsets = encoded.pop("offset_mapping")[0].tolist()
        with torch.no_grad():
            probabilities = torch.softmax(tagger(**encoded).logits[0], dim=-1).tolist()
        found.append(
            [
                {"start": start, "end": end, "probabilities": each}
                for (start, end), each in zip(offsets, probabilities, strict=True)
                if end > start
            ]
        )
    return found


def average(labels: list[str]) -> list[list[dict[str, Any]]]:
    """The entities of the pipeline that averages over words; plain tags."""
    tag = pipeline(
        "token-classification", model=model(BertForTokenClassification, labels),
        tokenizer=tokenizer(), aggregation_strategy="average",
    )  # fmt: skip
    return [
        [{key: each[key] for key in ("entity_group", "start", "end")} for each in tag(text)]
        for text in TEXTS
        if text
    ]


def embeddings(pooling: str) -> list[list[float]]:
    with TemporaryDirectory() as directory:
        model(BertModel, ["a", "b"]).save_pretrained(directory)
        tokenizer().save_pretrained(directory)
        words = models.Transformer(directory, max_seq_length=BERT["max_position_embeddings"])
        pooled = models.Pooling(BERT["hidden_size"], pooling_mode=pooling)
        encoder = SentenceTransformer(modules=[words, pooled, models.Normalize()], device="cpu")
        return [[float(n) for n in row] for row in encoder.encode(TEXTS)]


def heads() -> dict[str, Any]:
    """Classifiers on embeddings, saved as skl2onnx makes them, and what they say."""
    draw = np.random.default_rng(3)
    x = draw.standard_normal((200, 8)).astype(np.float32)
    y = (x[:, 0] - x[:, 3] + draw.standard_normal(200) > 0).astype(int)
    seen = x[:20]
    logistic = LogisticRegression().fit(x, y)
    network = MLPClassifier((4,), max_iter=300, random_state=0).fit(x, np.array(["no", "yes"])[y])
    shape = [("X", FloatTensorType([None, 8]))]
    plain = to_onnx(logistic, initial_types=shape, options={"zipmap": False}, target_opset=18)
    (HERE / "logistic.onnx").write_bytes(plain.SerializeToString())
    # Sorted, the positive class comes first.
    calibrated = CalibratedClassifierCV(LinearSVC(), cv=2).fit(
        x, np.array(["other", "Carbon tax"])[y]
    )
    named = to_onnx(calibrated, initial_types=shape, options={"zipmap": False}, target_opset=18)
    (HERE / "calibrated.onnx").write_bytes(named.SerializeToString())
    zipped = to_onnx(network, initial_types=shape, target_opset=18)
    (HERE / "network_zipmap.onnx").write_bytes(zipped.SerializeToString())
    return {
        "embeddings": seen.tolist(),
        "logistic": logistic.predict_proba(seen)[:, 1].tolist(),
        "network_zipmap": network.predict_proba(seen)[:, 1].tolist(),
        "calibrated": calibrated.predict_proba(seen)[:, 0].tolist(),
    }


if __name__ == "__main__":
    golden = {
        "sequence": sequence(["no", "yes"]),
        "sequence_multi_label": sequence(
            ["a", "b", "c"], problem_type="multi_label_classification"
        ),
        "sequence_one_label": sequence(["yes"]),
        "tags": TAGS,
        "tokens": tokens(),
        "average": average(["O", "CONCEPT"]),
        "embeddings": {kind: embeddings(kind) for kind in ("mean", "cls", "max")},
        "heads": heads(),
    }
    (HERE / "transformers.json").write_text(json.dumps(golden, indent=1) + "\n")
