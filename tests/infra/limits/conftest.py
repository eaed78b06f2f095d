"""A bucket, for what AWS limits and the local AWS does not."""

from tests.vibe_checker.conftest import bucket

__all__ = ["bucket"]
