"""Errors of the libraries below, in a sentence that says what to do next."""

from cli.errors import UNFORESEEN, UNREACHABLE, WRONG, CommandError, Failed, Unreachable, Wrong
from vibe_checker.errors import RunFailed, TransientError, VibeCheckerError, WikibaseRefused

_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
_UNKNOWN = {
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "AuthFailure",
}
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"}
_LOG_IN = "Log in again (`aws sso login`, or as your team does), then repeat the command."


def explained(error: BaseException) -> CommandError:
    """The error as a command ends with it."""
    if isinstance(error, CommandError):
        return error
    if isinstance(error, VibeCheckerError):
        return _ours(error)
    if type(error).__module__.startswith(("botocore", "boto3")):
        return _of_aws(error)
    if isinstance(error, OSError):
        named = f"{error.filename}: " if error.filename else ""
        return Wrong(f"{named}{error.strerror or error}.")
    return CommandError(
        f"Something unforeseen happened ({type(error).__name__}: {error}). Repeat the command with "
        "--debug to see where, and tell those who look after this project.",
        UNFORESEEN,
    )


def _ours(error: VibeCheckerError) -> CommandError:
    if isinstance(error, RunFailed):
        return Failed(str(error))
    unreachable = isinstance(error, TransientError | WikibaseRefused)
    return CommandError(str(error), UNREACHABLE if unreachable else WRONG)


def _of_aws(error: BaseException) -> CommandError:
    kind = type(error).__name__
    if kind in ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError"):
        return Unreachable(
            f"No AWS credentials were found. {_LOG_IN} Or name a profile with --profile, or use "
            "--local beside `make demo`."
        )
    if "SSO" in kind or "Token" in kind or kind == "LoginRefreshRequired":
        return Unreachable(f"The AWS login has expired. {_LOG_IN}")
    if kind == "NoRegionError":
        return Unreachable("No AWS region is set. Name one with --region or AWS_REGION.")
    if kind == "ProfileNotFound":
        return Unreachable(f"{error}. `aws configure list-profiles` shows those there are.")
    if kind in ("EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError"):
        return Unreachable(f"{error} Is the network there, and are the region and address right?")
    response = getattr(error, "response", None)
    return _refusal(error, response) if response else Unreachable(f"AWS: {error}")


def _refusal(error: BaseException, response: dict[str, dict[str, str]]) -> CommandError:
    """AWS answered, but with an error."""
    code = response.get("Error", {}).get("Code", "")
    message = response.get("Error", {}).get("Message", str(error))
    operation = getattr(error, "operation_name", "the request")
    if code in _EXPIRED:
        return Unreachable(f"The AWS login has expired. {_LOG_IN}")
    if code in _UNKNOWN:
        return Unreachable(f"AWS does not know these credentials ({code}). {_LOG_IN}")
    if code in _DENIED:
        return Unreachable(
            f"You are not allowed to do this ({operation}: {message}). Use another --profile, or "
            "ask whoever looks after the account."
        )
    return Unreachable(f"AWS refused {operation}: {code}: {message}")
