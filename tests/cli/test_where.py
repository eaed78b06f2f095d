import pytest

from cli.where import Where


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell that points at one stack already."""
    monkeypatch.setenv("VIBE_CHECKER_STACK", "Ours")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)


def test_hints_repeat_what_the_shell_does_not_know() -> None:
    where = Where(stack="Other one", region="eu-west-1", profile="team")
    assert where.options == " --stack 'Other one' --profile team"


def test_hints_are_short_where_the_shell_knows_all() -> None:
    assert Where(stack="Ours", region="eu-west-1").options == ""


def test_on_the_local_aws_hints_need_no_more() -> None:
    assert Where(stack="Ours", region="us-east-1", local=True).options == " --local"
