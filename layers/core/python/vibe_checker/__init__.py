"""Vibe Checker: the feel of a concept classifier on real policy text.

The rooms, lowest floor first; imports run only downwards:

    errors, identifiers
    spans, passages, retrieval, onnx_text
    embedder, concept, predictions, bucket
    wikibase, classifiers
    runs

Everything takes what it needs as arguments: nothing here reads the environment or makes a
client when it is imported.
"""
