import json

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from vibe_checker.passages import candidates
from vibe_checker.predictions import Card, Prediction, Predictions, lines
from vibe_checker.spans import Span


def shard(texts: list[str], **metadata: list[object]) -> pa.Table:
    table = pa.table({"text_block.text": pa.array(texts, pa.string()), **metadata})
    similarities = np.linspace(0.9, 0.1, len(texts)).astype(np.float32)
    return candidates(table, np.arange(len(texts)), similarities)


def test_a_line_has_the_passage_its_spans_and_its_metadata():
    [line] = lines(
        shard(["A carbon tax."], year=[2024], title=[None]),
        Predictions.of([Prediction([Span(2, 12, 0.75)], 0.75)]),
        "Q69",
    )

    assert line.endswith(b"}\n") and line.count(b"\n") == 1
    assert json.loads(line) == {
        "id": json.loads(line)["id"],
        "text": "A carbon tax.",
        "spans": [
            {
                "start_index": 2,
                "end_index": 12,
                "labelled_text": "carbon tax",
                "prediction_probability": 0.75,
                "concept_id": "Q69",
            }
        ],
        "prediction_probability": 0.75,
        "similarity": 0.9,
        "metadata": {"year": 2024, "title": None},
    }


def test_a_span_over_the_whole_passage_does_not_repeat_its_text():
    text = "tax " * 500
    [line] = lines(
        shard([text]), Predictions.of([Prediction([Span(0, len(text), 1.0)], 1.0)]), "Q69"
    )

    assert json.loads(line)["spans"][0]["labelled_text"] is None
    assert len(line) < 1.3 * len(text)


@given(st.text(), st.data())
def test_labelled_text_is_what_the_offsets_cut_out_of_the_raw_text(text: str, data: st.DataObject):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    [line] = lines(shard([text]), Predictions.of([Prediction([Span(start, end, 0.5)], 0.5)]), "Q1")
    found = json.loads(line)
    [span] = found["spans"]

    assert found["text"] == text
    assert span["labelled_text"] in (None, text[span["start_index"] : span["end_index"]])


def test_two_classifiers_that_differ_in_anything_have_different_ids():
    one = Card("a", "keyword", {"labels": ["ab", "c"]})

    assert one.id == Card("a", "keyword", {"labels": ["ab", "c"]}).id
    assert one.id != Card("a", "keyword", {"labels": ["a", "bc"]}).id
    assert one.id != Card("b", "keyword", {"labels": ["ab", "c"]}).id
    assert one.as_json() == {"id": one.id, "name": "a", "kind": "keyword", "labels": ["ab", "c"]}
