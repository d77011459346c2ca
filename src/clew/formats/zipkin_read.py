"""Zipkin's JSON, version 2 → groups of spans."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from clew.formats import zipkin_names as names
from clew.formats.cursor import Cursor, Syntax, TooLong
from clew.formats.item import Item, Unreadable, too_long
from clew.formats.regroup import Described, groups
from clew.formats.values import (
    MAX_NS,
    MAX_UINT32,
    as_id,
    as_int,
    as_list,
    as_object,
    as_text,
    from_map,
)

Json = dict[str, Any]

_CODES = {"OK": Status.STATUS_CODE_OK, "ERROR": Status.STATUS_CODE_ERROR}


def read(cursor: Cursor) -> Iterator[Item]:
    """A list of spans, a list of traces as Zipkin's API answers it, or one span."""
    yield from groups(_found(cursor, "", 2))


def _found(cursor: Cursor, place: str, levels: int) -> Iterator[Described | Unreadable]:
    if cursor.peek() == b"[" and levels:
        for index in cursor.items():
            yield from _found(cursor, f"{place}[{index}]", levels - 1)
        return
    try:
        yield span(orjson.loads(cursor.raw()))
    except TooLong:
        cursor.skip()
        yield Unreadable(place, too_long())
    except orjson.JSONDecodeError as error:
        yield Unreadable(place, f"not JSON: {error}")
    except Syntax:
        raise
    except ValueError as error:
        yield Unreadable(place, str(error))


def span(raw: Any) -> Described:
    """One span. `ValueError` says which field is wrong."""
    raw = as_object(raw, "it")
    tags = {
        key: as_text(value, f"tag {key!r:.100}")
        for key, value in as_object(raw.get("tags") or {}, "tags").items()
    }
    start_us = as_int(raw.get("timestamp") or 0, "timestamp", 0, MAX_NS // 1000)
    duration_us = as_int(raw.get("duration") or 0, "duration", 0, MAX_NS // 1000 - start_us)
    one = Span(
        trace_id=as_id(raw.get("traceId"), "traceId", 16),
        span_id=as_id(raw.get("id"), "id", 8),
        parent_span_id=as_id(raw["parentId"], "parentId", 8) if raw.get("parentId") else b"",
        name=as_text(raw.get("name"), "name"),
        start_time_unix_nano=start_us * 1000,
        end_time_unix_nano=(start_us + duration_us) * 1000,
        kind=_kind(raw.get("kind"), tags),
        trace_state=tags.pop(names.TRACE_STATE, ""),
    )
    _status(one, tags)
    _links(one, tags)
    for key, field in names.DROPPED.items():
        if (count := tags.get(key, "")).isascii() and count.isdigit() and len(count) <= 10:
            setattr(one, field, as_int(tags.pop(key), key, 0, MAX_UINT32))
    for flag, key in (("shared", names.SHARED), ("debug", names.DEBUG)):
        if raw.get(flag) is True:
            tags[key] = "true"
    for annotation in as_list(raw.get("annotations"), "annotations"):
        annotation = as_object(annotation, "an annotation")
        time_us = as_int(annotation.get("timestamp") or 0, "its timestamp", 0, MAX_NS // 1000)
        name, attributes, dropped = names.parse_annotation(
            as_text(annotation.get("value"), "value of an annotation")
        )
        one.events.add(
            time_unix_nano=time_us * 1000,
            name=name,
            attributes=from_map(attributes),
            dropped_attributes_count=dropped,
        )
    scope = _scope(tags)
    local = _endpoint(raw.get("localEndpoint"), "localEndpoint")
    remote = _endpoint(raw.get("remoteEndpoint"), "remoteEndpoint")
    service = local.pop("serviceName", None)
    resource = Resource()
    if service is not None:
        resource.attributes.append(_pair("service.name", service))
    of_resource = [key for key in sorted(tags) if key.startswith(names.RESOURCE)]
    if service is not None and "service.name" in tags:
        of_resource.remove("service.name")
    resource.attributes.extend(_pair(key, tags.pop(key)) for key in of_resource)
    peer = remote.pop("serviceName", None)
    if peer is not None:
        tags.setdefault(names.PEER, peer)
    one.attributes.extend(_pair(key, tags[key]) for key in sorted(tags))
    for prefix, endpoint in (("network.local", local), ("network.peer", remote)):
        one.attributes.extend(_address(prefix, endpoint))
    return Described(resource, scope, one)


def _kind(raw: Any, tags: dict[str, str]) -> Span.SpanKind.ValueType:
    """Without one it is internal, as the specification's table says."""
    if raw is None:
        if tags.get(names.KIND) == "internal":  # from the Collector
            del tags[names.KIND]
        return Span.SPAN_KIND_INTERNAL
    if not isinstance(raw, str) or raw not in names.KINDS:
        raise ValueError(f"kind is {raw!r:.100}, not one of {', '.join(names.KINDS)}")
    return names.KINDS[raw]


def _status(one: Span, tags: dict[str, str]) -> None:
    code = tags.get(names.CODE, "").removeprefix("STATUS_CODE_").upper()
    if code in _CODES:
        one.status.code = _CODES[code]
        del tags[names.CODE]
    if names.ERROR in tags:
        one.status.code = Status.STATUS_CODE_ERROR
        one.status.message = tags.pop(names.ERROR)
    if code in _CODES and names.DESCRIPTION in tags and one.status.message in ("", "true"):
        one.status.message = tags.pop(names.DESCRIPTION)  # from the Collector


def _links(one: Span, tags: dict[str, str]) -> None:
    index = 0
    while (held := tags.get(f"otlp.link.{index}")) is not None:
        if (link := names.parse_link(held)) is None:
            return
        trace_id, span_id, state, attributes, dropped = link
        one.links.add(
            trace_id=trace_id,
            span_id=span_id,
            trace_state=state,
            attributes=from_map(attributes),
            dropped_attributes_count=dropped,
        )
        del tags[f"otlp.link.{index}"]
        index += 1


def _scope(tags: dict[str, str]) -> InstrumentationScope:
    scope = InstrumentationScope()
    for found in names.SCOPE_NAMES:
        scope.name = tags.pop(found, "") or scope.name
    for found in names.SCOPE_VERSIONS:
        scope.version = tags.pop(found, "") or scope.version
    return scope


def _endpoint(raw: Any, name: str) -> Json:
    """What it says: `serviceName`, `ipv4`, `ipv6`, `port`."""
    raw = as_object(raw or {}, name)
    found: Json = {
        key: as_text(raw[key], f"{key} of {name}")
        for key in ("serviceName", "ipv4", "ipv6")
        if raw.get(key)
    }
    if raw.get("port"):
        found["port"] = as_int(raw["port"], f"port of {name}", 0, 65_535)
    return found


def _address(prefix: str, endpoint: Json) -> Iterator[KeyValue]:
    """An endpoint with both kinds of address keeps the second under a name of its own."""
    addresses = [endpoint[key] for key in ("ipv4", "ipv6") if key in endpoint]
    if addresses:
        yield _pair(f"{prefix}.address", addresses[0])
    if len(addresses) > 1:
        yield _pair(f"{prefix}.ipv6", addresses[1])
    if "port" in endpoint:
        yield KeyValue(key=f"{prefix}.port", value=AnyValue(int_value=endpoint["port"]))


def _pair(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))
