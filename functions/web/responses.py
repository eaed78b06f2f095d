"""What goes back to a browser: pages, JSON, files, and the headers that all of them bear."""

from typing import Any

import orjson
from aws_lambda_powertools.event_handler import Response

# Lambda hands back 6 MB at most, and a compressed body travels as base64, a third larger.
LARGEST_BODY = 4_400_000

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "X-Robots-Tag": "noindex, nofollow",
}


def page(html: str, status: int = 200) -> Response[str]:
    """A page; what it shows may change at any moment, so nobody keeps it."""
    return Response(
        status, "text/html; charset=utf-8", html, {"Cache-Control": "no-store"}, compress=True
    )


def data(value: object, status: int = 200) -> Response[str]:
    """JSON for programs; NaN is null."""
    body = orjson.dumps(value, default=str, option=orjson.OPT_SERIALIZE_NUMPY).decode()
    return Response(status, "application/json", body, {"Cache-Control": "no-store"}, compress=True)


def redirect(address: str, headers: dict[str, Any] | None = None) -> Response[str]:
    """Elsewhere, by GET."""
    found = {"Location": address, "Cache-Control": "no-store", **(headers or {})}
    return Response(303, "text/plain; charset=utf-8", "See " + address, found)
