"""The stand-in for docker-py, asked as MiniStack asks it."""

import io
import json
import os
import tarfile
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.lambda_runtime.docker import DockerClient, errors
from local.lambda_runtime.docker.settings import RuntimeSettings
from local.lambda_runtime.docker.types import Mount

ENVIRONMENT = {
    "AWS_LAMBDA_FUNCTION_NAME": "f",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    "_LAMBDA_FUNCTION_ARN": "arn:aws:lambda:us-east-1:000000000000:function:f",
    "_LAMBDA_TIMEOUT": "60",
    "AWS_ENDPOINT_URL": "http://host.docker.internal:4566",
}
CODE = "import os\ndef handler(event, context): return [event, os.getpid(), os.environ['WHO']]"
MakeClient = Callable[..., DockerClient]


@pytest.fixture
def make_client(tmp_path: Path) -> Iterator[MakeClient]:
    """Clients with settings of their own, whose containers are removed in the end."""
    clients = []
    reading, writing = os.pipe()

    def make(**changes: Any) -> DockerClient:
        settings = RuntimeSettings(
            images=tmp_path / "images",
            logs=tmp_path / "logs",
            work=tmp_path / "work",
            concurrency=1,
            processes=changes.get("processes", 4),
            parallel_inits=1,
            init_seconds=changes.get("init_seconds", 60),
            host_environment={"PATH": os.environ["PATH"]},
            roll_call=writing,
        )
        clients.append(DockerClient(settings))
        return clients[-1]

    yield make
    for client in clients:
        client.close()
    os.close(writing)
    assert os.read(reading, 1) == b""  # nobody else has it open
    os.close(reading)


def invoke(container: Any, event: Any = None) -> Any:
    port = container.ports["8080/tcp"][0]["HostPort"]
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/2015-03-31/functions/function/invocations",
        data=json.dumps(event).encode(),
        headers={"X-Amzn-RequestId": "a-request"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.loads(answer.read())


def code(folder: Path, text: str = CODE) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "handler.py").write_text(text)
    return folder


def mounted(client: DockerClient, folder: Path, who: str = "me") -> Any:
    return client.containers.run(
        image="public.ecr.aws/lambda/python:3.11",
        command=["handler.handler"],
        environment={**ENVIRONMENT, "WHO": who},
        mounts=[Mount("/var/task", str(folder), type="bind", read_only=True)],
        detach=True,
    )


def test_code_arrives_as_a_mount(make_client: MakeClient, tmp_path: Path) -> None:
    container = mounted(make_client(), code(tmp_path / "code"))

    event, _, who = invoke(container, {"a": 1})

    assert (event, who) == ({"a": 1}, "me")
    assert container.logs(since=0).decode().startswith("START RequestId: a-request")


def test_code_arrives_as_an_archive(make_client: MakeClient, tmp_path: Path) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(code(tmp_path / "code"), arcname=".")
    container = make_client().containers.create(
        image="any", command=["handler.handler"], environment={**ENVIRONMENT, "WHO": "me"}
    )
    container.put_archive("/var/task", archive.getvalue())
    container.start()

    assert invoke(container, 1)[0] == 1


def test_containers_of_one_function_share_its_processes(
    make_client: MakeClient, tmp_path: Path
) -> None:
    client, folder = make_client(), code(tmp_path / "code")
    one, two, other = mounted(client, folder), mounted(client, folder), mounted(client, folder, "b")

    assert invoke(one)[1] == invoke(two)[1] != invoke(other)[1]


def test_removing_the_last_container_ends_the_processes(
    make_client: MakeClient, tmp_path: Path
) -> None:
    client, folder = make_client(), code(tmp_path / "code")
    one, two = mounted(client, folder), mounted(client, folder)
    first = invoke(one)[1]
    one.remove(force=True, v=True)
    assert invoke(two)[1] == first

    two.remove(force=True, v=True)

    assert invoke(mounted(client, folder))[1] != first


def test_the_process_longest_idle_makes_room(make_client: MakeClient, tmp_path: Path) -> None:
    client, folder = make_client(processes=2), code(tmp_path / "code")
    a, b, c = (mounted(client, folder, who) for who in "abc")
    first_a, first_b = invoke(a)[1], invoke(b)[1]
    invoke(a)
    invoke(c)

    assert invoke(a)[1] == first_a
    assert invoke(b)[1] != first_b


def test_a_module_that_loads_for_ever_is_given_up(make_client: MakeClient, tmp_path: Path) -> None:
    folder = code(tmp_path / "code", "import threading; threading.Event().wait()")
    container = mounted(make_client(init_seconds=0.2), folder)

    answer = invoke(container)

    assert answer["errorType"] == "Sandbox.Timedout"
    assert answer["errorMessage"].endswith("Initialisation timed out after 0.20 seconds")


def test_what_the_runtime_cannot_do_is_answered(make_client: MakeClient, tmp_path: Path) -> None:
    container = mounted(make_client(), tmp_path / "nowhere")

    assert invoke(container)["errorType"] == "Runtime.Unknown"
    assert "nowhere" in invoke(container)["errorMessage"]


def test_an_image_that_was_not_deployed_is_named(make_client: MakeClient) -> None:
    with pytest.raises(errors.ImageNotFound, match="repository:tag has not been deployed"):
        make_client().containers.run(image="repository:tag", environment=ENVIRONMENT)


def test_settings_come_back_as_they_were_written(make_client: MakeClient, tmp_path: Path) -> None:
    settings = RuntimeSettings(
        tmp_path, tmp_path, tmp_path, 1, 2, 3, 4.5, {"PATH": "/bin"}, roll_call=6
    )
    settings.write(tmp_path / "settings.json")

    assert RuntimeSettings.read(tmp_path / "settings.json") == settings
