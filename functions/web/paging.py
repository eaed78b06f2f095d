"""One page out of many, and where the others are."""

from dataclasses import dataclass
from typing import Any

from functions.web import parameters
from functions.web.request import Request


@dataclass(frozen=True)
class Page:
    """Entries `start` to `stop` (exclusive, counted from 0) out of `total`."""

    number: int
    size: int
    total: int

    @classmethod
    def of(cls, request: Request, total: int, size: int | None = None) -> "Page":
        """The page that an address asks for; past the end it is the last one."""
        size = size or parameters.page_size(request)
        last = max(1, -(-total // size))
        return cls(min(parameters.page(request), last), size, total)

    @property
    def count(self) -> int:
        """How many pages there are; an empty list has one."""
        return max(1, -(-self.total // self.size))

    @property
    def start(self) -> int:
        """Where it begins."""
        return (self.number - 1) * self.size

    @property
    def stop(self) -> int:
        """Where it ends."""
        return min(self.start + self.size, self.total)

    @property
    def previous(self) -> int | None:
        """The page before, None on the first."""
        return self.number - 1 if self.number > 1 else None

    @property
    def next(self) -> int | None:
        """The page after, None on the last."""
        return self.number + 1 if self.number < self.count else None

    def part(self, entries: Any) -> Any:
        """What of `entries` is on it."""
        return entries[self.start : self.stop]
