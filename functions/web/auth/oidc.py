"""Log in by OpenID Connect: the code flow with PKCE; what the provider signed, joserfc checks.

Works with any provider that publishes /.well-known/openid-configuration: Cognito, Google, Okta,
Entra. The provider must know {address of the page}/callback as a redirect address.
"""

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from functools import cached_property
from typing import Any
from urllib.parse import quote

import httpx
from aws_lambda_powertools.event_handler import Response
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from functions.web import problems, rendering, responses
from functions.web.auth.gates import PUBLIC, SESSION, logged_out, refused, way_back
from functions.web.auth.sessions import SESSION_SECONDS, Seal, cookie
from functions.web.request import Request

_LOGIN = "__Host-login"
_LOGIN_SECONDS = 600
# What providers sign with; "none" and shared secrets are no signatures to us.
_ALGORITHMS = ["RS256", "ES256", "PS256"]


class OidcGate:
    """Lets in whom the provider vouches for, if `allowed` names them.

    `allowed` holds addresses ("ada@example.org"), domains ("@example.org") or "*" for every user
    of the provider, by commas. `transport` stands in for the network.
    """

    def __init__(
        self,
        issuer: str,
        client_id: str,
        allowed: str,
        read_secret: Callable[[], str],
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._issuer = issuer.rstrip("/")
        self._client_id = client_id
        self._allowed = {each.strip().casefold() for each in allowed.split(",") if each.strip()}
        self._read_secret = read_secret
        self._transport = transport

    def answer(self, request: Request) -> Response[Any] | None:
        """The way to the provider and back, or None for who has been there."""
        if request.path.startswith(PUBLIC):
            return None
        seal = Seal(self._read_secret())
        if request.path == "/logout":
            return logged_out(request)
        if request.path == "/login":
            return self._to_provider(request, seal)
        if request.path == "/callback":
            return self._back(request, seal)
        if seal.open("session", request.cookies.get(SESSION, "")) is not None:
            return None
        return refused(request)

    @cached_property
    def _provider(self) -> dict[str, Any]:
        """The provider's own description of itself; raises ValueError if it is another's."""
        found = self._get(f"{self._issuer}/.well-known/openid-configuration")
        if str(found["issuer"]).rstrip("/") != self._issuer:
            raise ValueError(
                f"{self._issuer} calls itself {found['issuer']!r}; set web_oidc_issuer so"
            )
        return found

    def _get(self, address: str) -> dict[str, Any]:
        with httpx.Client(transport=self._transport, timeout=5) as client:
            answer = client.get(address).raise_for_status()
            found: dict[str, Any] = answer.json()
            return found

    def _to_provider(self, request: Request, seal: Seal) -> Response[str]:
        kept = {name: secrets.token_urlsafe(32) for name in ("nonce", "state", "verifier")}
        digest = hashlib.sha256(kept["verifier"].encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": _callback(request),
            "scope": "openid email",
            "state": kept["state"],
            "nonce": kept["nonce"],
            "code_challenge": urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        address = httpx.URL(self._provider["authorization_endpoint"]).copy_merge_params(asked)
        kept["next"] = request.first("next")
        packed = urlsafe_b64encode(json.dumps(kept).encode()).decode()
        login = cookie(_LOGIN, seal.sign("login", packed, _LOGIN_SECONDS), _LOGIN_SECONDS)
        return responses.redirect(str(address), {"Set-Cookie": login})

    def _back(self, request: Request, seal: Seal) -> Response[str]:
        packed = seal.open("login", request.cookies.get(_LOGIN, ""))
        kept = json.loads(urlsafe_b64decode(packed)) if packed else {}
        if not kept or not secrets.compare_digest(
            kept["state"].encode(), request.first("state").encode()
        ):
            return _refused(request, 400, "The login took too long or began elsewhere; try again.")
        try:
            claims = self._claims(request, kept)
        except (JoseError, httpx.HTTPError, KeyError, ValueError) as error:
            return _refused(request, 401, f"The provider did not vouch ({type(error).__name__}).")
        if not self._lets_in(claims):
            return _refused(request, 403, "This account is not among those that may read here.")
        session = cookie(SESSION, seal.sign("session", "reader", SESSION_SECONDS), SESSION_SECONDS)
        return responses.redirect(way_back(request, kept["next"]), {"Set-Cookie": session})

    def _claims(self, request: Request, kept: dict[str, str]) -> dict[str, Any]:
        token = self._token(request, kept["verifier"])
        # Asked for at each login: keys change, and logins are few.
        keys = KeySet.import_key_set(self._get(self._provider["jwks_uri"]))  # type: ignore[arg-type]
        decoded = jwt.decode(token["id_token"], keys, algorithms=_ALGORITHMS)
        jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": self._provider["issuer"]},
            aud={"essential": True, "value": self._client_id},
            exp={"essential": True},
            nonce={"essential": True, "value": kept["nonce"]},
        ).validate(decoded.claims)
        return decoded.claims

    def _token(self, request: Request, verifier: str) -> dict[str, Any]:
        """What the provider gives for the code that it sent by way of the browser."""
        form = {
            "grant_type": "authorization_code",
            "code": request.first("code"),
            "redirect_uri": _callback(request),
            "code_verifier": verifier,
        }
        login = (quote(self._client_id, ""), quote(self._read_secret(), ""))
        with httpx.Client(transport=self._transport, timeout=5) as client:
            answer = client.post(self._provider["token_endpoint"], data=form, auth=login)
            token: dict[str, Any] = answer.raise_for_status().json()
            return token

    def _lets_in(self, claims: dict[str, Any]) -> bool:
        if "*" in self._allowed:
            return True
        # An address that nobody checked is anybody's; Cognito says so in a text.
        if claims.get("email_verified") not in (True, "true"):
            return False
        address = str(claims.get("email", "")).casefold()
        return bool({address, "@" + address.rpartition("@")[2]} & self._allowed)


def _callback(request: Request) -> str:
    scheme = request.headers.get("x-forwarded-proto", "https")
    return f"{scheme}://{request.headers.get('host', '')}/callback"


def _refused(request: Request, status: int, message: str) -> Response[str]:
    html = rendering.render(
        "error.html",
        request=request,
        root=request.root,
        status=status,
        title=problems.TITLES[status],
        message=message,
    )
    return responses.page(html, status)
