"""Small random traces that disagree about everything: for comparing the engine with `naive_query`.

Few names and few values, so that random queries find something; repeated keys, arrays, missing
parents, several spans with one id, and parents that go round in circles, because senders do that.
"""

import math
from typing import Any

from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests import build

KEYS = ("a", "b", "a.b", "service.name")
TEXTS = ("", "x", "y", "xy", "X\n", "é", "10")
INTS = (-1, 0, 1, 2, 2**53 + 1)
FLOATS = (-1.0, 0.0, 0.5, 2.0, math.inf, math.nan)
NAMES = ("GET /", "x", "y", "")
SERVICES = ("shop", "cart", "x", None)
MAX_SPANS = 7
SECOND_NS = build.SECOND_NS

_scalars = st.sampled_from(TEXTS) | st.sampled_from(INTS) | st.sampled_from(FLOATS) | st.booleans()
_values = (
    _scalars
    | st.lists(_scalars, max_size=3)
    | st.sampled_from([None, b"x", {"a": "x"}, [["x"]], [None, "x"]])
)
_pairs = st.lists(st.tuples(st.sampled_from(KEYS[:3]), _values), max_size=3)
_resources = st.tuples(st.sampled_from(SERVICES), _pairs)
_scopes = st.tuples(st.sampled_from(["", "lib"]), st.sampled_from(["", "1.0"]), _pairs)


def _key_values(pairs: list[tuple[str, Any]]) -> list[KeyValue]:
    return [KeyValue(key=key, value=build.any_value(value)) for key, value in pairs]


@st.composite
def _spans(draw: st.DrawFn, trace_id: bytes) -> Span:
    start_ns = draw(st.integers(0, 5)) * SECOND_NS // 2
    span = Span(
        trace_id=trace_id,
        span_id=draw(st.integers(1, MAX_SPANS)).to_bytes(8, "big"),
        parent_span_id=draw(st.integers(0, MAX_SPANS)).to_bytes(8, "big"),
        name=draw(st.sampled_from(NAMES)),
        kind=draw(st.sampled_from([0, 1, 2, 3, 4, 5])),
        start_time_unix_nano=start_ns,
        end_time_unix_nano=max(0, start_ns + draw(st.integers(-1, 4)) * SECOND_NS // 4),
        attributes=_key_values(draw(_pairs)),
    )
    span.status.code = draw(st.sampled_from([0, 0, 1, 2]))
    span.status.message = draw(st.sampled_from(["", "x"]))
    for _ in range(draw(st.integers(0, 2))):
        event = span.events.add(name=draw(st.sampled_from(["x", "exception"])))
        event.time_unix_nano = max(0, start_ns + draw(st.integers(-1, 2)) * SECOND_NS)
        event.attributes.extend(_key_values(draw(_pairs)))
    for _ in range(draw(st.integers(0, 1))):
        link = span.links.add(trace_id=bytes([7] * 16), span_id=bytes([7] * 8))
        link.attributes.extend(_key_values(draw(_pairs)))
    return span


@st.composite
def requests(draw: st.DrawFn) -> ExportTraceServiceRequest:
    """One to three traces; times are relative to 0, for `placed` to move."""
    message = ExportTraceServiceRequest()
    for number in range(draw(st.integers(1, 3))):
        trace_id = bytes([number + 1] * 16)
        for _ in range(draw(st.integers(1, 3))):
            service, pairs = draw(_resources)
            group = message.resource_spans.add()
            if service is not None:
                pairs = [("service.name", service), *pairs]
            group.resource.attributes.extend(_key_values(pairs))
            inner = group.scope_spans.add()
            name, version, pairs = draw(_scopes)
            inner.scope.CopyFrom(
                InstrumentationScope(name=name, version=version, attributes=_key_values(pairs))
            )
            inner.spans.extend(draw(st.lists(_spans(trace_id), min_size=1, max_size=3)))
    return message


def placed(
    request: ExportTraceServiceRequest, example: int, start_ns: int
) -> ExportTraceServiceRequest:
    """The request with times after `start_ns`, and trace ids of its own."""
    moved = ExportTraceServiceRequest()
    moved.CopyFrom(request)
    for group in moved.resource_spans:
        for span in group.scope_spans[0].spans:
            span.trace_id = span.trace_id[:8] + example.to_bytes(8, "big")
            span.start_time_unix_nano += start_ns
            span.end_time_unix_nano += start_ns
            for event in span.events:
                event.time_unix_nano += start_ns
    return moved
