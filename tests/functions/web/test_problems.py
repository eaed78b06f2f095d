import pytest
from botocore.exceptions import ClientError

from functions.web.problems import BadParameter, NotFound, Outdated, message_of, status_of
from functions.web.request import Request
from functions.web.site import failure
from vibe_checker.errors import InvalidInput, MissingInput, StorageUnavailable, TooLarge


def client_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "secret detail"}}, "GetObject")


@pytest.mark.parametrize(
    ("error", "status", "says"),
    [
        (BadParameter("page", "'x' is no number"), 422, "page: 'x' is no number"),
        (NotFound("There is no page."), 404, "There is no page."),
        (MissingInput("Nothing is published for Q1."), 404, "Nothing is published for Q1."),
        (Outdated("Begin again."), 409, "Begin again."),
        (TooLarge("600 MB"), 413, "600 MB"),
        (InvalidInput("concept.json is broken"), 502, "concept.json is broken"),
        (StorageUnavailable("S3 answered SlowDown"), 503, "S3 answered SlowDown"),
        (client_error("AccessDenied"), 403, "may not read it"),
        (client_error("InvalidArgument"), 404, "There is no such edition."),
        (client_error("Mystery"), 500, "The function's log says more."),
        (KeyError("secret detail"), 500, "The function's log says more."),
    ],
)
def test_what_went_wrong_is_told_with_its_status_and_no_more_than_may_be_told(
    error: Exception, status: int, says: str
) -> None:
    assert status_of(error) == status
    assert says in message_of(error)
    assert "secret" not in message_of(error)
    page = failure(Request("GET", "/", {}, {}, {}), status, message_of(error), error)
    assert page.status_code == status
    assert "secret" not in str(page.body)
