"""Requests with what OTLP lets a sender send, and with what it does not; see
`test_conformance_data.py`.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    EntityRef,
    InstrumentationScope,
    KeyValue,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.build import START_NS, attributes, request, span

CASES: dict[str, Callable[[bytes], ExportTraceServiceRequest | bytes]] = {}
TIMES = (0, 1, START_NS - 10**18, START_NS + 10**18, 2**63 - 1, 2**63, 2**64 - 1)
VALUES: dict[str, Any] = {
    "text": "naïve \n 𝄞",
    "empty text": "",
    "true": True,
    "false": False,
    "zero": 0,
    "int64 max": 2**63 - 1,
    "int64 min": -(2**63),
    "double": 0.1,
    "minus zero": -0.0,
    "nan": float("nan"),
    "infinity": float("inf"),
    "bytes": b"\x00\xff",
    "no bytes": b"",
    "list": ["a", 1, None, [True], {"k": b"v"}],
    "empty list": [],
    "map": {"a": {"b": {"c": [1.5]}}, "": 1},
    "empty map": {},
    "nothing": None,
}

Case = Callable[[bytes], ExportTraceServiceRequest | bytes]


def case(build: Case) -> Case:
    """A request that is sent before the tests; its trace has the function's name."""
    CASES[build.__name__] = build
    return build


@case
def ids(found: bytes) -> ExportTraceServiceRequest:
    good = [span(f"good {n}", trace_id=found, span_id=n) for n in range(1, 10)]
    bad = [span("bad", trace_id=found, span_id=90) for _ in range(12)]
    for one, wrong in zip(
        bad, (b"", b"1", b"12345678", b"1" * 15, b"1" * 17, bytes(16)), strict=False
    ):
        one.trace_id = wrong
    for one, wrong in zip(
        bad[6:], (b"", b"1", b"1234567", b"1" * 9, b"1" * 16, bytes(8)), strict=True
    ):
        one.span_id = wrong
    wrong_parent = span("bad", trace_id=found, span_id=91)
    wrong_parent.parent_span_id = b"1234"
    wrong_link = span("bad", trace_id=found, span_id=92)
    wrong_link.links.add(trace_id=b"1", span_id=b"12345678")
    spans = [*good, *bad, wrong_parent, wrong_link]
    random.Random(5).shuffle(spans)
    return request(*spans)


@case
def parents(found: bytes) -> ExportTraceServiceRequest:
    zeros = span("zeros", trace_id=found, span_id=2)
    zeros.parent_span_id = bytes(8)
    return request(
        span("empty", trace_id=found, span_id=1),
        zeros,
        span("child", trace_id=found, span_id=3, parent=1),
    )


@case
def flags(found: bytes) -> ExportTraceServiceRequest:
    spans = []
    for number, value in enumerate((0, 0x1, 0x100, 0x301, 0xFFFFFFFF), 1):
        one = span(str(value), trace_id=found, span_id=number, flags=value)
        one.links.add(trace_id=found, span_id=b"12345678", flags=value)
        spans.append(one)
    return request(*spans)


@case
def defaults(found: bytes) -> ExportTraceServiceRequest:
    message = ExportTraceServiceRequest()
    message.resource_spans.add().scope_spans.add().spans.append(
        Span(trace_id=found, span_id=b"12345678")
    )
    return message


@case
def backwards(found: bytes) -> ExportTraceServiceRequest:
    return request(span("backwards", trace_id=found, end_ns=START_NS - 5_000_000))


@case
def times(found: bytes) -> ExportTraceServiceRequest:
    return request(
        *(
            span(str(time_ns), trace_id=found, span_id=number, start_ns=time_ns, end_ns=time_ns)
            for number, time_ns in enumerate(TIMES, 1)
        )
    )


@case
def everything(found: bytes) -> ExportTraceServiceRequest:
    one = span(
        "everything",
        trace_id=found,
        attrs=VALUES,
        trace_state="vendor=1",
        dropped_attributes_count=2**32 - 1,
        dropped_events_count=2,
        dropped_links_count=3,
    )
    for number in range(3):
        one.events.add(
            name=f"event {number}",
            time_unix_nano=2**64 - 1 - number,
            dropped_attributes_count=number,
            attributes=attributes({"n": number}),
        )
        one.links.add(
            trace_id=bytes([number + 1] * 16),
            span_id=bytes([number + 1] * 8),
            trace_state=f"n={number}",
            flags=number,
            dropped_attributes_count=number,
            attributes=attributes({"n": number}),
        )
    scope = InstrumentationScope(name="lib", version="1.2", dropped_attributes_count=4)
    message = request(one, scope=scope)
    group = message.resource_spans[0]
    group.resource.dropped_attributes_count = 5
    group.schema_url = "https://example.test/resource"
    group.scope_spans[0].schema_url = "https://example.test/scope"
    return message


@case
def repeated_keys(found: bytes) -> ExportTraceServiceRequest:
    one = span("repeated", trace_id=found, attrs={"k": "first", "other": 1})
    one.attributes.extend(attributes({"k": "second"}))
    one.attributes.extend(attributes({"k": 3}))
    return request(one)


@case
def profile_references(found: bytes) -> ExportTraceServiceRequest:
    one = span("references", trace_id=found)
    one.attributes.append(
        KeyValue(key="k", key_strindex=3, value=AnyValue(string_value_strindex=4))
    )
    return request(one)


@case
def newer(found: bytes) -> bytes:
    """References to entities, and in each message a field that no version has."""
    message = request(span("newer", trace_id=found))
    group = message.resource_spans[0]
    group.resource.entity_refs.append(EntityRef(type="service", id_keys=["service.name"]))
    unknown = b"\xfa\x3e\x03new"  # field 1007
    inner = group.scope_spans[0]
    one = inner.spans[0].SerializeToString() + unknown
    scope = b"\x0a\x00" + _field(2, one) + unknown
    resource = group.resource.SerializeToString() + unknown
    return _field(1, _field(1, resource) + _field(2, scope) + unknown) + unknown


@case
def older(found: bytes) -> bytes:
    """OTLP 0.x sent its spans in `instrumentation_library_spans`, field 1000."""
    old = _field(1, b"old library") + _field(2, span("lost", trace_id=found).SerializeToString())
    library = b"\xc2\x3e" + _length(old) + old
    good = request(span("today", trace_id=found)).SerializeToString()
    return _field(1, library) + good


@case
def not_utf8(found: bytes) -> bytes:
    spans = [
        span("name-XX", trace_id=found, span_id=1, attrs={"key-XX": "text-XX"}),
        span("whole", trace_id=found, span_id=2),
    ]
    spans[0].status.message = "status-XX"
    spans[0].events.add(name="event-XX")
    content = request(*spans, service="service-XX").SerializeToString()
    return content.replace(b"-XX", b"-\xff\xc0")


@case
def deep(found: bytes) -> bytes:
    """By bytes: the reference library itself gives up at about 30 levels."""

    def nested(levels: int) -> bytes:
        value = _field(1, b"x")
        for _ in range(levels - 1):
            value = _field(6, _field(1, _field(1, b"k") + _field(2, value)))
        return value

    def one(levels: int) -> bytes:
        bare = span(f"{levels} levels", trace_id=found, span_id=levels).SerializeToString()
        return bare + _field(9, _field(1, b"deep") + _field(2, nested(levels)))

    return _field(1, _field(2, b"".join(_field(2, one(levels)) for levels in (31, 64, 65, 5_000))))


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _length(content) + content


def _length(content: bytes) -> bytes:
    out, left = bytearray(), len(content)
    while left >= 0x80:
        out.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes([*out, left])
