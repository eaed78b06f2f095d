"""The Wikibase that the stack's runs read, asked with the stack's own settings."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from cli.errors import Unreachable, Wrong
from cli.where import Where
from vibe_checker.concept import Concept
from vibe_checker.errors import ConceptUnusable

if TYPE_CHECKING:
    from vibe_checker.wikibase import WikibaseClient

# The function whose environment says which Wikibase, which properties and which login.
_FUNCTION = "FetchConcept"


def connect(where: Where, url: str | None = None) -> "WikibaseClient":
    """A client for the Wikibase of the stack, or for the one at `url`."""
    import httpx

    from vibe_checker.mediawiki import Credentials
    from vibe_checker.wikibase import Properties, WikibaseClient

    if url:
        return WikibaseClient(httpx.Client(), url)
    settings = _settings(where)
    credentials = None
    if secret := settings.get("WIKIBASE_SECRET"):
        found = where.client("secretsmanager").get_secret_value(SecretId=secret)
        credentials = Credentials(**json.loads(found["SecretString"]))
    properties = Properties(**json.loads(settings["WIKIBASE_PROPERTIES"]))
    return WikibaseClient(httpx.Client(), settings["WIKIBASE_URL"], properties, credentials)


def _settings(where: Where) -> dict[str, Any]:
    """The environment of FetchConcept: what it reads is what runs read."""
    pages = where.client("cloudformation").get_paginator("list_stack_resources")
    for page in pages.paginate(StackName=where.stack):
        for each in page["StackResourceSummaries"]:
            if (
                each["ResourceType"] == "AWS::Lambda::Function"
                and _FUNCTION in each["LogicalResourceId"]
            ):
                function = each["PhysicalResourceId"]
                found = where.client("lambda").get_function_configuration(FunctionName=function)
                settings: dict[str, Any] = found["Environment"]["Variables"]
                return settings
    raise Unreachable(f"The stack {where.stack} has no function {_FUNCTION}. Deploy it again.")


def concepts(client: "WikibaseClient", concept_ids: Iterable[str]) -> list[Concept]:
    """The concepts; raises Wrong naming each one that Wikibase does not have or cannot lend."""
    found, refused = [], []
    for concept_id in concept_ids:
        try:
            found.append(client.fetch_concept(concept_id))
        except ConceptUnusable as error:
            refused.append(str(error))
    if refused:
        raise Wrong(" ".join(refused))
    return found
