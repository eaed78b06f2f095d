"""A run and the page, with nothing but their own roles; and where their secrets do not turn up."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from local.project import LocalProject
from tests.permissions.conftest import BOT, SECRET, PrivateWikibase
from vibe_checker import keys


@pytest.fixture(scope="module")
def succeeded(guarded: LocalProject) -> str:
    """An execution that went well."""
    execution = guarded.start({"concept_ids": ["Q69", "Q420"]})
    ended = guarded.wait(execution)
    assert ended["status"] == "SUCCEEDED", ended["cause"]
    return execution


@pytest.fixture(scope="module")
def failed(guarded: LocalProject, succeeded: str, wikibase: PrivateWikibase) -> Iterator[str]:
    """An execution whose login was refused, since the password has been changed."""
    wikibase.password = "changed"
    execution = guarded.start({"concept_ids": ["Q69"]})
    assert guarded.wait(execution)["error"] == "RunFailed"
    yield execution
    wikibase.password = BOT["password"]


def test_a_run_needs_no_more_rights_than_its_steps_have(
    guarded: LocalProject, succeeded: str, wikibase: PrivateWikibase
) -> None:
    run_id = guarded.run_of(succeeded)
    assert guarded.bucket.read_json(keys.run_summary(run_id))["status"] == "succeeded"
    assert wikibase.logins[0]["lgname"] == BOT["username"]


def test_what_is_not_there_is_told_from_what_is_forbidden(
    guarded: LocalProject, succeeded: str
) -> None:
    """Who may not list is told that a missing object is forbidden."""
    absent = keys.EMBEDDINGS_METADATA
    body = guarded.bucket.read(absent)
    guarded.bucket.client.delete_object(Bucket=guarded.bucket.name, Key=absent)
    try:
        ended = guarded.wait(guarded.start({"concept_ids": ["Q69"]}))
    finally:
        guarded.bucket.write(absent, body)
    assert (ended["status"], ended["error"]) == ("FAILED", "MissingInput")
    assert absent in ended["cause"]


def test_the_page_needs_no_more_rights_than_it_has(
    guarded: LocalProject, succeeded: str, page_secret: str
) -> None:
    session = _logged_in(guarded, page_secret)
    run_id = guarded.run_of(succeeded)
    assert _ask(guarded, "/")["statusCode"] == 303
    result = guarded.bucket.read_json(keys.run_result(run_id, "Q69"))
    classifier = f"/concepts/Q69/classifiers/{result['classifiers'][0]['classifier_id']}"
    pages = ["/", "/concepts/Q69", classifier, "/runs", f"/runs/{run_id}", "/api/concepts"]
    for path in pages:
        answer = _ask(guarded, path, session)
        assert answer["statusCode"] == 200, (path, answer)


def test_secrets_are_in_no_variable_log_state_or_file(
    guarded: LocalProject, succeeded: str, failed: str, page_secret: str
) -> None:
    secrets = guarded.aws.client("secretsmanager")
    page_password = secrets.get_secret_value(SecretId=page_secret)["SecretString"]
    assert len(page_password) == 24
    places = _places(guarded)
    for secret in (BOT["password"], page_password):
        assert [place for place, text in places.items() if secret in text] == []
    # Where they would be found if they were there: what else is known to be there is.
    run_id = guarded.run_of(succeeded)
    found = {place.split(" ")[0] for place, text in places.items() if run_id in text}
    assert found == {"log", "history", "execution", "object"}
    assert [p for p, text in places.items() if p.startswith("variables") and SECRET in text]
    assert any("refuses the login" in text for text in places.values())


def _places(project: LocalProject) -> dict[str, str]:
    """Where people can read → what they read there."""
    found = {}
    for function in project.aws.client("lambda").list_functions()["Functions"]:
        name = function["FunctionName"]
        found[f"variables of {name}"] = json.dumps(function["Environment"])
    for path in project.aws.logs.glob("*.log"):
        found[f"log {path.name}"] = path.read_text()
    steps = project.aws.client("stepfunctions")
    machine = project.outputs["StateMachineArn"]
    for page in steps.get_paginator("list_executions").paginate(stateMachineArn=machine):
        for arn in (each["executionArn"] for each in page["executions"]):
            described = steps.describe_execution(executionArn=arn)
            found[f"execution {arn}"] = json.dumps(described, default=str)
            history = steps.get_paginator("get_execution_history").paginate(executionArn=arn)
            found[f"history of {arn}"] = json.dumps(list(history), default=str)
    for version in _versions(project):
        body = project.bucket.read(version["Key"], version["VersionId"])
        found[f"object {version['Key']} {version['VersionId']}"] = body.decode("latin-1")
    return found


def _versions(project: LocalProject) -> Iterator[dict[str, Any]]:
    """Every version of whatever a run has written."""
    pages = project.bucket.client.get_paginator("list_object_versions")
    for prefix in ("Q", "runs/"):
        for page in pages.paginate(Bucket=project.bucket.name, Prefix=prefix):
            yield from page.get("Versions", [])


def _logged_in(project: LocalProject, secret: str) -> str:
    """The cookie of a session."""
    password = project.aws.client("secretsmanager").get_secret_value(SecretId=secret)
    form = re.search(r'name="form" value="([^"]+)"', _ask(project, "/login")["body"])
    assert form
    fields = urlencode({"form": form[1], "password": password["SecretString"]})
    answer = _ask(project, "/login", method="POST", body=fields)
    assert answer["statusCode"] == 303, answer
    [cookie] = answer["cookies"]
    return str(cookie).partition(";")[0]


def _ask(
    project: LocalProject, path: str, cookie: str = "", method: str = "GET", body: str = ""
) -> dict[str, Any]:
    """Ask the page's function as API Gateway does in AWS; the local one forgets the cookies."""
    client = project.aws.client("lambda")
    [name] = [
        each["FunctionName"]
        for each in client.list_functions()["Functions"]
        if each["FunctionName"].startswith("VibeChecker-WebsiteWeb")
    ]
    event = {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "page"},
        "cookies": [cookie] if cookie else [],
        "requestContext": {"http": {"method": method, "path": path}, "stage": "$default"},
        "body": body,
    }
    answer = client.invoke(FunctionName=name, Payload=json.dumps(event))
    assert "FunctionError" not in answer, answer["Payload"].read()
    found: dict[str, Any] = json.loads(answer["Payload"].read())
    return found
