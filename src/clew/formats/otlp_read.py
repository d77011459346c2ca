"""OTLP in JSON → ResourceSpans.

Beyond the specification it takes enumerations by name, ids in base64 as protobuf's own JSON has
them, `batches` as Tempo calls the groups, and the names of before 2022.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import tempfile
from collections.abc import Iterator
from typing import IO, Any, Protocol

import orjson
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from clew.formats.cursor import Cursor, TooLong
from clew.formats.item import Item, Unreadable, too_long, within

Json = dict[str, Any]

GROUPS = ("resourceSpans", "batches")
WRAPPERS = ("result", "trace")
OTHER_SIGNALS = ("resourceMetrics", "resourceLogs", "resourceProfiles")
_SCOPES = ("scopeSpans", "instrumentationLibrarySpans")
_SCOPE = ("scope", "instrumentationLibrary")

# Spans in a ResourceSpans that is put together from a group too large for memory.
_SPANS = 1000
# Messages within messages: the reference implementation of protobuf reads no more than 100.
_DEPTH = 90
_INTEGER = re.compile(r"-?[0-9]{1,20}")


def read(cursor: Cursor, levels: int = 3) -> Iterator[Item]:
    """The groups of one document: a request, a list of requests, or one in a wrapper."""
    if cursor.peek() == b"[" and levels:
        for index in cursor.items():
            yield from within(f"[{index}]", read(cursor, 0))
        return
    seen = known = False
    for name in cursor.members():
        seen, known = True, known or name in GROUPS + WRAPPERS + OTHER_SIGNALS
        if name in GROUPS and cursor.peek() == b"[":
            for index in cursor.items():
                yield from within(f"{name}[{index}]", _group(cursor))
        elif name in WRAPPERS and cursor.peek() == b"{" and levels:
            yield from read(cursor, levels - 1)
        elif name in GROUPS and cursor.peek() != b"n":
            raise cursor.wrong(f"{name} is no array")
        else:
            cursor.skip()
            if name in OTHER_SIGNALS:
                yield Unreadable(name, "only spans can be imported")
    if seen and not known:
        yield Unreadable("", "there are no resourceSpans in it")


def _group(cursor: Cursor) -> Iterator[Item]:
    try:
        raw = cursor.raw()
    except TooLong:
        yield from _long_group(cursor)
        return
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        yield Unreadable("", f"not JSON: {error}")
        return
    try:
        yield from resource_spans(document)
    except ValueError as error:
        yield Unreadable("", str(error))


def resource_spans(raw: Any) -> Iterator[Item]:
    """The group, and before it what of it cannot be read. `ValueError`: nothing can."""
    raw = _object(raw, "it")
    group = ResourceSpans()
    if (resource := raw.get("resource")) is not None:
        group.resource.CopyFrom(_resource(resource))
    if (url := raw.get("schemaUrl")) is not None:
        group.schema_url = _text(url, "schemaUrl")
    for name in _SCOPES:
        for index, scoped in enumerate(_array(raw.get(name), name)):
            try:
                filled, wrong = _scope_spans(scoped)
            except ValueError as error:
                yield Unreadable(f"{name}[{index}]", str(error))
                continue
            yield from (problem.within(f"{name}[{index}]") for problem in wrong)
            group.scope_spans.append(filled)
    yield group


def _scope_spans(raw: Any) -> tuple[ScopeSpans, list[Unreadable]]:
    raw = _object(raw, "it")
    filled, wrong = _scope_head(raw), []
    for index, one in enumerate(_array(raw.get("spans"), "spans")):
        try:
            filled.spans.append(span(one))
        except ValueError as error:
            wrong.append(Unreadable(f"spans[{index}]", str(error)))
    return filled, wrong


def _scope_head(raw: Json) -> ScopeSpans:
    head = ScopeSpans()
    for name in _SCOPE:
        if (scope := raw.get(name)) is not None:
            head.scope.CopyFrom(_scope(scope))
    if (url := raw.get("schemaUrl")) is not None:
        head.schema_url = _text(url, "schemaUrl")
    return head


class _Spool:
    """Spans on disk until their group's resource and scopes are known, which may come last."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def add(self, scope: str, index: int, raw: bytes) -> None:
        self._file.write(b"%s %d %d\n" % (scope.encode(), index, len(raw)))
        self._file.write(raw)

    def spans(self) -> Iterator[tuple[str, int, bytes]]:
        self._file.seek(0)
        while head := self._file.readline():
            scope, index, size = head.split()
            yield scope.decode(), int(index), self._file.read(int(size))


