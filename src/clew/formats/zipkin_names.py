"""What the two directions of Zipkin's mapping share: names of tags, and the text of annotations."""

from __future__ import annotations

import re
from typing import Any

import orjson
from opentelemetry.proto.trace.v1.trace_pb2 import Span

Json = dict[str, Any]

KINDS = {
    "CLIENT": Span.SPAN_KIND_CLIENT,
    "SERVER": Span.SPAN_KIND_SERVER,
    "PRODUCER": Span.SPAN_KIND_PRODUCER,
    "CONSUMER": Span.SPAN_KIND_CONSUMER,
}
CODE = "otel.status_code"
DESCRIPTION = "otel.status_description"
ERROR = "error"
KIND = "span.kind"
TRACE_STATE = "w3c.tracestate"
SCOPE_NAMES = ("otel.scope.name", "otel.library.name")
SCOPE_VERSIONS = ("otel.scope.version", "otel.library.version")
DROPPED = {
    "otel.dropped_attributes_count": "dropped_attributes_count",
    "otel.dropped_events_count": "dropped_events_count",
    "otel.dropped_links_count": "dropped_links_count",
}
LINK = re.compile(r"otlp\.link\.(0|[1-9][0-9]{0,4})")
SHARED, DEBUG = "zipkin.shared", "zipkin.debug"
PEER = "peer.service"

# Zipkin has no resource: tags with these beginnings are one's.
RESOURCE = (
    "cloud.",
    "container.",
    "deployment.",
    "device.",
    "host.",
    "k8s.",
    "os.",
    "process.",
    "service.",
    "telemetry.",
)

_WITH_ATTRIBUTES = re.compile(r'"(?:[^"\\]|\\.)*"\s*:\s*\{.*\}', re.DOTALL)
_OF_COLLECTOR = re.compile(r"([^|]*)\|(\{.*\})\|([0-9]{1,10})", re.DOTALL)


def annotation(name: str, attributes: Json) -> str:
    """An event: its name, and as the specification has it `"name": {attributes}`."""
    if not attributes and parse_annotation(name) == (name, {}, 0):
        return name
    return f"{orjson.dumps(name).decode()}: {orjson.dumps(attributes).decode()}"


def parse_annotation(text: str) -> tuple[str, Json, int]:
    """Name, attributes and their dropped count; the Collector writes `name|{attributes}|count`."""
    if _WITH_ATTRIBUTES.fullmatch(text):
        found = _json("{" + text + "}")
        if isinstance(found, dict) and len(found) == 1:
            [(name, attributes)] = found.items()
            if isinstance(attributes, dict):
                return name, attributes, 0
    if split := _OF_COLLECTOR.fullmatch(text):
        attributes, dropped = _json(split[2]), int(split[3])
        if isinstance(attributes, dict) and dropped < 1 << 32:
            return split[1], attributes, dropped
    return text, {}, 0


def parse_link(text: str) -> tuple[bytes, bytes, str, Json, int] | None:
    """`trace|span|state|{attributes}|count`, as the Collector writes links; None if it is not."""
    head, _, count = text.rpartition("|")
    ids = head.split("|", 2)
    if len(ids) != 3 or not count.isascii() or not count.isdigit() or int(count) >= 1 << 32:
        return None
    trace_id, span_id, rest = ids
    if not re.fullmatch("[0-9a-f]*", trace_id + span_id) or len(trace_id) % 2 or len(span_id) % 2:
        return None
    at = rest.find("|{")
    while at >= 0:
        attributes = _json(rest[at + 1 :])
        if isinstance(attributes, dict):
            ids_as_bytes = bytes.fromhex(trace_id), bytes.fromhex(span_id)
            return *ids_as_bytes, rest[:at], attributes, int(count)
        at = rest.find("|{", at + 1)
    return None


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
