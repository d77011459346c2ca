"""ResourceSpans → OTLP JSON: ids in lower-case hex, 64-bit integers as strings, enumerations as
numbers; what is empty is left out, but nothing that was there is.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable
from typing import Any

import orjson
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

Json = dict[str, Any]


def dumps(group: ResourceSpans) -> bytes:
    """One group as JSON on one line."""
    return orjson.dumps(resource_spans(group))


def resource_spans(group: ResourceSpans) -> Json:
    return {
        **({"resource": _resource(group.resource)} if group.HasField("resource") else {}),
        "scopeSpans": [_scope_spans(scoped) for scoped in group.scope_spans],
        **_present(schemaUrl=group.schema_url),
    }


def _scope_spans(scoped: ScopeSpans) -> Json:
    return {
        **({"scope": _scope(scoped.scope)} if scoped.HasField("scope") else {}),
        "spans": [span(one) for one in scoped.spans],
        **_present(schemaUrl=scoped.schema_url),
    }


def _resource(resource: Resource) -> Json:
    return _present(
        attributes=attributes(resource.attributes),
        droppedAttributesCount=resource.dropped_attributes_count,
        entityRefs=[
            _present(
                schemaUrl=entity.schema_url,
                type=entity.type,
                idKeys=list(entity.id_keys),
                descriptionKeys=list(entity.description_keys),
            )
            for entity in resource.entity_refs
        ],
    )


def _scope(scope: InstrumentationScope) -> Json:
    return _present(
        name=scope.name,
        version=scope.version,
        attributes=attributes(scope.attributes),
        droppedAttributesCount=scope.dropped_attributes_count,
    )


def span(one: Span) -> Json:
    """One span."""
    found: Json = {
        "traceId": one.trace_id.hex(),
        "spanId": one.span_id.hex(),
        **_present(
            parentSpanId=one.parent_span_id.hex(), traceState=one.trace_state, flags=one.flags
        ),
        "name": one.name,
        "kind": one.kind,
        "startTimeUnixNano": str(one.start_time_unix_nano),
        "endTimeUnixNano": str(one.end_time_unix_nano),
        **_present(
            attributes=attributes(one.attributes),
            droppedAttributesCount=one.dropped_attributes_count,
            events=[
                {
                    "timeUnixNano": str(event.time_unix_nano),
                    "name": event.name,
                    **_present(
                        attributes=attributes(event.attributes),
                        droppedAttributesCount=event.dropped_attributes_count,
                    ),
                }
                for event in one.events
            ],
            droppedEventsCount=one.dropped_events_count,
            links=[
                {
                    "traceId": link.trace_id.hex(),
                    "spanId": link.span_id.hex(),
                    **_present(
                        traceState=link.trace_state,
                        attributes=attributes(link.attributes),
                        droppedAttributesCount=link.dropped_attributes_count,
                        flags=link.flags,
                    ),
                }
                for link in one.links
            ],
            droppedLinksCount=one.dropped_links_count,
        ),
    }
    if one.HasField("status"):
        found["status"] = _present(message=one.status.message, code=one.status.code)
    return found


def attributes(pairs: Iterable[KeyValue]) -> list[Json]:
    return [
        {"key": pair.key, "value": any_value(pair.value)}
        if pair.HasField("value")
        else {"key": pair.key}
        for pair in pairs
    ]


def any_value(value: AnyValue) -> Json:
    """A value of an attribute."""
    match value.WhichOneof("value"):
        case "string_value":
            return {"stringValue": value.string_value}
        case "bool_value":
            return {"boolValue": value.bool_value}
        case "int_value":
            return {"intValue": str(value.int_value)}
        case "double_value":
            return {"doubleValue": number(value.double_value)}
        case "bytes_value":
            return {"bytesValue": base64.b64encode(value.bytes_value).decode()}
        case "array_value":
            return {
                "arrayValue": _present(
                    values=[any_value(item) for item in value.array_value.values]
                )
            }
        case "kvlist_value":
            return {"kvlistValue": _present(values=attributes(value.kvlist_value.values))}
        case _:
            return {}


def number(value: float) -> float | str:
    """JSON has no words for these three."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _present(**fields: Any) -> Json:
    return {name: value for name, value in fields.items() if value}