def _long_group(cursor: Cursor) -> Iterator[Item]:
    heads: dict[str, Json] = {}
    with tempfile.TemporaryFile() as file:
        spool = _Spool(file)
        resource: Json = {}
        for name in cursor.members():
            if name in _SCOPES and cursor.peek() == b"[":
                for index in cursor.items():
                    place = f"{name}[{index}]"
                    heads[place] = {}
                    yield from _spool_scope(cursor, place, heads[place], spool)
            else:
                yield from _keep(cursor, name, ("resource", "schemaUrl"), resource, "")
        try:
            base = next(iter(resource_spans(resource)))
        except ValueError as error:
            yield Unreadable("", str(error))
            return
        assert isinstance(base, ResourceSpans)
        yield from _unspool(base, heads, spool)


def _spool_scope(cursor: Cursor, place: str, head: Json, spool: _Spool) -> Iterator[Item]:
    for name in cursor.members():
        if name == "spans" and cursor.peek() == b"[":
            for index in cursor.items():
                try:
                    spool.add(place, index, cursor.raw())
                except TooLong:
                    cursor.skip()
                    yield Unreadable(f"{place}.spans[{index}]", too_long())
        else:
            yield from _keep(cursor, name, (*_SCOPE, "schemaUrl"), head, place)


def _keep(
    cursor: Cursor, name: str, wanted: tuple[str, ...], into: Json, place: str
) -> Iterator[Item]:
    if name not in wanted:
        cursor.skip()
        return
    try:
        into[name] = orjson.loads(cursor.raw())
    except TooLong:
        cursor.skip()
        yield Unreadable(f"{place}.{name}".lstrip("."), too_long())
    except orjson.JSONDecodeError as error:
        yield Unreadable(f"{place}.{name}".lstrip("."), f"not JSON: {error}")


def _unspool(base: ResourceSpans, heads: dict[str, Json], spool: _Spool) -> Iterator[Item]:
    scopes: dict[str, ScopeSpans | str] = {}
    for place, head in heads.items():
        try:
            scopes[place] = _scope_head(head)
        except ValueError as error:
            scopes[place] = str(error)
    group, last, count = ResourceSpans(), "", 0
    group.CopyFrom(base)
    for place, index, raw in spool.spans():
        scope = scopes[place]
        try:
            if isinstance(scope, str):
                raise ValueError(scope)
            one = span(orjson.loads(raw))
        except ValueError as error:
            yield Unreadable(f"{place}.spans[{index}]", str(error))
            continue
        if count == _SPANS:
            yield group
            group, last, count = ResourceSpans(), "", 0
            group.CopyFrom(base)
        if place != last:
            group.scope_spans.append(scope)
            last = place
        group.scope_spans[-1].spans.append(one)
        count += 1
    yield group


