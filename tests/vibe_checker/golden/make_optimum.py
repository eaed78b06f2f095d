"""Writes optimum/: tiny models exported by `optimum-cli export onnx`, and what transformers says.

Families whose files differ: DistilBERT has no token types, RoBERTa cuts bytes into tokens and
counts positions from its padding, XLM-R cuts as SentencePiece does. Run from the repository's
root in an environment of docs/export/requirements.txt:

    PATH=.export/bin:$PATH python tests/vibe_checker/golden/make_optimum.py
"""

import json
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
import transformers as hf
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)

HERE = Path(__file__).parent / "optimum"
CORPUS = [
    "The carbon tax and the gas levy. Climate policymakers want net-zero emissions by 2030.",
    "naïve café 税 🌍 “quotes” flood, heavy rainfall in three provinces",
]
TEXTS = [
    CORPUS[0],
    "net-zero",
    "",
    "   ",
    "naïve café 税 🌍 “quotes” \n flood",
    CORPUS[0] * 20,  # beyond the model's window
    "e\u0301\u200ba\u00adb 👩‍👩‍👧 tax\u0000tax",
]
WINDOW = 32
ROBERTA = {
    "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16,
    "max_position_embeddings": WINDOW + 2, "type_vocab_size": 1,
    "bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2,
}  # fmt: skip
DISTILBERT = {
    "dim": 8, "n_layers": 1, "n_heads": 2, "hidden_dim": 16, "max_position_embeddings": WINDOW,
}  # fmt: skip
BERT_TOKENS = {
    "pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]",
}  # fmt: skip
ROBERTA_TOKENS = {
    "bos_token": "<s>", "cls_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>",
    "sep_token": "</s>", "unk_token": "<unk>",
}  # fmt: skip


def word_pieces() -> Tokenizer:
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = list(BERT_TOKENS.values())
    made.train_from_iterator(
        CORPUS, trainers.WordPieceTrainer(vocab_size=90, special_tokens=special)
    )
    made.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return made


def bytes_in_pairs() -> Tokenizer:
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    made.train_from_iterator(
        CORPUS,
        trainers.BpeTrainer(vocab_size=290, special_tokens=special, initial_alphabet=alphabet),
    )
    made.post_processor = processors.RobertaProcessing(
        ("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False
    )
    return made


def sentence_pieces() -> Tokenizer:
    made = Tokenizer(models.Unigram())
    made.normalizer = normalizers.NFKC()
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    made.train_from_iterator(
        CORPUS, trainers.UnigramTrainer(vocab_size=90, special_tokens=special, unk_token="<unk>")
    )
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return made


def export(name: str, tokenizer: Any, model: Any, task: str) -> None:
    """Save a model with drawn weights as transformers does, and let optimum export it."""
    torch.manual_seed(len(name))
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.4)
    with TemporaryDirectory() as saved:
        model.eval().save_pretrained(saved)
        tokenizer.save_pretrained(saved)
        shutil.rmtree(HERE / name, ignore_errors=True)
        subprocess.run(
            ["optimum-cli", "export", "onnx", "--model", saved, "--task", task, str(HERE / name)],
            check=True,
        )


def read(tokenizer: Any, model: Any, text: str) -> tuple[Any, list[list[float]]]:
    """A text's encoding and the probabilities of its tokens or, in one row, of itself."""
    encoding = tokenizer(text, truncation=True, return_tensors="pt")
    asked = {key: encoding[key] for key in ("input_ids", "attention_mask")}
    with torch.no_grad():
        logits = model(**asked).logits[0]
    return encoding, torch.softmax(logits.reshape(-1, logits.shape[-1]), -1).tolist()


def words(tokenizer: Any, model: Any, text: str) -> list[list[Any]]:
    """[start, end, the mean of its tokens' 1 - P(O)] of each word."""
    encoding, probabilities = read(tokenizer, model, text)
    of_words: dict[int, list[int]] = {}
    for token, word in enumerate(encoding.word_ids()):
        if word is not None:
            of_words.setdefault(word, []).append(token)
    return [
        [
            encoding.token_to_chars(tokens[0]).start,
            encoding.token_to_chars(tokens[-1]).end,
            sum(1 - probabilities[token][0] for token in tokens) / len(tokens),
        ]
        for tokens in of_words.values()
    ]


def fast(tokenizer: Tokenizer, special: dict[str, str]) -> Any:
    return hf.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=WINDOW, **special
    )


def main() -> None:
    yes, tags = {0: "no", 1: "yes"}, {0: "O", 1: "CONCEPT"}
    pieces = fast(word_pieces(), BERT_TOKENS)
    distilbert = hf.DistilBertForSequenceClassification(
        hf.DistilBertConfig(vocab_size=len(pieces), id2label=yes, **DISTILBERT)
    )
    export("distilbert", pieces, distilbert, "text-classification")
    golden: dict[str, Any] = {
        "texts": TEXTS,
        "distilbert": [read(pieces, distilbert, text)[1][0][1] for text in TEXTS],
    }
    for name, made, kind, config in (
        ("roberta", bytes_in_pairs(), hf.RobertaForTokenClassification, hf.RobertaConfig),
        ("xlm-roberta", sentence_pieces(), hf.XLMRobertaForTokenClassification,
         hf.XLMRobertaConfig),
    ):  # fmt: skip
        tokenizer = fast(made, ROBERTA_TOKENS)
        model = kind(config(vocab_size=len(tokenizer), id2label=tags, **ROBERTA))
        export(name, tokenizer, model, "token-classification")
        golden[name] = [words(tokenizer, model, text) for text in TEXTS]
    (HERE / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main()
