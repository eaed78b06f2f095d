"""A stack of an earlier version becomes this one in place, and what people had is still theirs.

`earlier/` holds what version 0.1.0 deployed, and what a run of it wrote: its template with the
setting web_auth=open, and the outputs of 30 passages. (Versions before and after differ in every
role, and in all of the monitoring.)
"""

import io
import json
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local import deploy
from local.aws import BOOTSTRAP_PARAMETER, BOOTSTRAP_VERSION
from local.project import STACK, LocalProject
from tests.infra.conftest import of_type
from vibe_checker.concept import Concept
from vibe_checker.runs.plan import Plan

EARLIER = Path(__file__).parent / "earlier"
RUN = "2026-11-25T17-59-30-ahj4kkx9"
ASSETS = "cdk-hnb659fds-assets-000000000000-us-east-1"


class UpgradedProject(LocalProject):
    """Deploys the earlier template, fills its bucket, and updates it to the present one."""

    before: dict[str, str]
    written: dict[str, str]

    def deploy(self, **context: Any) -> None:
        if not self.outputs:
            self.outputs = self.before = self._deploy_earlier()
            self.written = {key: self.bucket.write(key, body) for key, body in _earlier_files()}
            self._name_the_versions()
        super().deploy(**context)

    def _deploy_earlier(self) -> dict[str, str]:
        self.aws.client("ssm").put_parameter(
            Name=BOOTSTRAP_PARAMETER, Value=BOOTSTRAP_VERSION, Type="String"
        )
        s3 = self.aws.client("s3")
        s3.create_bucket(Bucket=ASSETS)
        template = (EARLIER / "template.json").read_text()
        for name in _code_files(json.loads(template)):
            # Under a name of its own: code that has not changed since has the same one today.
            template = template.replace(name, f"earlier-{name}")
            s3.put_object(Bucket=ASSETS, Key=f"earlier-{name}", Body=_some_code())
        s3.put_object(Bucket=ASSETS, Key="earlier.json", Body=template.encode())
        url = f"{self.aws.endpoint_url}/{ASSETS}/earlier.json"
        return deploy.deploy(self.aws.client("cloudformation"), STACK, url)

    def _name_the_versions(self) -> None:
        """Let each classifier.json name its files' versions here, as it did those of its bucket."""
        for key in [key for key in self.written if key.endswith("classifier.json")]:
            record, prefix = self.bucket.read_json(key), key.removesuffix("classifier.json")
            record["versions"] = {name: self.written[prefix + name] for name in record["versions"]}
            self.written[key] = self.bucket.write_json(key, record)


def _earlier_files() -> Iterator[tuple[str, bytes]]:
    root = EARLIER / "bucket"
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        yield path.relative_to(root).as_posix(), path.read_bytes()


def _code_files(template: dict[str, Any]) -> set[str]:
    """The files in the assets' bucket that functions and layers are made of."""
    functions = of_type(template, "AWS::Lambda::Function").values()
    layers = of_type(template, "AWS::Lambda::LayerVersion").values()
    places = [f["Code"] for f in functions] + [layer["Content"] for layer in layers]
    return {place["S3Key"] for place in places if "S3Key" in place}


def _some_code() -> bytes:
    """A zip file with something in it; the earlier functions are never run here."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("handler.py", "")
    return file.getvalue()


@pytest.fixture(scope="module")
def upgraded(
    demo_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[UpgradedProject]:
    directory = tmp_path_factory.mktemp("upgraded")
    with UpgradedProject(demo_data, directory, wait_scale=0) as project:
        yield project


def _get(project: LocalProject, path: str) -> Any:
    with urllib.request.urlopen(project.page_address + path) as answer:
        return json.load(answer) if path.startswith("api/") else answer.read().decode()


def test_an_update_keeps_what_people_know_by_name(upgraded: UpgradedProject) -> None:
    assert set(upgraded.before) <= set(upgraded.outputs)
    for output in ("BucketName", "StateMachineArn", "PageAddress"):
        assert upgraded.outputs[output] == upgraded.before[output]


def test_an_update_keeps_every_version_of_every_file(upgraded: UpgradedProject) -> None:
    found = {pin.key: pin.version_id for pin in upgraded.bucket.pins("")}
    assert found == upgraded.written


def test_the_page_shows_what_the_earlier_version_published(upgraded: UpgradedProject) -> None:
    [concept] = _get(upgraded, "api/concepts")["concepts"]
    assert concept["id"] == "Q69"
    for classifier_id in ("vceq8gvc", "j4nxqn7q"):
        path = f"concepts/Q69/classifiers/{classifier_id}"
        found = _get(upgraded, f"api/{path}/predictions?page_size=100")
        lines = (EARLIER / f"bucket/Q69/{classifier_id}/predictions.jsonl").read_text().splitlines()
        assert len(found["predictions"]) == len(lines) == 30
        assert "carbon tax" in _get(upgraded, path)


def test_the_page_shows_the_runs_of_the_earlier_version(upgraded: UpgradedProject) -> None:
    assert RUN in _get(upgraded, "runs")
    assert "Q999999" in _get(upgraded, f"runs/{RUN}")


def test_earlier_records_load_into_what_writes_them_now(upgraded: UpgradedProject) -> None:
    plan = Plan.load(upgraded.bucket, RUN)
    assert (plan.run_id, plan.concept_count) == (RUN, 3)
    concept = upgraded.bucket.read_json("Q69/vceq8gvc/concept.json")
    assert Concept.model_validate(concept).preferred_label == "carbon tax"


def test_the_updated_stack_runs_and_publishes_beside_and_over_what_was_there(
    upgraded: UpgradedProject,
) -> None:
    upgraded.upload_inputs()
    ended = upgraded.wait(upgraded.start({"concept_ids": ["Q69"]}))
    assert ended["status"] == "SUCCEEDED", ended["cause"]
    classifier = upgraded.bucket.read_json("Q69/vceq8gvc/classifier.json")
    assert classifier["counts"]["passages"] > 30
    first = upgraded.written["Q69/vceq8gvc/classifier.json"]
    assert upgraded.bucket.read_json("Q69/vceq8gvc/classifier.json", first)["run_id"] == RUN
