"""The bucket's embedding model on this machine, fetched once."""

import os
from pathlib import Path

from vibe_checker.bucket import Bucket
from vibe_checker.keys import embedder_prefix
from vibe_checker.local_copies import LocalCopies
from vibe_checker.runs.inputs import shared_inputs


def embedder(bucket: Bucket) -> tuple[str, Path]:
    """The name of the model that runs use now, and its directory in the user's cache."""
    name, pins = shared_inputs(bucket)
    prefix = embedder_prefix(name)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    copies = LocalCopies(bucket, cache / "vibe-checker" / "models")
    return name, copies.tree([pin for pin in pins if pin.key.startswith(prefix)], prefix)