def span(raw: Any) -> Span:
    """One span. `ValueError` says which field is wrong."""
    raw = _object(raw, "it")
    one = Span(
        trace_id=_id(raw.get("traceId"), "traceId"),
        span_id=_id(raw.get("spanId"), "spanId"),
        parent_span_id=_id(raw.get("parentSpanId"), "parentSpanId"),
        trace_state=_text(raw.get("traceState"), "traceState"),
        flags=_uint32(raw.get("flags"), "flags"),
        name=_text(raw.get("name"), "name"),
        start_time_unix_nano=_uint64(raw.get("startTimeUnixNano"), "startTimeUnixNano"),
        end_time_unix_nano=_uint64(raw.get("endTimeUnixNano"), "endTimeUnixNano"),
        dropped_attributes_count=_dropped(raw, "the span"),
        dropped_events_count=_uint32(raw.get("droppedEventsCount"), "droppedEventsCount"),
        dropped_links_count=_uint32(raw.get("droppedLinksCount"), "droppedLinksCount"),
    )
    # By assignment: the constructor takes no number that is not in the enumeration.
    _set_number(one, "kind", _enumeration(raw.get("kind"), "kind", Span.SpanKind))
    one.attributes.extend(_attributes(raw.get("attributes")))
    for event in _array(raw.get("events"), "events"):
        event = _object(event, "an event")
        one.events.add(
            time_unix_nano=_uint64(event.get("timeUnixNano"), "timeUnixNano of an event"),
            name=_text(event.get("name"), "name of an event"),
            attributes=_attributes(event.get("attributes")),
            dropped_attributes_count=_dropped(event, "an event"),
        )
    for link in _array(raw.get("links"), "links"):
        link = _object(link, "a link")
        one.links.add(
            trace_id=_id(link.get("traceId"), "traceId of a link"),
            span_id=_id(link.get("spanId"), "spanId of a link"),
            trace_state=_text(link.get("traceState"), "traceState of a link"),
            attributes=_attributes(link.get("attributes")),
            dropped_attributes_count=_dropped(link, "a link"),
            flags=_uint32(link.get("flags"), "flags of a link"),
        )
    if (status := raw.get("status")) is not None:
        status = _object(status, "status")
        one.status.message = _text(status.get("message"), "message of status")
        code = _enumeration(status.get("code"), "code of status", Status.StatusCode)
        _set_number(one.status, "code", code)
        one.status.SetInParent()
    return one


def _resource(raw: Any) -> Resource:
    raw = _object(raw, "resource")
    resource = Resource(
        attributes=_attributes(raw.get("attributes")),
        dropped_attributes_count=_dropped(raw, "resource"),
    )
    for entity in _array(raw.get("entityRefs"), "entityRefs"):
        entity = _object(entity, "an entityRef")
        resource.entity_refs.add(
            schema_url=_text(entity.get("schemaUrl"), "schemaUrl of an entityRef"),
            type=_text(entity.get("type"), "type of an entityRef"),
            id_keys=[_text(key, "idKeys") for key in _array(entity.get("idKeys"), "idKeys")],
            description_keys=[
                _text(key, "descriptionKeys")
                for key in _array(entity.get("descriptionKeys"), "descriptionKeys")
            ],
        )
    return resource


def _scope(raw: Any) -> InstrumentationScope:
    raw = _object(raw, "scope")
    return InstrumentationScope(
        name=_text(raw.get("name"), "name of the scope"),
        version=_text(raw.get("version"), "version of the scope"),
        attributes=_attributes(raw.get("attributes")),
        dropped_attributes_count=_dropped(raw, "scope"),
    )


def _attributes(raw: Any, depth: int = 5) -> list[KeyValue]:
    if raw is None:
        return []
    pairs = []
    for attribute in _array(raw, "attributes"):
        attribute = _object(attribute, "an attribute")
        key = _text(attribute.get("key"), "key of an attribute")
        value = attribute.get("value")
        if value is None:
            pairs.append(KeyValue(key=key))
        else:
            try:
                pairs.append(KeyValue(key=key, value=any_value(value, depth)))
            except ValueError as error:
                raise ValueError(f"attribute {key!r:.100}: {error}") from None
    return pairs


