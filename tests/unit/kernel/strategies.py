"""Random OTLP requests, as messages of the reference classes and as OTLP/JSON."""

import base64
import math
from typing import Any

from google.protobuf.json_format import MessageToDict
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    InstrumentationScope,
    KeyValue,
    KeyValueList,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
_KEY = st.sampled_from(["service.name", "http.route", "a", "b", ""]) | _TEXT
_UINT32 = st.integers(0, 2**32 - 1)
_INT32 = st.integers(-(2**31), 2**31 - 1)
_UINT64 = st.integers(0, 2**64 - 1) | st.sampled_from([0, 1, 2**63 - 1, 2**63, 2**64 - 1])
_INT64 = st.integers(-(2**63), 2**63 - 1) | st.sampled_from([-(2**63), 2**63 - 1])
# One NaN: JSON has no others.
_DOUBLE = st.floats(allow_nan=False) | st.sampled_from(
    [math.nan, -0.0, math.inf, -math.inf, 5e-324]
)


def _id(size: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=size, max_size=size).filter(any)


def _pairs(value: st.SearchStrategy[AnyValue]) -> st.SearchStrategy[list[KeyValue]]:
    without_value = st.builds(KeyValue, key=_KEY)
    return st.lists(st.builds(KeyValue, key=_KEY, value=value) | without_value, max_size=4)


any_values = st.recursive(
    st.just(AnyValue())
    | st.builds(AnyValue, string_value=_TEXT)
    | st.builds(AnyValue, bool_value=st.booleans())
    | st.builds(AnyValue, int_value=_INT64)
    | st.builds(AnyValue, double_value=_DOUBLE)
    | st.builds(AnyValue, bytes_value=st.binary(max_size=20)),
    lambda inner: (
        st.builds(AnyValue, array_value=st.builds(ArrayValue, values=st.lists(inner, max_size=3)))
        | st.builds(AnyValue, kvlist_value=st.builds(KeyValueList, values=_pairs(inner)))
    ),
    max_leaves=6,
)
_attributes = _pairs(any_values)

_events = st.builds(
    Span.Event,
    time_unix_nano=_UINT64,
    name=_TEXT,
    attributes=_attributes,
    dropped_attributes_count=_UINT32,
)
_links = st.builds(
    Span.Link,
    trace_id=_id(16) | st.sampled_from([b"", bytes(16)]),
    span_id=_id(8) | st.sampled_from([b"", bytes(8)]),
    trace_state=_TEXT,
    attributes=_attributes,
    dropped_attributes_count=_UINT32,
    flags=_UINT32,
)
spans = st.builds(
    Span,
    # A few ids only, so that traces have several spans.
    trace_id=_id(16) | st.sampled_from([bytes([7] * 16), bytes([8] * 16)]),
    span_id=_id(8),
    parent_span_id=_id(8) | st.sampled_from([b"", bytes(8)]),
    trace_state=_TEXT,
    flags=_UINT32,
    name=_TEXT,
    kind=_INT32 | st.integers(0, 5),
    start_time_unix_nano=_UINT64,
    end_time_unix_nano=_UINT64,
    attributes=_attributes,
    dropped_attributes_count=_UINT32,
    events=st.lists(_events, max_size=2),
    dropped_events_count=_UINT32,
    links=st.lists(_links, max_size=2),
    dropped_links_count=_UINT32,
    status=st.none() | st.builds(Status, message=_TEXT, code=_INT32 | st.integers(0, 2)),
)
_scopes = st.builds(
    InstrumentationScope,
    name=_TEXT,
    version=_TEXT,
    attributes=_attributes,
    dropped_attributes_count=_UINT32,
)
_resources = st.builds(Resource, attributes=_attributes, dropped_attributes_count=_UINT32)
_scope_spans = st.builds(
    ScopeSpans,
    scope=st.none() | _scopes,
    spans=st.lists(spans, max_size=3),
    schema_url=_TEXT,
)
_resource_spans = st.builds(
    ResourceSpans,
    resource=st.none() | _resources,
    scope_spans=st.lists(_scope_spans, max_size=2),
    schema_url=_TEXT,
)
requests = st.builds(
    ExportTraceServiceRequest, resource_spans=st.lists(_resource_spans, max_size=2)
)


def span_count(request: ExportTraceServiceRequest) -> int:
    return sum(len(inner.spans) for group in request.resource_spans for inner in group.scope_spans)


def otlp_json(request: ExportTraceServiceRequest) -> dict[str, Any]:
    """As the reference prints it, but for OTLP's differences: hex ids, enumerations as numbers."""
    body = MessageToDict(request, use_integers_for_enums=True)
    for group in body.get("resourceSpans", []):
        for inner in group.get("scopeSpans", []):
            for span in inner.get("spans", []):
                for holder in [span, *span.get("links", [])]:
                    for name in {"traceId", "spanId", "parentSpanId"} & holder.keys():
                        holder[name] = base64.b64decode(holder[name]).hex()
    return body
