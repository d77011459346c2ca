"""OTLP's trace messages as protobuf, written by hand: four times as fast as message objects.

What repeats from span to span, attributes first of all, is encoded once and kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from struct import Struct

from clew.demo.service import Scope, Value
from clew.demo.story import Event, Link, Span

_FIXED64 = Struct("<Q")
_FIXED32 = Struct("<I")
_DOUBLE = Struct("<d")
_TIMES = Struct("<BQBQ")

# W3C's sampled flag; that it is known whether the parent was in another process; that it was.
SAMPLED, HAS_IS_REMOTE, IS_REMOTE = 0x01, 0x100, 0x200
_ERROR_STATUS = 2

_KEPT_PAIRS = 20_000  # about 4 MB


def varint(number: int) -> bytes:
    if number < 0x80:
        return bytes((number,))
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def block(field: int, data: bytes) -> bytes:
    """A length-delimited field."""
    return varint(field << 3 | 2) + varint(len(data)) + data


def text(field: int, value: str) -> bytes:
    """A string; nothing if it is empty, as proto3 has it."""
    return block(field, value.encode()) if value else b""


def any_value(value: Value) -> bytes:
    """An AnyValue."""
    if isinstance(value, str):
        return block(1, value.encode())  # also when empty: it is a member of a oneof
    if isinstance(value, bool):  # before int, of which it is one
        return b"\x10\x01" if value else b"\x10\x00"
    if isinstance(value, int):
        return b"\x18" + varint(value & 0xFFFF_FFFF_FFFF_FFFF)
    if isinstance(value, float):
        return b"\x21" + _DOUBLE.pack(value)
    return block(5, b"".join(block(1, any_value(item)) for item in value))


class Encoder:
    """Spans to bytes. The attributes that come again and again are remembered."""

    def __init__(self) -> None:
        self._pairs: dict[tuple[int, str, type, Value], bytes] = {}

    def pairs(self, field: int, attributes: Mapping[str, Value]) -> bytes:
        """Attributes as a repeated KeyValue."""
        known = self._pairs
        out = []
        for key, value in attributes.items():
            # The type belongs to the key: True, 1 and 1.0 are equal.
            mark = (field, key, value.__class__, value)
            pair = known.get(mark)
            if pair is None:
                pair = block(field, block(1, key.encode()) + block(2, any_value(value)))
                if len(known) >= _KEPT_PAIRS:
                    known.clear()
                known[mark] = pair
            out.append(pair)
        return b"".join(out)

    def resource_spans(
        self,
        resource: Mapping[str, Value],
        schema_url: str,
        scopes: Iterable[tuple[Scope, list[bytes]]],
    ) -> bytes:
        """An export request with one resource; the spans are encoded already."""
        parts = [block(1, self.pairs(1, resource))]
        for scope, spans in scopes:
            named = text(1, scope.name) + text(2, scope.version)
            scoped = [block(1, named), *spans, text(3, scope.schema_url)]
            parts.append(block(2, b"".join(scoped)))
        parts.append(text(3, schema_url))
        return block(1, b"".join(parts))

    def span(self, span: Span, epoch_ns: int) -> bytes:
        """A span as a field of its ScopeSpans; its times count from `epoch_ns`."""
        parent = span.parent
        parts = [
            b"\x0a\x10" + span.trace_id + b"\x12\x08" + span.span_id,
            b"" if parent is None else b"\x22\x08" + parent.span_id,
            text(5, span.name),
            bytes((0x30, span.kind)),
            _TIMES.pack(0x39, epoch_ns + span.start_ns, 0x41, epoch_ns + span.end_ns),
            self.pairs(9, span.attributes),
        ]
        parts += [self._event(event, epoch_ns) for event in span.events]
        parts += [self._link(link, span) for link in span.links]
        if span.failed:
            status = text(2, span.status_message) + bytes((0x18, _ERROR_STATUS))
            parts.append(block(15, status))
        # 0x85 0x01 is the tag of field 16, fixed32.
        parts.append(b"\x85\x01" + _FIXED32.pack(flags(span)))
        return block(2, b"".join(parts))

    def _event(self, event: Event, epoch_ns: int) -> bytes:
        time = b"\x09" + _FIXED64.pack(epoch_ns + event.time_ns)
        return block(11, time + text(2, event.name) + self.pairs(3, event.attributes))

    def _link(self, link: Link, span: Span) -> bytes:
        remote = HAS_IS_REMOTE | IS_REMOTE if span.service.sdk.tells_remote else 0
        ids = b"\x0a\x10" + link.trace_id + b"\x12\x08" + link.span_id
        marked = b"\x35" + _FIXED32.pack(SAMPLED | remote)
        return block(13, ids + self.pairs(4, link.attributes) + marked)


def flags(span: Span) -> int:
    """Sampled, and what the SDK knows of the parent."""
    if not span.service.sdk.tells_remote:
        return SAMPLED
    if span.parent is not None and span.is_entry:
        return SAMPLED | HAS_IS_REMOTE | IS_REMOTE
    return SAMPLED | HAS_IS_REMOTE
