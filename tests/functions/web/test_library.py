import gc
import weakref

import pytest

from functions.web.library import Library
from functions.web.request import Request
from vibe_checker.bucket import Bucket
from vibe_checker.reading import opened


def test_a_file_dropped_from_memory_is_held_by_nothing_that_was_filtered_of_it(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opened, "_KEEP_BYTES", 1)
    library = Library(bucket)
    request = Request("GET", "/", {"show": ["positive"]}, {}, {})
    first = weakref.ref(library.view(request, "Q69", "aaaaaaaa").file)
    second = library.view(request, "Q69", "bbbbbbbb")
    gc.collect()
    assert first() is None
    assert library.view(request, "Q69", "bbbbbbbb").selection is second.selection
