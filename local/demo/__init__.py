"""The demo's inputs: a corpus, concepts and models that stand where a user's own would.

    templates       sentences with choices and slots, read from corpus/*.txt
    corpus          passages made of them, each with the concepts that it is truly about
    page_noise      what text extracted from documents looks like
    entities        concepts.yml and Wikibase entities, from entities.yml
    passages_file   the passages as a feather file
    safetensors     a model's weights, read with numpy
    bert_onnx       those weights as an ONNX graph
    embedding_model all-MiniLM-L6-v2: fetched, checked, converted, run over the corpus
    word_features   tokens of a text, and vectors of the words
    training        a small text classifier, trained with numpy
    classifier_onnx it as a directory like an exported one
    classifiers     which classifiers there are; how good they turned out
    build           all of these, into one directory, once

Nothing here is used by a deployed Vibe Checker.
"""

from local.demo.build import build, cached

__all__ = ["build", "cached"]
