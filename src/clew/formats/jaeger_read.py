"""Jaeger's JSON, as its UI downloads it → groups of spans.

`otel.*` tags, `span.kind` and `error` become the fields that they were made from.
"""

from __future__ import annotations

import base64
import binascii
import math
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any

import orjson
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from clew.formats.cursor import Cursor, TooLong
from clew.formats.item import Item, Unreadable, too_long, within
from clew.formats.regroup import Described, groups
from clew.formats.values import (
    MAX_NS,
    MAX_UINT32,
    as_id,
    as_int,
    as_list,
    as_object,
    as_text,
    from_plain,
)

Json = dict[str, Any]

KINDS = {
    "internal": Span.SPAN_KIND_INTERNAL,
    "server": Span.SPAN_KIND_SERVER,
    "client": Span.SPAN_KIND_CLIENT,
    "producer": Span.SPAN_KIND_PRODUCER,
    "consumer": Span.SPAN_KIND_CONSUMER,
}
_CODES = {"OK": Status.STATUS_CODE_OK, "ERROR": Status.STATUS_CODE_ERROR}
# Tags → where they go; the later ones are what the specification called them before 2022.
SCOPE_NAMES = ("otel.scope.name", "otel.library.name")
SCOPE_VERSIONS = ("otel.scope.version", "otel.library.version")
DROPPED = {
    "otel.dropped_attributes_count": "dropped_attributes_count",
    "otel.dropped_events_count": "dropped_events_count",
    "otel.dropped_links_count": "dropped_links_count",
}
TRACE_STATE = "w3c.tracestate"
EVENT_DROPPED = "otel.event.dropped_attributes_count"
REFERENCE = "opentracing.ref_type"


def read(cursor: Cursor) -> Iterator[Item]:
    """An answer of Jaeger's API, a trace, or a list of traces."""
    if cursor.peek() == b"[":
        for index in cursor.items():
            yield from within(f"[{index}]", _trace(cursor))
        return
    try:
        raw = cursor.raw()
    except TooLong:
        yield from _long(cursor)
        return
    try:
        document = as_object(orjson.loads(raw), "it")
        if "data" not in document:
            yield from _of_document(document)
            return
        data = as_list(document["data"], "data")
    except ValueError as error:
        yield Unreadable("", str(error))
        return
    for index, trace in enumerate(data):
        yield from within(f"data[{index}]", _of_document(trace))


def _long(cursor: Cursor) -> Iterator[Item]:
    """A document that does not fit: either a list of traces, or a trace with its spans."""
    trace = _LongTrace()
    with trace.file:
        for name in cursor.members():
            if name == "data" and cursor.peek() == b"[":
                for index in cursor.items():
                    yield from within(f"data[{index}]", _trace(cursor))
            else:
                yield from trace.member(cursor, name)
        yield from trace.items()


def _trace(cursor: Cursor) -> Iterator[Item]:
    try:
        raw = cursor.raw()
    except TooLong:
        trace = _LongTrace()
        with trace.file:
            for name in cursor.members():
                yield from trace.member(cursor, name)
            yield from trace.items()
        return
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        yield Unreadable("", f"not JSON: {error}")
        return
    yield from _of_document(document)


class _LongTrace:
    """A trace whose spans wait on disk, for `processes` comes after them."""

    def __init__(self) -> None:
        self.file = tempfile.TemporaryFile()
        self._processes: Any = None

    def member(self, cursor: Cursor, name: str) -> Iterator[Item]:
        """Takes the value of a member."""
        if name == "spans" and cursor.peek() == b"[":
            for index in cursor.items():
                try:
                    raw = cursor.raw()
                except TooLong:
                    cursor.skip()
                    yield Unreadable(f"spans[{index}]", too_long())
                    continue
                self.file.write(b"%d %d\n" % (index, len(raw)))
                self.file.write(raw)
        elif name == "processes":
            try:
                self._processes = orjson.loads(cursor.raw())
            except (TooLong, orjson.JSONDecodeError) as error:
                raise cursor.wrong(f"processes cannot be read: {error}") from None
        else:
            cursor.skip()

    def items(self) -> Iterator[Item]:
        """What was taken, now that all is known."""
        self.file.seek(0)
        yield from groups(_described(self._spans(), _processes(self._processes)))

    def _spans(self) -> Iterator[tuple[int, bytes]]:
        while head := self.file.readline():
            index, size = head.split()
            yield int(index), self.file.read(int(size))


