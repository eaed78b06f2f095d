"""What a team may set, as CDK context (`cdk.json`, or `-c name=value`); the only reader of it."""

from dataclasses import dataclass, field, fields
from typing import Any, Self

from constructs import Node

PYTHON_VERSION = "3.13"
"""The Python of the image and of the zip functions; the layer is bundled for it."""


@dataclass(frozen=True)
class Settings:
    """Every setting with its default; the selection rule's numbers are the design's.

    wikibase_url          the Wikibase that concepts are fetched from
    wikibase_properties   overrides for its property ids, such as {"definition": "P7"}
    wikibase_secret_name  a secret {"username", "password"} of a bot password; none: anonymous
    similarity_threshold  a passage strictly above it is a candidate
    minimum_candidates    ... and at least so many of the most similar ones
    maximum_candidates    ... and at most so many
    shard_size            passages that one ClassifyPassages invocation works off
    concept_concurrency   concepts worked on at a time; bounds the load on Wikibase too
    shard_concurrency     shards of one classifier classified at a time
    schedule              when to run all of concepts.yml by itself: cron(...) or rate(...), in UTC
    alarm_email           who is told of failed runs and other alarms; none: nobody
    work_days             days until a run's staging files expire
    web_auth              who may read the page: "password" (made at deployment), "oidc" or "open"
    web_oidc_issuer       ... by OpenID Connect: the provider, such as https://accounts.google.com
    web_oidc_client_id    ... the id that the provider knows the page by
    web_oidc_secret_name  ... the secret that holds the client secret, as it is
    web_oidc_allowed      ... who of its users: addresses and @domains by commas, "*" for all
    """

    wikibase_url: str = "https://climatepolicyradar.wikibase.cloud"
    wikibase_properties: dict[str, str] = field(default_factory=dict)
    wikibase_secret_name: str = ""
    similarity_threshold: float = 0.65
    minimum_candidates: int = 10_000
    maximum_candidates: int = 100_000
    # 2,500 passages take a BERT-base model (6 passages/s on two cores) seven minutes of the
    # fifteen that a function has.
    shard_size: int = 2_500
    concept_concurrency: int = 20
    shard_concurrency: int = 40
    work_days: int = 7
    schedule: str = ""
    alarm_email: str = ""
    web_auth: str = "password"
    web_oidc_issuer: str = ""
    web_oidc_client_id: str = ""
    web_oidc_secret_name: str = ""
    web_oidc_allowed: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError naming the setting for numbers that cannot work together."""
        if not -1 <= self.similarity_threshold <= 1:
            raise ValueError(f"similarity_threshold is {self.similarity_threshold}; use -1 to 1")
        if not 1 <= self.minimum_candidates <= self.maximum_candidates:
            raise ValueError(
                f"minimum_candidates is {self.minimum_candidates} and maximum_candidates "
                f"{self.maximum_candidates}; use 1 ≤ minimum ≤ maximum"
            )
        for name in ("shard_size", "concept_concurrency", "shard_concurrency", "work_days"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; use at least 1")

        self._check_web()

    def _check_web(self) -> None:
        if self.web_auth not in ("password", "oidc", "open"):
            raise ValueError(f"web_auth is {self.web_auth!r}; use password, oidc or open")
        if self.web_auth == "oidc":
            for name in ("issuer", "client_id", "secret_name", "allowed"):
                if not getattr(self, f"web_oidc_{name}"):
                    raise ValueError(f"web_auth is 'oidc', which needs web_oidc_{name}")

    @classmethod
    def from_context(cls, node: Node) -> Self:
        """Read the context under the settings' own names; raises ValueError for a wrong type."""
        given = {f.name: node.try_get_context(f.name) for f in fields(cls)}
        kinds = {f.name: f.type for f in fields(cls)}
        return cls(**{n: _as(kinds[n], n, v) for n, v in given.items() if v is not None})


def _as(kind: object, name: str, value: Any) -> Any:
    """`value`, which is text where it came from the command line, as the setting's type."""
    try:
        if kind is int:
            return int(value)
        if kind is float:
            return float(value)
    except (TypeError, ValueError):
        raise ValueError(f"the setting {name} is {value!r}; use a number") from None
    return value if kind is str else dict(value)
