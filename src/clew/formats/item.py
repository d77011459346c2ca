"""What readers hand out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A part of a file that cannot be read."""

    where: str  # "line 3, resourceSpans[0].scopeSpans[0].spans[7]" or "byte 17"
    why: str

    def within(self, place: str) -> Unreadable:
        """The same, as part of something larger."""
        return replace(self, where=", ".join(part for part in (place, self.where) if part))


Item = ResourceSpans | Unreadable

# The largest piece of a file that is held as a whole; larger groups are taken apart on disk.
LIMIT_BYTES = 16 << 20


def too_long(size: int | None = None) -> str:
    """Why something larger than `LIMIT_BYTES` is left out."""
    is_long = "it" if size is None else f"it has {size} bytes and so"
    return f"{is_long} is longer than {LIMIT_BYTES >> 20} MiB, the most for one piece"


def within(place: str, items: Iterator[Item]) -> Iterator[Item]:
    """The items, their places named from further outside."""
    for item in items:
        yield item.within(place) if isinstance(item, Unreadable) else item
