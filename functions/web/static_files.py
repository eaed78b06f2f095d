"""The style sheet, the script and the mark, served under names that change with their content."""

import hashlib
from functools import cache
from pathlib import Path

from aws_lambda_powertools.event_handler import Response

from functions.web.problems import NotFound

_FOLDER = Path(__file__).parent / "static"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@cache
def names() -> dict[str, str]:
    """The public name of each file: "page.css" → "page.3f2a90c1.css"."""
    return {path.name: _public(path) for path in sorted(_FOLDER.iterdir()) if path.is_file()}


@cache
def _files() -> dict[str, Path]:
    return {public: _FOLDER / name for name, public in names().items()}


def _public(path: Path) -> str:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    return f"{path.stem}.{digest}{path.suffix}"


def answer(name: str) -> Response[str]:
    """One file, to be kept for ever: other content has another name."""
    path = _files().get(name)
    if path is None:
        raise NotFound(f"There is no file {name}.")
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "ETag": f'"{name}"'}
    return Response(200, _TYPES[path.suffix], path.read_text(), headers, compress=True)