def any_value(raw: Any, depth: int = 5) -> AnyValue:
    """A value of an attribute; `depth` is that of the message around it."""
    if depth > _DEPTH:
        raise ValueError(f"it is nested more than {_DEPTH} messages deep")
    for name, value in _object(raw, "its value").items():
        if value is None:
            continue
        if name == "stringValue":
            return AnyValue(string_value=_text(value, name))
        if name == "intValue":
            return AnyValue(int_value=_integer(value, name, -(1 << 63), (1 << 63) - 1))
        if name == "boolValue":
            if not isinstance(value, bool):
                raise ValueError(f"boolValue is {value!r:.100}, not true or false")
            return AnyValue(bool_value=value)
        if name == "doubleValue":
            return AnyValue(double_value=_double(value))
        if name == "bytesValue":
            return AnyValue(bytes_value=_base64(value, name))
        if name == "arrayValue":
            found = AnyValue()
            found.array_value.SetInParent()
            values = _array(_object(value, name).get("values"), "values")
            found.array_value.values.extend(any_value(item, depth + 2) for item in values)
            return found
        if name == "kvlistValue":
            found = AnyValue()
            found.kvlist_value.SetInParent()
            pairs = _attributes(_object(value, name).get("values"), depth + 3)
            found.kvlist_value.values.extend(pairs)
            return found
    return AnyValue()


class _Enumeration(Protocol):
    def Value(self, name: str) -> Any: ...


def _object(raw: Any, name: str) -> Json:
    if not isinstance(raw, dict):
        raise ValueError(f"{name} is {raw!r:.100}, not an object")
    return raw


def _array(raw: Any, name: str) -> list[Any]:
    if raw is None:
        return []
    if not isinstance(raw, list):
        raise ValueError(f"{name} is {raw!r:.100}, not an array")
    return raw


def _text(raw: Any, name: str) -> str:
    if raw is None:
        return ""
    if not isinstance(raw, str):
        raise ValueError(f"{name} is {raw!r:.100}, not a string")
    return raw


def _integer(raw: Any, name: str, least: int, most: int) -> int:
    if raw is None:
        return 0
    number: int | None = None
    if isinstance(raw, int) and not isinstance(raw, bool):
        number = raw
    elif isinstance(raw, str) and _INTEGER.fullmatch(raw):
        number = int(raw)
    elif isinstance(raw, float) and raw.is_integer() and abs(raw) <= 1 << 53:
        number = int(raw)
    if number is None or not least <= number <= most:
        raise ValueError(f"{name} is {raw!r:.100}, not a whole number from {least} to {most}")
    return number


def _uint32(raw: Any, name: str) -> int:
    return 0 if raw is None else _integer(raw, name, 0, (1 << 32) - 1)


def _dropped(raw: Json, owner: str) -> int:
    return _uint32(raw.get("droppedAttributesCount"), f"droppedAttributesCount of {owner}")


def _uint64(raw: Any, name: str) -> int:
    return 0 if raw is None else _integer(raw, name, 0, (1 << 64) - 1)


def _double(raw: Any) -> float:
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        return float(raw)
    if isinstance(raw, str):
        named = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
        try:
            return named[raw] if raw in named else float(raw)
        except ValueError:
            pass
    raise ValueError(f"doubleValue is {raw!r:.100}, not a number")


def _enumeration(raw: Any, name: str, known: _Enumeration) -> int:
    if isinstance(raw, str) and not _INTEGER.fullmatch(raw):
        try:
            return int(known.Value(raw))
        except ValueError:
            raise ValueError(f"{name} is {raw!r:.100}, which is no name of one") from None
    return _integer(raw, name, -(1 << 31), (1 << 31) - 1)


def _set_number(message: Any, field: str, number: int) -> None:
    setattr(message, field, number)


def _id(raw: Any, name: str) -> bytes:
    text = _text(raw, name)
    try:
        # 16 bytes have 32 hex digits or 24 of base64, 8 bytes have 16 or 12.
        if len(text) in (12, 24) and text.endswith("="):
            return base64.b64decode(text, validate=True)
        if any(blank in text for blank in " \t\r\n"):
            raise ValueError
        return bytes.fromhex(text)
    except ValueError:
        raise ValueError(f"{name} is {text!r:.100}, not hex digits") from None


def _base64(raw: Any, name: str) -> bytes:
    text = _text(raw, name).replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(f"{name} is {text!r:.100}, not base64") from None
