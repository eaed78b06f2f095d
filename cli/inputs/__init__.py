"""The inputs of a run: made from a team's own passages, checked and pushed.

sources     passages from feather, parquet, CSV or JSONL
embedding   their embeddings, resumable
building    the three files and the model, in one directory
checking    whether a set of input files fits together
pushing     a set to the bucket, made visible as one
commands    `vibe-checker inputs ...`
"""
