"""What a browser keeps to show that it has been let in: a time and a seal, no names.

The key of the seal is made of the secret that guards the page, so a new
password ends every session.
"""

import hashlib
import hmac
import time
from collections.abc import Callable

# A working day, so that nobody is asked twice in it.
SESSION_SECONDS = 12 * 3600


class Seal:
    """Signs short texts with a time until which they hold."""

    def __init__(self, secret: str, clock: Callable[[], float] = time.time) -> None:
        self._key = hashlib.sha256(b"vibe-checker seal 1\0" + secret.encode()).digest()
        self._clock = clock

    def sign(self, purpose: str, text: str, seconds: int) -> str:
        """`text` sealed for `purpose`; holds for so many seconds. `text` may hold no dots."""
        until = int(self._clock()) + seconds
        return f"{until}.{text}.{self._mac(purpose, f'{until}.{text}')}"

    def open(self, purpose: str, sealed: str) -> str | None:
        """The text that was sealed for `purpose`; None if it is false or its time is over."""
        content, _, mac = sealed.rpartition(".")
        until, _, text = content.partition(".")
        genuine = hmac.compare_digest(mac.encode(), self._mac(purpose, content).encode())
        # The time is looked at last: before the seal is checked it is anybody's.
        if not genuine or int(until) < self._clock():
            return None
        return text

    def _mac(self, purpose: str, content: str) -> str:
        return hmac.new(self._key, f"{purpose}\0{content}".encode(), hashlib.sha256).hexdigest()


def cookie(name: str, value: str, seconds: int) -> str:
    """A Set-Cookie header that scripts, other sites and plain HTTP never see."""
    return f"{name}={value}; Max-Age={seconds}; Path=/; HttpOnly; Secure; SameSite=Lax"
