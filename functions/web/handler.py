"""Web: the page where people read what a classifier found."""

import os
from functools import lru_cache
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from functions.web.auth.gates import Gate, OpenGate, PasswordGate
from functions.web.library import Library
from functions.web.site import Site
from vibe_checker.bucket import Bucket
from vibe_checker.reading.listings import quicken

BUCKET = os.environ["BUCKET"]
AUTH = os.environ["AUTH"]
AUTH_SECRET = os.environ["AUTH_SECRET"]

logger = Logger()


@lru_cache(maxsize=1)
def secret() -> str:
    """The page's password; a new one counts for copies of the function started after it."""
    answer = boto3.client("secretsmanager").get_secret_value(SecretId=AUTH_SECRET)
    return str(answer["SecretString"])


def gate() -> Gate:
    """Who may read, as the settings say; none but these three words opens anything."""
    if AUTH == "open":
        return OpenGate()
    if AUTH == "password":
        return PasswordGate(secret)
    if AUTH == "oidc":
        # Its libraries are loaded where they are used only.
        from functions.web.auth.oidc import OidcGate

        return OidcGate(
            os.environ["OIDC_ISSUER"],
            os.environ["OIDC_CLIENT_ID"],
            os.environ["OIDC_ALLOWED"],
            secret,
        )
    raise ValueError(f"AUTH is {AUTH!r}")


# As many connections as threads that read at once; links to files are signed the new way, which
# every region takes.
client = boto3.client("s3", config=Config(max_pool_connections=32, signature_version="s3v4"))
quicken(client)
site = Site(Library(Bucket(client, BUCKET)), gate(), logger)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """An event of the HTTP API → its response."""
    return site.answer(event, context)
