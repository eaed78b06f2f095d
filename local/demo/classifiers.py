from collections.abc import Callable
from pathlib import Path

from local.demo.corpus import Passage


def write_classifiers(
    corpus: list[Passage], embedder: Path, directory: Path, progress: Callable[[str], None]
) -> None:
    pass