def _of_document(document: Any) -> Iterator[Item]:
    try:
        trace = as_object(document, "it")
        if "spans" not in trace:
            raise ValueError("there are no spans in it")
        spans = as_list(trace["spans"], "spans")
    except ValueError as error:
        yield Unreadable("", str(error))
        return
    parsed = enumerate(spans)
    yield from groups(_described(parsed, _processes(trace.get("processes"))))


def _processes(raw: Any) -> dict[str, Resource | str]:
    """By id; of one that cannot be read, why."""
    found: dict[str, Resource | str] = {}
    if isinstance(raw, dict):
        for name, process in raw.items():
            try:
                found[name] = _resource(process)
            except ValueError as error:
                found[name] = f"its process {name!r:.100} cannot be read: {error}"
    return found


def _described(
    spans: Iterable[tuple[int, Any]], processes: dict[str, Resource | str]
) -> Iterator[Described | Unreadable]:
    """Spans with their index, as values or as bytes of JSON."""
    for index, given in spans:
        try:
            raw = as_object(orjson.loads(given) if isinstance(given, bytes) else given, "it")
            scope = InstrumentationScope()
            one = _span(raw, scope)
            if "process" in raw:
                resource: Resource | str | None = _resource(raw["process"])
            else:
                name = as_text(raw.get("processID"), "processID")
                resource = processes.get(name, f"there is no process {name!r:.100}")
            if isinstance(resource, str):
                raise ValueError(resource)
            assert resource is not None
            yield Described(resource, scope, one)
        except ValueError as error:
            yield Unreadable(f"spans[{index}]", str(error))


def _resource(raw: Any) -> Resource:
    raw = as_object(raw, "it")
    resource = Resource()
    name = raw.get("serviceName")
    if name is not None:
        resource.attributes.append(
            KeyValue(key="service.name", value=from_plain(as_text(name, "serviceName")))
        )
    resource.attributes.extend(_tags(raw.get("tags"), "tags"))
    return resource


