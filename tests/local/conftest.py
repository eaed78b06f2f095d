import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.aws import LocalAws
from tests.local.toy import toy

CONCURRENCY = 2


@dataclass
class Reply:
    """What Invoke gave: the payload, and whether it is an error's."""

    payload: Any
    error: str | None


Invoke = Callable[..., Reply]


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAws]:
    with LocalAws(tmp_path_factory.mktemp("aws"), concurrency=CONCURRENCY, wait_scale=0) as aws:
        yield aws


@pytest.fixture(scope="session")
def outputs(aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    cdk_out = toy(tmp_path_factory.mktemp("toy") / "cdk.out").write()
    return aws.deploy(cdk_out, "Toy")


@pytest.fixture(scope="session")
def invoke(aws: LocalAws, outputs: dict[str, str]) -> Invoke:
    """Invoke "Zipped" or "Imaged" with an event."""
    client = aws.client("lambda")

    def invoke(function: str, **event: Any) -> Reply:
        name = outputs.get(f"{function}Name", function)
        answer = client.invoke(FunctionName=name, Payload=json.dumps(event))
        return Reply(json.loads(answer["Payload"].read()), answer.get("FunctionError"))

    return invoke


@pytest.fixture(params=["Zipped", "Imaged"])
def function(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def log(aws: LocalAws, outputs: dict[str, str]) -> Callable[[str], Path]:
    return lambda function: aws.logs / f"{outputs[f'{function}Name']}.log"
