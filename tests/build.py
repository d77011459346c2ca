"""Builders of test inputs, the only ones: `span` → `request` → `batches`.

`span` and `request` make OTLP protobuf messages with sensible defaults. `batches` decodes a request
into the Arrow batches of the store in plain Python, column by column: slow, obvious, and written
against the table of columns, so that it also serves as the reference for the kernel's decoder. The
rows of the attribute index come from `tests/attribute_index.py`.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pyarrow as pa
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from tests import attribute_index

TRACE_ID = bytes.fromhex("5b8efff798038103d269b633813fc60c")
SEGMENT = bytes.fromhex("01935f1c2d3e7a4b8c5d6e7f8091a2b3")
RECEIVE_DAY = 20_779  # 2026-11-22
START_NS = 1_795_348_800_000_000_000  # 2026-11-22T12:00:00Z
SECOND_NS = 1_000_000_000

_WORD = pa.dictionary(pa.int32(), pa.utf8())
_KINDS: Mapping[str, pa.DataType] = {
    "str": pa.utf8(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "other": pa.binary(),
}
_MAX_SECONDS = 2**32 - 1


def any_value(value: Any) -> AnyValue:
    """A Python value as AnyValue; None is the empty one, lists and dicts nest."""
    if isinstance(value, AnyValue):
        return value
    message = AnyValue()
    match value:
        case None:
            pass
        case bool():
            message.bool_value = value
        case int():
            message.int_value = value
        case float():
            message.double_value = value
        case str():
            message.string_value = value
        case bytes():
            message.bytes_value = value
        case list():
            message.array_value.SetInParent()
            message.array_value.values.extend(any_value(item) for item in value)
        case dict():
            message.kvlist_value.SetInParent()
            message.kvlist_value.values.extend(attributes(value))
    return message


def attributes(values: Mapping[str, Any]) -> list[KeyValue]:
    """A mapping as OTLP attributes, in its order."""
    return [KeyValue(key=key, value=any_value(value)) for key, value in values.items()]


def span(
    name: str = "GET /",
    *,
    span_id: int = 1,
    parent: int = 0,
    trace_id: bytes = TRACE_ID,
    start_ns: int = START_NS,
    duration_ns: int = 1_000_000,
    error: bool = False,
    attrs: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Span:
    """One span; ids of spans are small numbers, `fields` are those of the protobuf message."""
    message = Span(
        trace_id=trace_id,
        span_id=span_id.to_bytes(8, "big"),
        parent_span_id=parent.to_bytes(8, "big") if parent else b"",
        name=name,
        kind=fields.pop("kind", Span.SPAN_KIND_SERVER),
        start_time_unix_nano=start_ns,
        end_time_unix_nano=fields.pop("end_ns", start_ns + duration_ns),
        attributes=attributes(attrs or {}),
        **fields,
    )
    if error:
        message.status.code = 2
    return message


def request(
    *spans: Span,
    service: str | None = "shop",
    resource: Mapping[str, Any] | None = None,
    scope: InstrumentationScope | None = None,
) -> ExportTraceServiceRequest:
    """A request of one resource and one scope; join several with `MergeFrom`."""
    described = {"service.name": service, **(resource or {})} if service else dict(resource or {})
    message = ExportTraceServiceRequest()
    group = message.resource_spans.add()
    group.resource.CopyFrom(Resource(attributes=attributes(described)))
    inner = group.scope_spans.add()
    if scope is not None:
        inner.scope.CopyFrom(scope)
    inner.spans.extend(spans)
    return message


def batches(
    message: ExportTraceServiceRequest,
    *,
    segment: bytes = SEGMENT,
    receive_day: int = RECEIVE_DAY,
) -> tuple[pa.RecordBatch, pa.RecordBatch, pa.RecordBatch]:
    """The batches of `spans`, `trace_ranges` and `attribute_index` for a request."""
    rows = [
        {"receive_day": receive_day, "segment": segment, **_row(group, inner, one)}
        for group in message.resource_spans
        for inner in group.scope_spans
        for one in inner.spans
    ]
    ranges: dict[bytes, dict[str, Any]] = {}
    for row in rows:
        last = min(max(row["start_ns"], row["end_ns"]) // SECOND_NS, _MAX_SECONDS)
        seen = ranges.setdefault(
            row["trace_id"],
            {
                "trace_id": row["trace_id"],
                "receive_day": receive_day,
                "min_time": row["time"],
                "max_time": last,
            },
        )
        seen["min_time"] = min(seen["min_time"], row["time"])
        seen["max_time"] = max(seen["max_time"], last)
    index = attribute_index.rows(message, segment, receive_day)
    return (
        _batch(rows, SPANS_SCHEMA),
        _batch(list(ranges.values()), TRACE_RANGES_SCHEMA),
        _batch(index, ATTRIBUTE_INDEX_SCHEMA),
    )


def _maps(owner: str) -> list[tuple[str, pa.DataType]]:
    return [(f"{owner}_{name}", pa.map_(_WORD, held)) for name, held in _KINDS.items()]


def _lists(owner: str) -> list[tuple[str, pa.DataType]]:
    return [
        (f"{owner}_{name}", pa.list_(pa.map_(_WORD, _KINDS[name]))) for name in ("str", "other")
    ]


def _schema(fields: Iterable[tuple[str, pa.DataType]]) -> pa.Schema:
    return pa.schema([pa.field(name, held, nullable=False) for name, held in fields])


TRACE_RANGES_SCHEMA = _schema(
    [
        ("trace_id", pa.binary(16)),
        ("receive_day", pa.uint16()),
        ("min_time", pa.uint32()),
        ("max_time", pa.uint32()),
    ]
)
ATTRIBUTE_INDEX_SCHEMA = _schema(
    [
        ("receive_day", pa.uint16()),
        ("scope", pa.int8()),
        ("key", _WORD),
        ("type", pa.int8()),
        ("time", pa.uint32()),
        ("last_time", pa.uint32()),
        ("batch", pa.uint64()),
        ("spans", pa.uint32()),
        ("values", pa.list_(pa.utf8())),
        ("counts", pa.list_(pa.uint32())),
        ("complete", pa.bool_()),
        ("filter", pa.binary()),
        ("min_value", pa.float64()),
        ("max_value", pa.float64()),
    ]
)
SPANS_SCHEMA = _schema(
    [
        ("receive_day", pa.uint16()),
        ("segment", pa.binary(16)),
        ("service", _WORD),
        ("name", _WORD),
        ("time", pa.uint32()),
        ("trace_id", pa.binary(16)),
        ("span_id", pa.binary(8)),
        ("parent_span_id", pa.binary(8)),
        ("start_ns", pa.uint64()),
        ("end_ns", pa.uint64()),
        ("kind", pa.int32()),
        ("status_code", pa.int32()),
        ("status_message", pa.utf8()),
        ("flags", pa.uint32()),
        ("trace_state", pa.utf8()),
        ("dropped_attributes", pa.uint32()),
        ("dropped_events", pa.uint32()),
        ("dropped_links", pa.uint32()),
        ("resource_schema_url", _WORD),
        ("scope_schema_url", _WORD),
        ("scope_name", _WORD),
        ("scope_version", _WORD),
        ("resource_dropped_attributes", pa.uint32()),
        ("scope_dropped_attributes", pa.uint32()),
        *_maps("attr"),
        *_maps("resource"),
        *_maps("scope"),
        ("event_time_ns", pa.list_(pa.uint64())),
        ("event_name", pa.list_(_WORD)),
        ("event_dropped_attributes", pa.list_(pa.uint32())),
        *_lists("event"),
        ("link_trace_id", pa.list_(pa.binary(16))),
        ("link_span_id", pa.list_(pa.binary(8))),
        ("link_trace_state", pa.list_(pa.utf8())),
        ("link_flags", pa.list_(pa.uint32())),
        ("link_dropped_attributes", pa.list_(pa.uint32())),
        *_lists("link"),
    ]
)


def _row(group: ResourceSpans, inner: ScopeSpans, one: Span) -> dict[str, Any]:
    resource = _typed("resource", group.resource.attributes)
    service = dict(reversed(resource["resource_str"])).get("service.name")
    return {
        "service": service or "unknown_service",
        "name": one.name,
        "time": min(one.start_time_unix_nano // SECOND_NS, _MAX_SECONDS),
        "trace_id": one.trace_id,
        "span_id": one.span_id,
        "parent_span_id": one.parent_span_id or bytes(8),
        "start_ns": one.start_time_unix_nano,
        "end_ns": one.end_time_unix_nano,
        "kind": one.kind,
        "status_code": one.status.code,
        "status_message": one.status.message,
        "flags": one.flags,
        "trace_state": one.trace_state,
        "dropped_attributes": one.dropped_attributes_count,
        "dropped_events": one.dropped_events_count,
        "dropped_links": one.dropped_links_count,
        "resource_schema_url": group.schema_url,
        "scope_schema_url": inner.schema_url,
        "scope_name": inner.scope.name,
        "scope_version": inner.scope.version,
        "resource_dropped_attributes": group.resource.dropped_attributes_count,
        "scope_dropped_attributes": inner.scope.dropped_attributes_count,
        **_typed("attr", one.attributes),
        **resource,
        **_typed("scope", inner.scope.attributes),
        "event_time_ns": [event.time_unix_nano for event in one.events],
        "event_name": [event.name for event in one.events],
        "event_dropped_attributes": [event.dropped_attributes_count for event in one.events],
        **_two("event", [event.attributes for event in one.events]),
        "link_trace_id": [link.trace_id or bytes(16) for link in one.links],
        "link_span_id": [link.span_id or bytes(8) for link in one.links],
        "link_trace_state": [link.trace_state for link in one.links],
        "link_flags": [link.flags for link in one.links],
        "link_dropped_attributes": [link.dropped_attributes_count for link in one.links],
        **_two("link", [link.attributes for link in one.links]),
    }


_FIELDS = {
    "string_value": "str",
    "int_value": "int",
    "double_value": "float",
    "bool_value": "bool",
}


def _typed(owner: str, pairs: Iterable[KeyValue]) -> dict[str, list[tuple[str, Any]]]:
    typed: dict[str, list[tuple[str, Any]]] = {f"{owner}_{kind}": [] for kind in _KINDS}
    for pair in pairs:
        field = pair.value.WhichOneof("value")
        if kind := _FIELDS.get(field or ""):
            typed[f"{owner}_{kind}"].append((pair.key, getattr(pair.value, str(field))))
        else:
            typed[f"{owner}_other"].append((pair.key, pair.value.SerializeToString()))
    return typed


def _two(owner: str, lists: list[Iterable[KeyValue]]) -> dict[str, list[list[tuple[str, Any]]]]:
    """Attributes of events and links: strings apart, every other type as AnyValue bytes."""

    def choose(wanted: Callable[[KeyValue], bool], value: Callable[[KeyValue], Any]) -> Any:
        return [[(pair.key, value(pair)) for pair in pairs if wanted(pair)] for pairs in lists]

    return {
        f"{owner}_str": choose(
            lambda pair: pair.value.HasField("string_value"), lambda pair: pair.value.string_value
        ),
        f"{owner}_other": choose(
            lambda pair: not pair.value.HasField("string_value"),
            lambda pair: pair.value.SerializeToString(),
        ),
    }


def _batch(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.RecordBatch:
    columns = [_array([row[field.name] for row in rows], field.type) for field in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _array(values: list[Any], held: pa.DataType) -> pa.Array:
    """`pa.array`, which makes no arrays of maps with dictionary keys."""
    if pa.types.is_dictionary(held):
        return pa.array(values, held.value_type).dictionary_encode()
    if not pa.types.is_nested(held):
        return pa.array(values, held)
    offsets, flat = [0], []
    for value in values:
        flat.extend(value)
        offsets.append(len(flat))
    starts = pa.array(offsets, pa.int32())
    if pa.types.is_map(held):
        keys = _array([key for key, _ in flat], held.key_type)
        return pa.MapArray.from_arrays(
            starts, keys, _array([item for _, item in flat], held.item_type)
        )
    return pa.ListArray.from_arrays(starts, _array(flat, held.value_type))
