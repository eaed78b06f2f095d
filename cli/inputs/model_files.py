"""The files of a model's directory that running it needs."""

from pathlib import Path

# Directories from a model hub hold the weights several times over: for PyTorch, TensorFlow and
# Rust, and graphs that are optimised for one processor. Runs would fetch all of them.
_SUFFIXES = {".json", ".txt", ".model", ".yml", ".yaml"}
_GRAPH = "model.onnx"


def needed(directory: Path) -> list[Path]:
    """Settings, tokenizer, and the graph with its weights (model.onnx, model.onnx_data), sorted."""
    return sorted(
        path
        for path in directory.rglob("*")
        if path.is_file()
        and (path.suffix in _SUFFIXES or path.name.startswith(_GRAPH))
        and not any(part.startswith(".") for part in path.relative_to(directory).parts)
    )
