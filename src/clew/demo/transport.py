"""OTLP's two ways to a server: HTTP with protobuf, and gRPC; both answer in the same words."""

from __future__ import annotations

import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Lock
from types import TracebackType
from typing import Any, Protocol, Self

import httpx2
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from clew.demo.sender import Answer
from clew.demo.service import Sdk

TIMEOUT_S = 10.0
RETRYABLE_STATUSES = frozenset({429, 502, 503, 504})
# RESOURCE_EXHAUSTED only with the server's word when to come back; this client cannot read it.
RETRYABLE_CODES = frozenset(
    {"CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS"}
)
_EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


@dataclass(frozen=True)
class Tls:
    """What is trusted and presented by https://: for HTTP and, in PEM, for gRPC."""

    context: ssl.SSLContext | bool = True
    roots: bytes | None = None
    key: bytes | None = field(default=None, repr=False)
    chain: bytes | None = None


class Transport(Protocol):
    """Sends one request as an SDK would; called from several threads."""

    def __call__(self, sdk: Sdk, body: bytes) -> Answer: ...


class _Closing(ABC):
    """Closed by the end of its `with` block."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Give its connections back."""


class Http(_Closing):
    """OTLP/HTTP."""

    def __init__(
        self,
        endpoint: str,
        headers: Mapping[str, str] | None = None,
        client: httpx2.Client | None = None,
        tls: Tls | None = None,
    ) -> None:
        self._headers = dict(headers or {})
        self.url = endpoint if endpoint.endswith("/v1/traces") else f"{endpoint}/v1/traces"
        self._client = client or httpx2.Client(
            timeout=TIMEOUT_S, verify=tls.context if tls else True
        )

    def close(self) -> None:
        self._client.close()

    def __call__(self, sdk: Sdk, body: bytes) -> Answer:
        headers = {
            "Content-Type": "application/x-protobuf",
            "User-Agent": sdk.user_agent,
            **self._headers,
        }
        try:
            answer = self._client.post(self.url, content=body, headers=headers)
        except httpx2.HTTPError as error:
            return Answer(False, again=True, trouble=f"does not answer ({error})")
        if answer.status_code != 200:
            return Answer(
                False,
                again=answer.status_code in RETRYABLE_STATUSES,
                after_s=_seconds(answer.headers.get("Retry-After")),
                trouble=f"answers {answer.status_code}",
            )
        try:
            response = ExportTraceServiceResponse.FromString(answer.content)
        except DecodeError:
            return Answer(True, trouble="takes requests, but does not answer as OTLP does")
        return _taken(response)


class Grpc(_Closing):
    """OTLP/gRPC; a channel for each SDK, because the user agent belongs to the channel."""

    def __init__(
        self, endpoint: str, headers: Mapping[str, str] | None = None, tls: Tls | None = None
    ) -> None:
        self._metadata = tuple((headers or {}).items())
        self._tls = tls or Tls()
        scheme, _, self._target = endpoint.partition("://")
        if "/" in self._target:
            raise ValueError(f"{endpoint!r}: gRPC takes no path; write only scheme, host and port")
        self.url = endpoint
        self._secure = scheme == "https"
        self._exports: dict[Sdk, Callable[..., Any]] = {}
        self._channels = ExitStack()
        self._opening = Lock()

    def close(self) -> None:
        self._channels.close()

    def __call__(self, sdk: Sdk, body: bytes) -> Answer:
        import grpc

        with self._opening:
            export = self._exports.get(sdk)
            if export is None:
                export = self._exports[sdk] = self._open(sdk)
        try:
            return _taken(export(body, timeout=TIMEOUT_S, metadata=self._metadata))
        except grpc.RpcError as error:
            code = error.code().name
            return Answer(
                False,
                again=code in RETRYABLE_CODES,
                trouble=f"answers {code}: {error.details()}",
            )

    def _open(self, sdk: Sdk) -> Callable[..., Any]:
        import grpc

        options = [("grpc.primary_user_agent", sdk.user_agent), ("grpc.enable_http_proxy", 0)]
        tls = self._tls
        channel = (
            grpc.secure_channel(
                self._target, grpc.ssl_channel_credentials(tls.roots, tls.key, tls.chain), options
            )
            if self._secure
            else grpc.insecure_channel(self._target, options)
        )
        self._channels.enter_context(channel)
        opened: Callable[..., Any] = channel.unary_unary(
            _EXPORT, response_deserializer=ExportTraceServiceResponse.FromString
        )
        return opened


def _taken(response: ExportTraceServiceResponse) -> Answer:
    partial = response.partial_success
    rejected = partial.rejected_spans
    trouble = f"rejected {rejected} spans: {partial.error_message}" if rejected else ""
    return Answer(True, rejected=rejected, trouble=trouble)


def _seconds(text: str | None) -> float | None:
    """`Retry-After` in seconds; its other form, a date, is read as absent."""
    return float(text) if text is not None and text.isdigit() else None
