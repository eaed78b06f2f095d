"""What looking at a set of input files finds."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One thing looked at: what it is called, whether it is as it must be, and in plain words."""

    name: str
    ok: bool
    message: str

    def as_json(self) -> dict[str, Any]:
        """The finding for scripts."""
        return {"name": self.name, "ok": self.ok, "message": self.message}
