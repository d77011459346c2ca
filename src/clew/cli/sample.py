"""The test trace of `clew send`: one request, four spans, as OTLP JSON and as protobuf."""

from __future__ import annotations

import base64
import secrets
import time
from importlib.metadata import version
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

_MS = 1_000_000
# kind, name, starts after, ends after, parent (index), attributes
_SPANS: tuple[tuple[int, str, int, int, int | None, dict[str, str | int]], ...] = (
    (
        2,
        "GET /hello",
        0,
        42 * _MS,
        None,
        {"http.request.method": "GET", "http.route": "/hello", "http.response.status_code": 200},
    ),
    (1, "say hello", 3 * _MS, 38 * _MS, 0, {"code.function.name": "say_hello"}),
    (
        3,
        "SELECT greetings",
        6 * _MS,
        19 * _MS,
        1,
        {"db.system.name": "postgresql", "db.collection.name": "greetings"},
    ),
    (
        3,
        "GET",
        21 * _MS,
        36 * _MS,
        1,
        {"http.request.method": "GET", "server.address": "names.example", "server.port": 443},
    ),
)
SPAN_COUNT = len(_SPANS)


def trace_json(service: str, now_ns: int | None = None) -> tuple[str, dict[str, Any]]:
    """A new trace id, and the request with it; the trace ends now."""
    trace_id = secrets.token_hex(16)
    span_ids = [secrets.token_hex(8) for _ in _SPANS]
    end_ns = time.time_ns() if now_ns is None else now_ns
    start_ns = end_ns - max(ends for _, _, _, ends, _, _ in _SPANS)
    spans = [
        {
            "traceId": trace_id,
            "spanId": span_id,
            **({} if parent is None else {"parentSpanId": span_ids[parent]}),
            "name": name,
            "kind": kind,
            "startTimeUnixNano": str(start_ns + starts),
            "endTimeUnixNano": str(start_ns + ends),
            "attributes": _attributes(attributes),
        }
        for span_id, (kind, name, starts, ends, parent, attributes) in zip(
            span_ids, _SPANS, strict=True
        )
    ]
    resource = {
        "service.name": service,
        "telemetry.sdk.name": "clew-send",
        "telemetry.sdk.language": "python",
        "telemetry.sdk.version": version("clew"),
    }
    scope = {"name": "clew.send", "version": version("clew")}
    return trace_id, {
        "resourceSpans": [
            {
                "resource": {"attributes": _attributes(resource)},
                "scopeSpans": [{"scope": scope, "spans": spans}],
            }
        ]
    }


def as_protobuf(request: dict[str, Any]) -> ExportTraceServiceRequest:
    """The same request; protobuf's own JSON has ids in base64 where OTLP's has hex."""
    from google.protobuf.json_format import ParseDict

    return ParseDict(_with_base64_ids(request), ExportTraceServiceRequest())


def _with_base64_ids(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_base64_ids(item) for item in value]
    if isinstance(value, dict):
        return {
            key: base64.b64encode(bytes.fromhex(item)).decode()
            if key in ("traceId", "spanId", "parentSpanId")
            else _with_base64_ids(item)
            for key, item in value.items()
        }
    return value


def _attributes(values: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "key": key,
            "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value},
        }
        for key, value in values.items()
    ]
