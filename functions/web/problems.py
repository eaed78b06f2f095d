"""What may go wrong while answering, and with which status it is told."""

from botocore.exceptions import ClientError

from vibe_checker.errors import InvalidInput, MissingInput, StorageUnavailable, TooLarge


class NotFound(Exception):
    """There is no such page."""


class Outdated(Exception):
    """What was begun cannot be gone on with, since the file is another by now."""


class BadParameter(Exception):
    """A parameter cannot be meant; `name` is that parameter's."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"{name}: {message}")
        self.name = name
        self.message = message


TITLES = {
    400: "That request cannot be read",
    401: "Please log in",
    403: "No permission",
    404: "Nothing here",
    405: "Not possible",
    409: "Published anew",
    413: "Too large",
    422: "A parameter cannot be used",
    429: "Too many tries",
    500: "Something broke",
    502: "A file cannot be read",
    503: "Storage does not answer",
}


def status_of(error: Exception) -> int:
    """The HTTP status for an error; 500 for one that nobody foresaw."""
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        # S3 calls a version id that it never gave an invalid argument.
        return {"AccessDenied": 403, "403": 403, "InvalidArgument": 404}.get(code, 500)
    for kind, status in (
        (BadParameter, 422),
        (NotFound, 404),
        (Outdated, 409),
        (MissingInput, 404),
        (TooLarge, 413),
        (InvalidInput, 502),
        (StorageUnavailable, 503),
    ):
        if isinstance(error, kind):
            return status
    return 500


def message_of(error: Exception) -> str:
    """What to tell people of an error; of one that nobody foresaw only that the log has it."""
    status = status_of(error)
    if isinstance(error, ClientError) and status == 403:
        return "This file is not there, or the page's function may not read it."
    if isinstance(error, ClientError) and status == 404:
        return "There is no such edition."
    return "The function's log says more." if status == 500 else str(error)
