"""The inputs of a run: made from a team's own passages, checked and pushed.

sources        passages from feather, parquet, CSV or JSONL
json_lines     ... the last of these
passages_file  passages_dataset.feather, written and read a part at a time
embedding      their embeddings, resumable
model_files    what of a model's directory runs need
building       the three files and the model, in one directory
findings       what looking at a set finds
vectors        whether the embeddings are what they should be
checking       whether a set of input files fits together
pushing        a set to the bucket, made visible as one
fetching       the bucket's set, to look at
caching        the bucket's model on this machine
commands       `vibe-checker inputs ...`
"""
