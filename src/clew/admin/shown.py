"""A key for programs, as the API and the command line write it: never its text or hash."""

from __future__ import annotations

from typing import Any

from clew.admin.keys import Key
from clew.admin.scopes import scope_names


def describe(key: Key, now_s: float) -> dict[str, Any]:
    """Times as decimal strings of nanoseconds."""
    return {
        "id": key.id.hex(),
        "name": key.name,
        "scopes": scope_names(key.scopes),
        "state": key.state(now_s),
        "created": _ns(key.created_s),
        "expires": _ns(key.expires_s),
        "revoked": _ns(key.revoked_s),
        "lastUsed": _ns(key.last_used_s),
        "spansPerSecond": key.spans_per_second,
        "texts": [
            {"prefix": one.prefix, "created": _ns(one.created_s), "expires": _ns(one.expires_s)}
            for one in key.secrets
        ],
    }


def _ns(seconds: int | None) -> str | None:
    return None if seconds is None else f"{seconds}000000000"
