"""Vibe Checker: the feel of a concept classifier on real policy text.

The rooms, lowest floor first; imports run only downwards:

    errors, identifiers, spans       words that all the others use
    bucket, concept_list             the files that come and go
    concept, mediawiki, wikibase     a concept, and where it comes from
    onnx_text, embedder              texts through a model
    passages, retrieval              the data set, and what in it may be about a concept
    predictions, classifiers         what is said of a passage, and who says it
    runs                             plan a run, record how its parts ended
    dataset, publication             the two ends of a concept's way through a run

Everything takes what it needs as arguments: nothing here reads the environment or makes a
client when it is imported.
"""
