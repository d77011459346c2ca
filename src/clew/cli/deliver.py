"""One OTLP request by any of the three protocols, and what the other side said to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import orjson
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from clew.cli.client import (
    KEY_ADVICE,
    advice,
    base_url,
    channel_files,
    credentials,
    verify_and_present,
)
from clew.cli.output import Failure

TIMEOUT_S = 10
_EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


@dataclass(frozen=True)
class Answer:
    """A successful answer; it may still say that some spans were rejected."""

    endpoint: str
    rejected: int
    message: str


def by_grpc(endpoint: str, request: ExportTraceServiceRequest) -> Answer:
    """OTLP/gRPC."""
    import grpc

    url = base_url(endpoint, "--endpoint")
    scheme, _, target = url.partition("://")
    host = re.split("[/?#]", target, maxsplit=1)[0]
    if host != target:
        raise Failure(f"--endpoint {endpoint!r}: gRPC takes no path; write {scheme}://{host}")
    channel = (
        grpc.secure_channel(target, grpc.ssl_channel_credentials(*channel_files()))
        if scheme == "https"
        else grpc.insecure_channel(target, [("grpc.enable_http_proxy", 0)])
    )
    with channel:
        export = channel.unary_unary(
            _EXPORT,
            request_serializer=ExportTraceServiceRequest.SerializeToString,
            response_deserializer=ExportTraceServiceResponse.FromString,
        )
        try:
            response = export(request, timeout=TIMEOUT_S, metadata=tuple(credentials().items()))
        except grpc.RpcError as error:
            raise Failure(
                f"{url} did not take the trace: {error.code().name}: {error.details()}"
                + (
                    f"; {advice(error.details() or '', _START)}"
                    if error.code() is grpc.StatusCode.UNAVAILABLE
                    else f"; {KEY_ADVICE}"
                    if error.code() is grpc.StatusCode.UNAUTHENTICATED
                    else ""
                )
            ) from None
    return _answer(url, response)


_START = "start Clew with clew serve, or name the address that it listens on with --endpoint"


def by_http_protobuf(endpoint: str, request: ExportTraceServiceRequest) -> Answer:
    """OTLP/HTTP with protobuf."""
    from google.protobuf.message import DecodeError

    url, body = _post(endpoint, request.SerializeToString(), "application/x-protobuf")
    try:
        return _answer(url, ExportTraceServiceResponse.FromString(body))
    except DecodeError:
        raise Failure(f"{url} took the trace, but did not answer as OTLP does") from None


def by_http_json(endpoint: str, request: dict[str, Any]) -> Answer:
    """OTLP/HTTP with JSON."""
    url, body = _post(endpoint, orjson.dumps(request), "application/json")
    try:
        partial = orjson.loads(body).get("partialSuccess") or {}
        return Answer(url, int(partial.get("rejectedSpans", 0)), partial.get("errorMessage", ""))
    except (orjson.JSONDecodeError, AttributeError, ValueError):
        raise Failure(f"{url} took the trace, but did not answer as OTLP does") from None


def _post(endpoint: str, body: bytes, content_type: str) -> tuple[str, bytes]:
    import httpx2

    url = base_url(endpoint, "--endpoint")
    if not url.endswith("/v1/traces"):
        url += "/v1/traces"
    try:
        answer = httpx2.post(
            url,
            content=body,
            headers={"Content-Type": content_type, **credentials()},
            timeout=TIMEOUT_S,
            verify=verify_and_present(),
        )
    except httpx2.ConnectError as error:
        raise Failure(f"cannot reach {url} ({error}); {advice(error, _START)}") from None
    except httpx2.HTTPError as error:
        raise Failure(f"{url} broke off ({error}); is it an OTLP/HTTP port?") from None
    if answer.status_code != 200:
        raise Failure(
            f"{url} answered {answer.status_code}: {_reason(content_type, answer.content)}"
            + (f"; {KEY_ADVICE}" if answer.status_code == 401 else "")
        )
    return url, answer.content


def _reason(content_type: str, body: bytes) -> str:
    """The sentence of a google.rpc.Status, or what there is."""
    if content_type == "application/json":
        try:
            return str(orjson.loads(body)["message"])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return body.decode(errors="replace")[:200]
    from google.protobuf.message import DecodeError
    from opentelemetry.proto.trace.v1.trace_pb2 import Status

    try:
        # google.rpc.Status has its message in the same field, and no package of its own is needed.
        return Status.FromString(body).message or "no reason given"
    except DecodeError:
        return body.decode(errors="replace")[:200]


def _answer(url: str, response: ExportTraceServiceResponse) -> Answer:
    partial = response.partial_success
    return Answer(url, partial.rejected_spans, partial.error_message)
