"""What each function's own role may do, tried out one by one: all that is not listed is denied."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.project import LocalProject
from tests.permissions.conftest import ROLES, SECRET, Client

INPUTS = {
    "concepts.yml",
    "passages_dataset.feather",
    "passages_embeddings.npy",
    "passages_embeddings_metadata.json",
}
EMBEDDER = "models/embedders/one/onnx/model.onnx"
CLASSIFIER = "models/classifiers/Q69/one/model.onnx"
RECORD, CONCEPTS = "runs/one/run.json", "runs/one/concepts.json"
RESULT, SUMMARY = "runs/one/results/Q69.json", "runs/one/summary.json"
MODELS = "runs/one/work/Q69/models.json"
WORK = {"runs/one/work/Q69/concept.json", "runs/one/work/Q69/keyword/00000.jsonl", MODELS}
OUTPUTS = {f"Q69/aaaaaaaa/{name}" for name in ("predictions.jsonl", "concept.json")}
OUTPUTS |= {"Q69/aaaaaaaa/classifier.json"}
ELSEWHERE = {"other.txt", "passages_other.npy", "runs/one/other.json", "Q69/aaaaaaaa/other.json"}
EVERYTHING = {
    *INPUTS,
    EMBEDDER,
    CLASSIFIER,
    RECORD,
    CONCEPTS,
    RESULT,
    SUMMARY,
    *WORK,
    *OUTPUTS,
    *ELSEWHERE,
}
DATA_SET = INPUTS - {"concepts.yml"}

READS: dict[str, set[str]] = {
    "PlanRun": {*INPUTS, EMBEDDER, RECORD},
    "FetchConcept": set(),
    "FindPassages": {*DATA_SET, EMBEDDER, RECORD, *WORK},
    "ClassifyPassages": {CLASSIFIER, *WORK},
    "PublishPredictions": {RECORD, *WORK},
    "RecordResult": set(),
    "RecordFailure": set(),
    "SummariseRun": {RECORD, CONCEPTS, RESULT},
    "Web": {*OUTPUTS, RECORD, RESULT, SUMMARY},
}
WRITES: dict[str, set[str]] = {
    "PlanRun": {RECORD, CONCEPTS, MODELS},
    "FetchConcept": WORK,
    "FindPassages": WORK,
    "ClassifyPassages": WORK,
    "PublishPredictions": OUTPUTS,
    "RecordResult": {RESULT},
    "RecordFailure": {RESULT},
    "SummariseRun": {SUMMARY},
    "Web": set(),
}
# Prefix → who may list it; "" is the whole bucket.
LISTS = {
    "": {"PlanRun", "FindPassages", "ClassifyPassages", "PublishPredictions", "SummariseRun"},
    "models/": {"PlanRun", "FindPassages", "ClassifyPassages", "PublishPredictions"}
    | {"SummariseRun"},
    "runs/": {"PlanRun", "FindPassages", "ClassifyPassages", "PublishPredictions", "SummariseRun"}
    | {"Web"},
}


@pytest.fixture(scope="module", autouse=True)
def versions(guarded: LocalProject) -> dict[str, str]:
    """Key → version id of an object at every kind of key there is."""
    return {key: guarded.bucket.write(f"{key}", b"{}") for key in sorted(EVERYTHING)}


@pytest.mark.parametrize("step", ROLES)
def test_it_reads_its_inputs_and_nothing_else(
    step: str, guarded: LocalProject, client_of: Client, versions: dict[str, str]
) -> None:
    s3, bucket = client_of(step, "s3"), guarded.bucket.name
    assert _allowed(EVERYTHING, lambda key: s3.get_object(Bucket=bucket, Key=key)) == READS[step]
    assert READS[step] == _allowed(
        EVERYTHING,
        lambda key: s3.get_object(Bucket=bucket, Key=key, VersionId=versions[key]),
    )


@pytest.mark.parametrize("step", ROLES)
def test_it_writes_its_own_kind_of_file_and_no_other(
    step: str, guarded: LocalProject, client_of: Client
) -> None:
    s3, bucket = client_of(step, "s3"), guarded.bucket.name
    written = _allowed(EVERYTHING, lambda key: s3.put_object(Bucket=bucket, Key=key, Body=b"{}"))
    assert written == WRITES[step]


@pytest.mark.parametrize("step", ROLES)
def test_it_deletes_nothing(
    step: str, guarded: LocalProject, client_of: Client, versions: dict[str, str]
) -> None:
    s3, bucket = client_of(step, "s3"), guarded.bucket.name
    assert not _allowed(EVERYTHING, lambda key: s3.delete_object(Bucket=bucket, Key=key))
    assert not _allowed(
        EVERYTHING,
        lambda key: s3.delete_object(Bucket=bucket, Key=key, VersionId=versions[key]),
    )


@pytest.mark.parametrize("step", ROLES)
def test_it_lists_where_it_must_and_nowhere_else(
    step: str, guarded: LocalProject, client_of: Client
) -> None:
    s3, bucket = client_of(step, "s3"), guarded.bucket.name
    listed = _allowed(LISTS, lambda prefix: s3.list_objects_v2(Bucket=bucket, Prefix=prefix))
    assert listed == {prefix for prefix, steps in LISTS.items() if step in steps}
    versions = _allowed(LISTS, lambda prefix: s3.list_object_versions(Bucket=bucket, Prefix=prefix))
    assert versions == {"PlanRun": set(LISTS), "Web": {"runs/"}}.get(step, set())


@pytest.mark.parametrize("step", ROLES)
def test_it_reads_no_secret_but_its_own(step: str, client_of: Client, page_secret: str) -> None:
    secrets = client_of(step, "secretsmanager")
    read = _allowed([SECRET, page_secret], lambda name: secrets.get_secret_value(SecretId=name))
    assert read == {"FetchConcept": {SECRET}, "Web": {page_secret}}.get(step, set())
    assert not _allowed(
        [SECRET, page_secret],
        lambda name: secrets.put_secret_value(SecretId=name, SecretString="mine"),
    )


@pytest.mark.parametrize("step", ROLES)
def test_it_starts_changes_and_looks_up_nothing(
    step: str, guarded: LocalProject, client_of: Client
) -> None:
    machine, bucket = guarded.outputs["StateMachineArn"], guarded.bucket.name
    policy = '{"Version": "2012-10-17", "Statement": []}'
    tries: dict[str, Callable[[], Any]] = {
        "start": lambda: client_of(step, "stepfunctions").start_execution(stateMachineArn=machine),
        "invoke": lambda: client_of(step, "lambda").invoke(FunctionName=_another(guarded)),
        "find": lambda: client_of(step, "ssm").get_parameter(Name="/vibe-checker/bucket-name"),
        "open": lambda: client_of(step, "s3").put_bucket_policy(Bucket=bucket, Policy=policy),
        "forget": lambda: client_of(step, "s3").put_bucket_versioning(
            Bucket=bucket, VersioningConfiguration={"Status": "Suspended"}
        ),
        "grow": lambda: client_of(step, "iam").list_roles(),
    }
    assert not _allowed(tries, lambda name: tries[name]())


def test_who_comes_without_tls_is_turned_away_whatever_its_role(
    guarded: LocalProject, client_of: Client, bucket_policy: str
) -> None:
    s3, bucket = client_of("FindPassages", "s3"), guarded.bucket.name
    assert _allowed([EMBEDDER], lambda key: s3.get_object(Bucket=bucket, Key=key))
    admin = guarded.aws.client("s3")
    admin.put_bucket_policy(Bucket=bucket, Policy=bucket_policy)
    try:
        assert not _allowed([EMBEDDER], lambda key: s3.get_object(Bucket=bucket, Key=key))
    finally:
        admin.delete_bucket_policy(Bucket=bucket)


def _allowed(names: Iterable[str], attempt: Callable[[str], object]) -> set[str]:
    """Those of `names` with which the attempt is not denied; any other error is one."""
    allowed = set()
    for name in names:
        try:
            attempt(name)
        except ClientError as error:
            assert error.response["Error"]["Code"].startswith("AccessDenied"), error
        else:
            allowed.add(name)
    return allowed


def _another(project: LocalProject) -> str:
    functions = project.aws.client("lambda").list_functions()["Functions"]
    return str(next(f["FunctionName"] for f in functions if "PlanRun" in f["FunctionName"]))
