"""What a key may be used for: bits, as the kernel has them, and their names."""

from __future__ import annotations

from collections.abc import Iterable

INGEST, READ, ADMIN = 1, 2, 4
SCOPES = {"ingest": INGEST, "read": READ, "admin": ADMIN}


def parse_scopes(names: Iterable[str]) -> int:
    """The bits of at least one name."""
    bits = 0
    for name in names:
        if name not in SCOPES:
            raise ValueError(f"scope {name[:100]!r} is unknown; scopes are {', '.join(SCOPES)}")
        bits |= SCOPES[name]
    if not bits:
        raise ValueError(f"no scope is given; scopes are {', '.join(SCOPES)}")
    return bits


def scope_names(bits: int) -> list[str]:
    """The names of the bits, in their own order."""
    return [name for name, bit in SCOPES.items() if bits & bit]


def allows(bits: int, wanted: int) -> bool:
    """Whether a key with these scopes may do this; who administers may read, but not send."""
    if bits & ADMIN:
        bits |= READ
    return bits & wanted == wanted
