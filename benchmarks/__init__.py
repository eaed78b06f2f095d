"""How fast, side by side with what one would use instead: `make bench`, `make bench QUICK=1`.

    measure     rounds in turn, medians, rows of a table, small charts
    data        passages of a given length, made of the demo's corpus or taken from DATA
    keyword     candidates → predictions.jsonl by labels
    sequence    the same by a model of MiniLM's size, beside transformers
    minilm      that model, as an ONNX graph and for transformers
    heads       the same by a head on embeddings, beside scikit-learn
    retrieval   1,000,000 embeddings: score and select, beside faiss, usearch and a full sort
    find        FindPassages on as many passages in a process of its own: its memory
    imports     how long a cold start of each function imports
    embedding   passages → vectors, beside sentence-transformers
    web         the page over 100,000 predictions
    scale       runs of up to 1,000 concepts: `make bench-scale`

Whatever is compared runs in turn, round by round, so that a busy moment of the machine hits all
alike; each measurement has a process of its own. Results go to results.json and into the README.
"""
