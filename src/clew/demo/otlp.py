"""Finished spans of one service → the request that its SDK would export."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Status
from opentelemetry.proto.trace.v1.trace_pb2 import Span as WireSpan

from clew.demo.services import SCHEMA_URL, Scope, Service, Value
from clew.demo.story import Kind, Span

# Sampled, and the trace id is random (W3C trace context level 2).
_FLAGS = 0x03
_KINDS = {
    Kind.INTERNAL: WireSpan.SPAN_KIND_INTERNAL,
    Kind.SERVER: WireSpan.SPAN_KIND_SERVER,
    Kind.CLIENT: WireSpan.SPAN_KIND_CLIENT,
    Kind.PRODUCER: WireSpan.SPAN_KIND_PRODUCER,
    Kind.CONSUMER: WireSpan.SPAN_KIND_CONSUMER,
}


def request(
    service: Service, instance_id: str, spans: Iterable[tuple[int, Span]]
) -> ExportTraceServiceRequest:
    """One resource, its spans by scope. Each span comes with what its story's times count from."""
    message = ExportTraceServiceRequest()
    group = message.resource_spans.add(schema_url=SCHEMA_URL)
    group.resource.attributes.extend(attributes(service.resource(instance_id)))
    scopes: dict[Scope, ScopeSpans] = {}
    for epoch_ns, span in spans:
        scoped = scopes.get(span.scope)
        if scoped is None:
            scoped = scopes[span.scope] = group.scope_spans.add(schema_url=SCHEMA_URL)
            scoped.scope.name, scoped.scope.version = span.scope.name, span.scope.version
        _add(scoped.spans.add(), span, epoch_ns)
    return message


def _add(wire: WireSpan, span: Span, epoch_ns: int) -> None:
    wire.trace_id, wire.span_id, wire.parent_span_id = span.trace_id, span.span_id, span.parent_id
    wire.name = span.name
    wire.kind = _KINDS[span.kind]
    wire.flags = _FLAGS
    wire.start_time_unix_nano = epoch_ns + span.start_ns
    wire.end_time_unix_nano = epoch_ns + span.end_ns
    wire.attributes.extend(attributes(span.attributes))
    for event in span.events:
        wire.events.add(
            name=event.name,
            time_unix_nano=epoch_ns + event.time_ns,
            attributes=attributes(event.attributes),
        )
    for trace_id, span_id in span.links:
        wire.links.add(trace_id=trace_id, span_id=span_id, flags=_FLAGS)
    if span.failed:
        wire.status.code = Status.STATUS_CODE_ERROR
        wire.status.message = span.status_message


def attributes(values: Mapping[str, Value]) -> list[KeyValue]:
    """OTLP's key-value pairs."""
    return [KeyValue(key=key, value=_value(value)) for key, value in values.items()]


def _value(value: Value) -> AnyValue:
    if isinstance(value, bool):  # before int, of which it is one
        return AnyValue(bool_value=value)
    if isinstance(value, int):
        return AnyValue(int_value=value)
    if isinstance(value, float):
        return AnyValue(double_value=value)
    if isinstance(value, tuple):
        return AnyValue(array_value=ArrayValue(values=[AnyValue(string_value=v) for v in value]))
    return AnyValue(string_value=value)
