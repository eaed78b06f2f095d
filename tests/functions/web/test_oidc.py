"""Log in by OpenID Connect, with a provider that lives in this file."""

import hashlib
import time
from base64 import b64encode, urlsafe_b64encode
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from functions.web.auth.oidc import OidcGate
from tests.functions.web.conftest import Answer, Ask, asking
from vibe_checker.bucket import Bucket

ISSUER = "https://provider.example"


class Provider:
    """Issues one id token; `claims` and `key` are what it puts there and signs with.

    It gives nothing to who does not show the client's secret, the address that the login began
    with, and the verifier of its challenge.
    """

    def __init__(self) -> None:
        self.began: dict[str, list[str]] = {}
        self.name = ISSUER
        self.published = self.key = RSAKey.generate_key(2048, {"kid": "1"})
        self.claims: dict[str, Any] = {
            "iss": ISSUER,
            "aud": "page",
            "exp": int(time.time()) + 60,
            "email": "Ada@Example.org",
            "email_verified": True,
        }

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/.well-known/openid-configuration":
            ends = {name: f"{ISSUER}/{name}" for name in ("authorize", "token", "keys")}
            return httpx.Response(
                200,
                json={
                    "issuer": self.name,
                    "authorization_endpoint": ends["authorize"],
                    "token_endpoint": ends["token"],
                    "jwks_uri": ends["keys"],
                },
            )
        if request.url.path == "/keys":
            return httpx.Response(200, json={"keys": [self.published.as_dict(private=False)]})
        if not self._knows(request):
            return httpx.Response(400, json={"error": "invalid_grant"})
        token = jwt.encode({"alg": "RS256", "kid": "1"}, self.claims, self.key)
        return httpx.Response(
            200, json={"access_token": "x", "token_type": "Bearer", "id_token": token}
        )

    def _knows(self, request: httpx.Request) -> bool:
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = urlsafe_b64encode(digest).decode().rstrip("=")
        return (
            request.headers["authorization"] == "Basic " + b64encode(b"page:secret").decode()
            and form["redirect_uri"] == self.began["redirect_uri"][0]
            and self.began["code_challenge"] == [challenge]
            and self.began["code_challenge_method"] == ["S256"]
        )


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def ask(bucket: Bucket, provider: Provider) -> Ask:
    gate = OidcGate(ISSUER, "page", "@example.org", lambda: "secret", httpx.MockTransport(provider))
    return asking(bucket, gate)


def log_in(ask: Ask, provider: Provider) -> Answer:
    away = ask("/login?next=concepts/Q69", host="page.example")
    sent = parse_qs(urlsplit(away.headers["Location"]).query)
    assert sent["redirect_uri"] == ["https://page.example/callback"]
    provider.began = provider.began or sent
    provider.claims.setdefault("nonce", sent["nonce"][0])
    back = f"/callback?code=c&state={sent['state'][0]}"
    return ask(back, cookies=(away.cookies[0].split(";")[0],), host="page.example")


def test_whom_the_provider_vouches_for_gets_in(ask: Ask, provider: Provider) -> None:
    assert ask("/").status == 303
    answer = log_in(ask, provider)
    assert (answer.status, answer.headers["Location"]) == (303, "./concepts/Q69")
    assert ask("/", cookies=(answer.cookies[0].split(";")[0],)).status == 200


@pytest.mark.parametrize(
    ("claim", "status"),
    [
        ({"email": "eve@evil.example"}, 403),
        ({"email_verified": False}, 403),
        ({"aud": "another"}, 401),
        ({"iss": "https://evil.example"}, 401),
        ({"exp": 1}, 401),
        ({"nonce": "of another login"}, 401),
    ],
)
def test_nobody_else_does(ask: Ask, provider: Provider, claim: dict[str, Any], status: int) -> None:
    provider.claims |= claim
    answer = log_in(ask, provider)
    assert (answer.status, answer.cookies) == (status, [])


def test_a_token_signed_by_another_is_refused(ask: Ask, provider: Provider) -> None:
    provider.key = RSAKey.generate_key(2048, {"kid": "1"})
    assert log_in(ask, provider).status == 401


def test_an_answer_to_no_question_is_refused(ask: Ask) -> None:
    assert ask("/callback?code=c&state=s").status == 400


def test_a_code_of_another_login_is_refused(ask: Ask, provider: Provider) -> None:
    provider.began = {"redirect_uri": ["https://page.example/callback"], "code_challenge": ["x"]}
    assert log_in(ask, provider).status == 401


def test_the_state_of_another_browser_is_refused(ask: Ask, provider: Provider) -> None:
    mine, other = (ask("/login", host="page.example") for _ in range(2))
    state = parse_qs(urlsplit(other.headers["Location"]).query)["state"][0]
    answer = ask(f"/callback?code=c&state={state}", cookies=(mine.cookies[0].split(";")[0],))
    assert (answer.status, answer.cookies) == (400, [])


def test_both_cookies_stay_where_they_belong(ask: Ask, provider: Provider) -> None:
    away, back = ask("/login", host="page.example"), log_in(ask, provider)
    for cookie in (*away.cookies, *back.cookies):
        assert cookie.startswith("__Host-")
        assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))


def test_who_logs_out_is_not_sent_straight_back_in(ask: Ask) -> None:
    answer = ask("/logout")
    assert answer.status == 200
    assert answer.cookies[0].startswith("__Host-session=; Max-Age=0;")


def test_a_provider_that_calls_itself_another_is_not_asked(ask: Ask, provider: Provider) -> None:
    provider.name = "https://evil.example"
    assert ask("/login", host="page.example").status == 500
