"""What somebody gives to name a trace: its id, or a header that holds it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_B3 = re.compile(r"([0-9a-f]{32}|[0-9a-f]{16})-[0-9a-f]{16}(?:-([01d])(?:-[0-9a-f]{16})?)?")
_UBER = re.compile(r"([0-9a-f]{1,32}):[0-9a-f]{1,16}:[0-9a-f]{1,16}:([0-9a-f]{1,2})")
_XRAY = re.compile(r"(?:root=)?1-([0-9a-f]{8})-([0-9a-f]{24})(?:;.*)?")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HEX = re.compile(r"[0-9a-f]+")
# A whole line of a request is pasted as often as its value.
_HEADER = re.compile(r"(?:traceparent|b3|uber-trace-id|x-amzn-trace-id|x-b3-traceid)\s*[:=]\s*")
_SECOND_NS = 1_000_000_000
_LAST_NS = 2**64 - 1
LONGEST = 512


@dataclass(frozen=True)
class Given:
    """`sampled`: what the header says of it; None: it says nothing. `form` in words.

    `time_ns`: when the id was made, where its form says so. `odd`: what is odd about it.
    """

    trace_id: str
    sampled: bool | None
    form: str
    time_ns: int | None = None
    odd: str = ""


def parse_given(text: str) -> Given:
    """`ValueError` with a sentence for what names no trace."""
    given = text.strip().lower()
    if len(given) > LONGEST:
        raise ValueError(f"it has {len(given)} characters, and a traceparent has 55")
    given = _HEADER.sub("", given, count=1) if _HEADER.match(given) else given
    if match := _TRACEPARENT.fullmatch(given):
        version, trace_id, span_id, flags, more = match.groups()
        if version == "ff":
            raise ValueError("version ff is not allowed in a traceparent, so it is ignored")
        odd = ""
        if not int(span_id, 16):
            odd = "Its span id is zeros: who gets such a traceparent ignores it, and begins anew."
        elif version == "00" and more:
            odd = "Version 00 ends with the flags: who gets more ignores it, and begins anew."
        return _checked(trace_id, bool(int(flags, 16) & 1), "a traceparent", odd=odd)
    if match := _XRAY.fullmatch(given):
        began = int(match[1], 16) * _SECOND_NS
        return _checked(match[1] + match[2], None, "an X-Ray trace id", began)
    # A trace id of random digits looks like a UUID of version 7 now and then, but without dashes.
    if _UUID.fullmatch(given) and UUID(given).version == 7:
        milliseconds = int(given.replace("-", "")[:12], 16)
        began = min(milliseconds * 1_000_000, _LAST_NS)
        return _checked(given.replace("-", ""), None, "a UUID of version 7", began)
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
        odd = "16 hex digits look like a span id; only Zipkin's short trace ids have so few."
        return _checked(plain.rjust(32, "0"), None, "16 hex digits, as of a span id", odd=odd)
    if len(plain) != 32:
        raise ValueError(f"it has {len(plain)} hex digits, and a trace id has 32")
    return _checked(plain, None, "a trace id")


def _checked(
    trace_id: str, sampled: bool | None, form: str, time_ns: int | None = None, odd: str = ""
) -> Given:
    if not int(trace_id, 16):
        raise ValueError(
            "an id of zeros is no trace: OpenTelemetry was not started where it was written"
        )
    return Given(trace_id, sampled, form, time_ns, odd)
