"""Groups of spans → Zipkin's JSON, version 2, as the OpenTelemetry specification maps them."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterator
from typing import Any

import orjson
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from clew.formats import zipkin_names as names
from clew.formats.values import plain_map, text

Json = dict[str, Any]
Lost = Counter[str]

_KINDS = {number: word for word, number in names.KINDS.items()}
_RESERVED = {
    *names.SCOPE_NAMES,
    *names.SCOPE_VERSIONS,
    *names.DROPPED,
    names.TRACE_STATE,
    names.CODE,
    names.DESCRIPTION,
    names.KIND,
}
# Who was called, the best name first; an address of the network comes after the first three.
_PEERS = (
    names.PEER,
    "server.address",
    "net.peer.name",
    "network.peer.address",
    "server.socket.domain",
    "server.socket.address",
    "net.sock.peer.name",
    "net.sock.peer.addr",
    "peer.hostname",
    "peer.address",
    "db.name",
)


def spans(group: ResourceSpans, lost: Lost) -> Iterator[Json]:
    """The spans of a group; what Zipkin has no place for is counted in `lost`."""
    lost["schema URLs"] += bool(group.schema_url)
    lost["dropped counts of resources and scopes"] += bool(group.resource.dropped_attributes_count)
    lost["entity references"] += len(group.resource.entity_refs)
    resource = _texts(group.resource.attributes, {}, lost)
    service = resource.pop("service.name", "") or "unknown_service"
    for scoped in group.scope_spans:
        lost["schema URLs"] += bool(scoped.schema_url)
        lost["attributes of scopes"] += len(scoped.scope.attributes)
        lost["dropped counts of resources and scopes"] += bool(
            scoped.scope.dropped_attributes_count
        )
        for one in scoped.spans:
            yield _span(one, scoped, service, resource, lost)


def _span(
    one: Span, scoped: ScopeSpans, service: str, resource: dict[str, str], lost: Lost
) -> Json:
    tags = _texts(one.attributes, resource, lost)
    if tags.pop("service.name", None) is not None:
        lost["attributes named like Zipkin's own tags"] += 1
    start_us = one.start_time_unix_nano // 1000
    duration_ns = one.end_time_unix_nano - one.start_time_unix_nano
    lost["ends before starts"] += duration_ns < 0
    lost["flags"] += bool(one.flags & ~1)
    found: Json = {"traceId": one.trace_id.hex(), "id": one.span_id.hex()}
    if any(one.parent_span_id):
        found["parentId"] = one.parent_span_id.hex()
    if one.name:
        found["name"] = one.name
    if one.kind in _KINDS:
        found["kind"] = _KINDS[one.kind]
    lost["kinds that become internal"] += one.kind not in (*_KINDS, Span.SPAN_KIND_INTERNAL)
    if start_us:
        found["timestamp"] = start_us
    if duration_ns >= 1000:
        found["duration"] = duration_ns // 1000
    for flag, key in (("shared", names.SHARED), ("debug", names.DEBUG)):
        if tags.get(key) == "true":
            found[flag] = True
            del tags[key]
    if local := _endpoint(tags, "network.local", service):
        found["localEndpoint"] = local
    if remote := _endpoint(tags, "network.peer", _peer(one, tags)):
        found["remoteEndpoint"] = remote
    if one.events:
        found["annotations"] = [_annotation(event, lost) for event in one.events]
    _own_tags(one, scoped, tags, lost)
    if tags:
        found["tags"] = dict(sorted(tags.items()))
    return found


def _texts(pairs: Any, under: dict[str, str], lost: Lost) -> dict[str, str]:
    """Attributes as tags, over those of the resource; of a repeated key the first counts."""
    found: dict[str, str] = {}
    pair: KeyValue
    for pair in pairs:
        if pair.key in found:
            lost["repeated attributes"] += 1
        elif pair.key in _RESERVED or names.LINK.fullmatch(pair.key):
            lost["attributes named like Zipkin's own tags"] += 1
        else:
            found[pair.key] = text(pair.value)
    lost["attributes of resources that a span has, too"] += len(found.keys() & under.keys())
    return {**under, **found}


def _peer(one: Span, tags: dict[str, str]) -> str:
    """The name of who was called; empty if there is none, or an address instead."""
    if tags.get(names.PEER):
        return tags.pop(names.PEER)
    if one.kind in (Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_PRODUCER):
        for key in _PEERS:
            if tags.get(key):
                is_address = key == "network.peer.address" and _version(tags[key])
                return "" if is_address else tags[key]
    return ""


def _endpoint(tags: dict[str, str], prefix: str, service: str) -> Json:
    """Takes the addresses that it holds out of the tags."""
    found: Json = {"serviceName": service} if service else {}
    address = tags.get(f"{prefix}.address", "")
    if version := _version(address):
        found[f"ipv{version}"] = tags.pop(f"{prefix}.address")
        second = tags.get(f"{prefix}.ipv6", "")
        if version == 4 and _version(second) == 6:
            found["ipv6"] = tags.pop(f"{prefix}.ipv6")
    port = tags.get(f"{prefix}.port", "")
    if port.isascii() and port.isdigit() and not port.startswith("0") and int(port[:6]) < 65_536:
        found["port"] = int(tags.pop(f"{prefix}.port"))
    return found


def _version(address: str) -> int:
    """4 or 6; 0 when it is no address in its usual form."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return 0
    return parsed.version if str(parsed) == address else 0


def _annotation(event: Span.Event, lost: Lost) -> Json:
    lost["dropped counts of events"] += bool(event.dropped_attributes_count)
    attributes = plain_map(event.attributes)
    lost["repeated attributes"] += len(event.attributes) - len(attributes)
    value = names.annotation(event.name, attributes)
    return {"timestamp": event.time_unix_nano // 1000, "value": value}


def _own_tags(one: Span, scoped: ScopeSpans, tags: dict[str, str], lost: Lost) -> None:
    failed = one.status.code == Status.STATUS_CODE_ERROR
    said = tags.pop(names.ERROR, "false")
    if failed or said != "false":
        # Zipkin calls a span failed that has this tag, whatever the status says.
        tags[names.CODE] = "ERROR"
        tags[names.ERROR] = one.status.message if failed else said
    else:
        if one.status.code == Status.STATUS_CODE_OK:
            tags[names.CODE] = "OK"
        lost["status messages without an error"] += bool(one.status.message)
        lost["unknown status codes"] += one.status.code not in (0, 1)
    if scoped.scope.name:
        tags[names.SCOPE_NAMES[0]] = scoped.scope.name
    if scoped.scope.version:
        tags[names.SCOPE_VERSIONS[0]] = scoped.scope.version
    if one.trace_state:
        tags[names.TRACE_STATE] = one.trace_state
    for key, field in names.DROPPED.items():
        if count := getattr(one, field):
            tags[key] = str(count)
    for index, link in enumerate(one.links):
        lost["flags of links"] += bool(link.flags)
        attributes = orjson.dumps(plain_map(link.attributes)).decode()
        tags[f"otlp.link.{index}"] = (
            f"{link.trace_id.hex()}|{link.span_id.hex()}|{link.trace_state}|{attributes}|"
            f"{link.dropped_attributes_count}"
        )