def _span(raw: Json, scope: InstrumentationScope) -> Span:
    start_us = as_int(raw.get("startTime", 0), "startTime", 0, MAX_NS // 1000)
    duration_us = as_int(raw.get("duration", 0), "duration", 0, MAX_NS // 1000 - start_us)
    one = Span(
        trace_id=as_id(raw.get("traceID"), "traceID", 16),
        span_id=as_id(raw.get("spanID"), "spanID", 8),
        name=as_text(raw.get("operationName"), "operationName"),
        start_time_unix_nano=start_us * 1000,
        end_time_unix_nano=(start_us + duration_us) * 1000,
        # Bit 0 means sampled for both, the others differ.
        flags=as_int(raw.get("flags") or 0, "flags", 0, MAX_UINT32) & 1,
    )
    _references(one, raw)
    _apply_tags(one, scope, _tags(raw.get("tags"), "tags"))
    for log in as_list(raw.get("logs"), "logs"):
        log = as_object(log, "a log")
        time_us = as_int(log.get("timestamp", 0), "timestamp of a log", 0, MAX_NS // 1000)
        event = one.events.add(time_unix_nano=time_us * 1000)
        named = False
        for field in _tags(log.get("fields"), "fields of a log"):
            if field.key == "event" and not named and field.value.HasField("string_value"):
                event.name, named = field.value.string_value, True
            elif field.key == EVENT_DROPPED and _is_count(field.value):
                event.dropped_attributes_count = field.value.int_value
            else:
                event.attributes.append(field)
    return one


def _references(one: Span, raw: Json) -> None:
    """The first CHILD_OF within the trace is the parent, all others are links."""
    for reference in as_list(raw.get("references"), "references"):
        reference = as_object(reference, "a reference")
        trace_id = as_id(reference.get("traceID"), "traceID of a reference", 16)
        span_id = as_id(reference.get("spanID"), "spanID of a reference", 8)
        kind = as_text(reference.get("refType"), "refType")
        if kind == "CHILD_OF" and trace_id == one.trace_id and not one.parent_span_id:
            one.parent_span_id = span_id
            continue
        link = one.links.add(trace_id=trace_id, span_id=span_id)
        if kind == "CHILD_OF":
            link.attributes.append(KeyValue(key=REFERENCE, value=from_plain("child_of")))
        elif kind != "FOLLOWS_FROM":
            raise ValueError(f"refType is {kind!r:.100}, not CHILD_OF or FOLLOWS_FROM")
    if not one.parent_span_id and raw.get("parentSpanID"):
        one.parent_span_id = as_id(raw["parentSpanID"], "parentSpanID", 8)


def _apply_tags(one: Span, scope: InstrumentationScope, tags: list[KeyValue]) -> None:
    for tag in tags:
        key, text = tag.key, tag.value.string_value
        is_text = tag.value.HasField("string_value")
        if key == "span.kind" and text in KINDS:
            one.kind = KINDS[text]
        elif key == "otel.status_code" and text.upper() in _CODES:
            if one.status.code != Status.STATUS_CODE_ERROR:
                one.status.code = _CODES[text.upper()]
        elif key == "error" and (tag.value.bool_value or text == "true"):
            one.status.code = Status.STATUS_CODE_ERROR
        elif key == "otel.status_description" and is_text:
            one.status.message = text
        elif key in SCOPE_NAMES and is_text:
            scope.name = text
        elif key in SCOPE_VERSIONS and is_text:
            scope.version = text
        elif key == TRACE_STATE and is_text:
            one.trace_state = text
        elif key in DROPPED and _is_count(tag.value):
            setattr(one, DROPPED[key], tag.value.int_value)
        else:
            one.attributes.append(tag)


def _is_count(value: AnyValue) -> bool:
    return value.HasField("int_value") and 0 <= value.int_value <= MAX_UINT32


def _tags(raw: Any, name: str) -> list[KeyValue]:
    pairs = []
    for tag in as_list(raw, name):
        tag = as_object(tag, f"one of {name}")
        key = as_text(tag.get("key"), "key of a tag")
        try:
            pairs.append(KeyValue(key=key, value=_value(tag.get("type"), tag.get("value"))))
        except (ValueError, binascii.Error) as error:
            raise ValueError(f"tag {key!r:.100}: {error}") from None
    return pairs


def _value(kind: Any, value: Any) -> AnyValue:
    match kind:
        case "string":
            return AnyValue(string_value=as_text(value, "value"))
        case "bool":
            if isinstance(value, bool) or value in ("true", "false"):
                return AnyValue(bool_value=value in (True, "true"))
            raise ValueError(f"value is {value!r:.100}, not true or false")
        case "int64":
            return AnyValue(int_value=as_int(value, "value", -(1 << 63), (1 << 63) - 1))
        case "float64":
            return AnyValue(double_value=_float(value))
        case "binary":
            return AnyValue(bytes_value=base64.b64decode(as_text(value, "value"), validate=True))
        case None if not isinstance(value, list | dict):
            return from_plain(value)  # Elasticsearch's form leaves the type out
        case _:
            raise ValueError(f"type {kind!r:.100} is not string, bool, int64, float64 or binary")


def _float(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    named = {"NaN": math.nan, "Infinity": math.inf, "+Inf": math.inf}
    named |= {"-Infinity": -math.inf, "-Inf": -math.inf}
    if isinstance(value, str):
        try:
            return named[value] if value in named else float(value)
        except ValueError:
            pass
    raise ValueError(f"value is {value!r:.100}, not a number")
