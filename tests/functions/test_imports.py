"""What a cold start loads: nothing that the step does not use."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {
    "BUCKET": "vibes",
    "AWS_DEFAULT_REGION": "us-east-1",
    "POWERTOOLS_SERVICE_NAME": "test",
    "SIMILARITY_THRESHOLD": "0.65",
    "MINIMUM_CANDIDATES": "1",
    "MAXIMUM_CANDIDATES": "2",
    "SHARD_SIZE": "3",
    "WIKIBASE_URL": "http://127.0.0.1",
    "WIKIBASE_PROPERTIES": "{}",
    "WIKIBASE_SECRET": "",
    "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "layers/core/python")]),
}
HEAVY = {"numpy", "pyarrow", "onnxruntime", "tokenizers", "pydantic", "httpx", "ahocorasick_rs"}


def loaded(code: str) -> set[str]:
    """Which of the heavy modules a fresh interpreter has loaded after `code`."""
    report = f"import sys; {code}; print(*({HEAVY} & set(sys.modules)))"
    run = subprocess.run(
        [sys.executable, "-c", report], env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    return set(run.stdout.split())


@pytest.mark.parametrize("step", ["plan_run", "record_result", "record_failure", "summarise_run"])
def test_the_zip_functions_load_nothing_heavy(step: str) -> None:
    assert loaded(f"import functions.{step}.handler") == set()


@pytest.mark.parametrize("step", ["fetch_concept", "publish_predictions"])
def test_steps_without_arrays_load_none_of_the_numerical_libraries(step: str) -> None:
    found = loaded(f"import functions.{step}.handler")

    assert not found & {"numpy", "pyarrow", "onnxruntime", "tokenizers", "ahocorasick_rs"}


def test_classifying_loads_a_runtime_for_models_only_when_there_is_a_model() -> None:
    keyword = (
        "from functions.classify_passages import handler as h; from vibe_checker.concept import"
        " Concept; h.open_classifier('keyword', None, Concept(wikibase_id='Q1',"
        " preferred_label='gas'))"
    )

    assert not loaded(keyword) & {"onnxruntime", "tokenizers", "httpx"}
    assert "ahocorasick_rs" not in loaded("import functions.classify_passages.handler")


def test_finding_passages_needs_no_keyword_matcher() -> None:
    assert "ahocorasick_rs" not in loaded("import functions.find_passages.handler")
