"""Groups of spans → Jaeger's JSON, as the OpenTelemetry specification maps them."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Iterator
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from clew.formats.jaeger_read import (
    DROPPED,
    EVENT_DROPPED,
    KINDS,
    REFERENCE,
    SCOPE_NAMES,
    SCOPE_VERSIONS,
    TRACE_STATE,
)
from clew.formats.otlp_write import number
from clew.formats.values import text

Json = dict[str, Any]
Lost = Counter[str]

_KINDS = {number: word for word, number in KINDS.items()}
_CODES = {Status.STATUS_CODE_OK: "OK", Status.STATUS_CODE_ERROR: "ERROR"}
_RESERVED = {
    *SCOPE_NAMES,
    *SCOPE_VERSIONS,
    *DROPPED,
    TRACE_STATE,
    "span.kind",
    "otel.status_code",
    "otel.status_description",
}
# What a JavaScript reader cannot hold as a number; Jaeger writes it as a string, too.
_SAFE_INTEGER = 1 << 53


class Processes:
    """The processes of one trace, by resource."""

    def __init__(self) -> None:
        self._ids: dict[bytes, str] = {}
        self._last = Resource(), ""
        self.found: dict[str, Json] = {}

    def id(self, resource: Resource, lost: Lost) -> str:
        if self._last[0] is resource:
            return self._last[1]
        key = resource.SerializeToString(deterministic=True)
        if key not in self._ids:
            process = _process(resource, lost)
            # Resources that differ in what Jaeger has no place for are one process.
            known = [name for name, held in self.found.items() if held == process]
            self._ids[key] = known[0] if known else f"p{len(self.found) + 1}"
            self.found[self._ids[key]] = process
        self._last = resource, self._ids[key]
        return self._ids[key]


def spans(group: ResourceSpans, processes: Processes, lost: Lost) -> Iterator[Json]:
    """The spans of a group; what Jaeger has no place for is counted in `lost`."""
    lost["schema URLs"] += bool(group.schema_url)
    for scoped in group.scope_spans:
        lost["schema URLs"] += bool(scoped.schema_url)
        lost["attributes of scopes"] += len(scoped.scope.attributes)
        lost["dropped counts"] += bool(scoped.scope.dropped_attributes_count)
        for one in scoped.spans:
            yield _span(one, scoped, processes.id(group.resource, lost), lost)


def _process(resource: Resource, lost: Lost) -> Json:
    lost["dropped counts"] += bool(resource.dropped_attributes_count)
    lost["entity references"] += len(resource.entity_refs)
    service, tags = "unknown_service", []
    found = False
    for pair in resource.attributes:
        if pair.key == "service.name" and not found:
            service, found = text(pair.value), True
        else:
            tags.append(_tag(pair.key, pair.value))
    return {"serviceName": service, "tags": tags}


def _span(one: Span, scoped: ScopeSpans, process: str, lost: Lost) -> Json:
    start_ns, end_ns = one.start_time_unix_nano, one.end_time_unix_nano
    lost["ends before starts"] += end_ns < start_ns
    lost["trace flags but sampled"] += bool(one.flags & ~1)
    trace_id = one.trace_id.hex()
    return {
        "traceID": trace_id,
        "spanID": one.span_id.hex(),
        "operationName": one.name,
        "references": [*_parent(one, trace_id), *(_reference(link, lost) for link in one.links)],
        "flags": one.flags & 1,
        "startTime": start_ns // 1000,
        "duration": max(0, end_ns - start_ns) // 1000,
        "tags": _tags(one, scoped, lost),
        "logs": [
            {"timestamp": event.time_unix_nano // 1000, "fields": _fields(event, lost)}
            for event in one.events
        ],
        "processID": process,
        "warnings": None,
    }


def _parent(one: Span, trace_id: str) -> Iterator[Json]:
    if any(one.parent_span_id):
        yield {"refType": "CHILD_OF", "traceID": trace_id, "spanID": one.parent_span_id.hex()}


def _reference(link: Span.Link, lost: Lost) -> Json:
    kinds = [pair for pair in link.attributes if pair.key == REFERENCE]
    lost["attributes of links"] += len(link.attributes) - len(kinds)
    lost["states, flags and dropped counts of links"] += bool(
        link.trace_state or link.flags or link.dropped_attributes_count
    )
    child = any(pair.value.string_value == "child_of" for pair in kinds)
    return {
        "refType": "CHILD_OF" if child else "FOLLOWS_FROM",
        "traceID": link.trace_id.hex().rjust(32, "0"),
        "spanID": link.span_id.hex().rjust(16, "0"),
    }


def _tags(one: Span, scoped: ScopeSpans, lost: Lost) -> list[Json]:
    made: list[tuple[str, AnyValue]] = []
    if scoped.scope.name:
        made.append((SCOPE_NAMES[0], AnyValue(string_value=scoped.scope.name)))
    if scoped.scope.version:
        made.append((SCOPE_VERSIONS[0], AnyValue(string_value=scoped.scope.version)))
    if one.kind in _KINDS:
        made.append(("span.kind", AnyValue(string_value=_KINDS[one.kind])))
    lost["unknown kinds and status codes"] += bool(
        (one.kind and one.kind not in _KINDS) or (one.status.code and one.status.code not in _CODES)
    )
    user = [_tag(pair.key, pair.value) for pair in one.attributes]
    failed = one.status.code == Status.STATUS_CODE_ERROR or any(map(_says_error, user))
    if failed or one.status.code in _CODES:
        code = "ERROR" if failed else _CODES[one.status.code]
        made.append(("otel.status_code", AnyValue(string_value=code)))
        if one.status.message:
            made.append(("otel.status_description", AnyValue(string_value=one.status.message)))
    else:
        lost["status messages without a code"] += bool(one.status.message)
    if failed:
        made.append(("error", AnyValue(bool_value=True)))
    if one.trace_state:
        made.append((TRACE_STATE, AnyValue(string_value=one.trace_state)))
    for key, field in DROPPED.items():
        if count := getattr(one, field):
            made.append((key, AnyValue(int_value=count)))
    kept = [
        tag
        for tag in user
        if tag["key"] not in _RESERVED and not (failed and tag["key"] == "error")
    ]
    lost["attributes named like Jaeger's own tags"] += (
        len(user) - len(kept) - sum(map(_says_error, user))
    )
    return [*(_tag(key, value) for key, value in made), *kept]


def _says_error(tag: Json) -> bool:
    return (
        tag["key"] == "error"
        and tag["type"] in ("bool", "string")
        and tag["value"] in (True, "true")
    )


def _fields(event: Span.Event, lost: Lost) -> list[Json]:
    """An attribute `event` stands for the name, as the specification wants it."""
    fields = [_tag(pair.key, pair.value) for pair in event.attributes]
    named = [field for field in fields if field["key"] == "event" and field["type"] == "string"]
    rest = [field for field in fields if field not in named and field["key"] != EVENT_DROPPED]
    lost["attributes named like Jaeger's own tags"] += len(fields) - len(rest) - bool(named)
    lost["names of events with an attribute event"] += bool(named and event.name)
    name = named[0]["value"] if named else event.name
    made = [_tag("event", AnyValue(string_value=name))] if name else []
    if event.dropped_attributes_count:
        made.append(_tag(EVENT_DROPPED, AnyValue(int_value=event.dropped_attributes_count)))
    return [*made, *rest]


def _tag(key: str, value: AnyValue) -> Json:
    match value.WhichOneof("value"):
        case "bool_value":
            return {"key": key, "type": "bool", "value": value.bool_value}
        case "int_value":
            held = value.int_value
            is_safe = -_SAFE_INTEGER < held < _SAFE_INTEGER
            return {"key": key, "type": "int64", "value": held if is_safe else str(held)}
        case "double_value":
            return {"key": key, "type": "float64", "value": number(value.double_value)}
        case "bytes_value":
            encoded = base64.b64encode(value.bytes_value).decode()
            return {"key": key, "type": "binary", "value": encoded}
        case _:
            return {"key": key, "type": "string", "value": text(value)}
