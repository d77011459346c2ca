"""What somebody gives to name a trace: its id, or a header that holds it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?")
_B3 = re.compile(r"([0-9a-f]{32}|[0-9a-f]{16})-[0-9a-f]{16}(?:-([01d])(?:-[0-9a-f]{16})?)?")
_UBER = re.compile(r"([0-9a-f]{1,32}):[0-9a-f]{1,16}:[0-9a-f]{1,16}:([0-9a-f]{1,2})")
_XRAY = re.compile(r"(?:root=)?1-([0-9a-f]{8})-([0-9a-f]{24})(?:;.*)?")
_HEX = re.compile(r"[0-9a-f]+")
LONGEST = 512


@dataclass(frozen=True)
class Given:
    """`sampled`: what the header says of it; None: it says nothing. `form` in words."""

    trace_id: str
    sampled: bool | None
    form: str


def parse_given(text: str) -> Given:
    """`ValueError` with a sentence for what names no trace."""
    given = text.strip().lower()
    if len(given) > LONGEST:
        raise ValueError(f"it has {len(given)} characters, and a traceparent has 55")
    if match := _TRACEPARENT.fullmatch(given):
        version, trace_id, _, flags = match.groups()
        if version == "ff":
            raise ValueError("version ff is not allowed in a traceparent, so it is ignored")
        return _checked(trace_id, bool(int(flags, 16) & 1), "a traceparent")
    if match := _XRAY.fullmatch(given):
        return _checked(match[1] + match[2], None, "an X-Ray trace id")
    if match := _B3.fullmatch(given):
        sampled = None if match[2] is None else match[2] != "0"
        return _checked(match[1].rjust(32, "0"), sampled, "a B3 header")
    if match := _UBER.fullmatch(given):
        sampled = bool(int(match[2], 16) & 1)
        return _checked(match[1].rjust(32, "0"), sampled, "Jaeger's uber-trace-id")
    plain = given.removeprefix("0x").replace("-", "")
    if not _HEX.fullmatch(plain):
        raise ValueError(f"{text.strip()[:60]!r} is neither a trace id nor a traceparent")
    if len(plain) == 16:
        # Zipkin's short ids; a span id looks the same.
        return _checked(plain.rjust(32, "0"), None, "16 hex digits, as of a span id")
    if len(plain) != 32:
        raise ValueError(f"it has {len(plain)} hex digits, and a trace id has 32")
    return _checked(plain, None, "a trace id")


def _checked(trace_id: str, sampled: bool | None, form: str) -> Given:
    if not int(trace_id, 16):
        raise ValueError(
            "an id of zeros is no trace: OpenTelemetry was not started where it was written"
        )
    return Given(trace_id, sampled, form)
