"""The door of a running server as its senders see it: HTTP/1 by sockets, gRPC by grpcio, HTTP/2 by
frames, and the way back through the API.
"""

from __future__ import annotations

import http.client
import json
import socket
import struct
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from tests.build import request, span
from tests.flow.server import Clew

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
# What a client may send again, by the tables of the OTLP specification.
RETRYABLE_HTTP = {429, 502, 503, 504}
RETRY_INFO = "google.rpc.retryinfo-bin"
STATUS_DETAILS = "grpc-status-details-bin"
WITHIN_S = 30


@contextmanager
def serving(folder: Path, *, ready: bool = True, **settings: str) -> Iterator[Clew]:
    """A server with these settings, until the end of the block."""
    server = Clew(folder / "data", folder / "log")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(f"CLEW_{name.upper()}", value)
        server.start()
    try:
        if ready:
            server.wait_ready()
        yield server
    finally:
        assert server.process is not None
        if server.process.poll() is None:
            server.stop()


def trace_id(name: str) -> bytes:
    return blake2b(name.encode(), digest_size=16).digest()


def body(name: str, spans: int = 1) -> bytes:
    """A request of its own trace."""
    return request(
        *(span(name, trace_id=trace_id(name), span_id=number) for number in range(1, spans + 1))
    ).SerializeToString()


def json_body(members: str = "", name: str = "json") -> bytes:
    """A request of one span with these members behind its ids."""
    ids = f'"traceId":"{trace_id(name).hex()}","spanId":"00000000000000ab"'
    one = f"{{{ids}{',' if members else ''}{members}}}"
    return f'{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{one}]}}]}}]}}'.encode()


@dataclass
class Answer:
    """One HTTP answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def type(self) -> str | None:
        return self.headers["Content-Type"]

    def said(self) -> status_pb2.Status:
        """The Status of a refusal, in whichever encoding."""
        if self.type == JSON:
            found = json.loads(self.body)
            return status_pb2.Status(code=found["code"], message=found["message"])
        return status_pb2.Status.FromString(self.body)

    def rejected(self) -> tuple[int, str]:
        """What a success says about the request."""
        assert self.status == 200, self
        if self.type == JSON:
            partial = json.loads(self.body).get("partialSuccess", {})
            return int(partial.get("rejectedSpans", "0")), partial.get("errorMessage", "")
        partial = ExportTraceServiceResponse.FromString(self.body).partial_success
        return partial.rejected_spans, partial.error_message


class Line:
    """One HTTP/1 connection, kept."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WITHIN_S)

    @property
    def socket(self) -> socket.socket | None:
        return self._connection.sock

    def send(
        self,
        content: bytes | Iterator[bytes],
        kind: str | None = PROTOBUF,
        *,
        path: str = "/v1/traces",
        method: str = "POST",
        **headers: str,
    ) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if kind is not None:
            named["Content-Type"] = kind
        self._connection.request(
            method, path, content, named, encode_chunked=not isinstance(content, bytes)
        )
        found = self._connection.getresponse()
        return Answer(found.status, found.headers, found.read())

    def close(self) -> None:
        self._connection.close()


def post(
    clew: Clew, content: bytes | Iterator[bytes], kind: str | None = PROTOBUF, **more: str
) -> Answer:
    """One request on a connection of its own."""
    line = Line(clew.ports[1])
    try:
        return line.send(content, kind, **more)
    finally:
        line.close()


def knock(port: int, *pieces: bytes) -> socket.socket:
    """A socket on which these bytes were sent."""
    connection = socket.create_connection(("127.0.0.1", port), timeout=WITHIN_S)
    for piece in pieces:
        connection.sendall(piece)
    return connection


def until_closed(connection: socket.socket) -> bytes:
    """What still comes; a reset counts as an end."""
    found = b""
    with suppress(ConnectionResetError):
        while more := connection.recv(65_536):
            found += more
    return found


@dataclass
class Refused:
    """A gRPC status and its trailers."""

    code: grpc.StatusCode
    message: str
    trailers: Mapping[str, str | bytes]

    def delay_s(self) -> list[int]:
        """What each of the two trailers says about sending again; empty: final."""
        found = []
        if RETRY_INFO in self.trailers:
            found.append(error_details_pb2.RetryInfo.FromString(self.trailers[RETRY_INFO]))  # type: ignore[arg-type]
        if STATUS_DETAILS in self.trailers:
            status = status_pb2.Status.FromString(self.trailers[STATUS_DETAILS])  # type: ignore[arg-type]
            assert status.code == self.code.value[0]
            for detail in status.details:
                info = error_details_pb2.RetryInfo()
                if detail.Unpack(info):
                    found.append(info)
        return [info.retry_delay.seconds for info in found]


class Calls:
    """One gRPC channel, which is one HTTP/2 connection."""

    def __init__(self, clew: Clew, **arguments: int) -> None:
        self.channel = grpc.insecure_channel(
            clew.grpc.removeprefix("http://"),
            # A channel of its own: grpcio shares connections between equal channels.
            options=[("grpc.use_local_subchannel_pool", 1), *arguments.items()],
        )

    def __enter__(self) -> Calls:
        return self

    def __exit__(self, *_: object) -> None:
        self.channel.close()

    def method(self, path: str = EXPORT) -> Any:
        """Takes and gives bytes."""
        return self.channel.unary_unary(path)

    def export(
        self,
        message: ExportTraceServiceRequest | bytes,
        *,
        path: str = EXPORT,
        compression: grpc.Compression | None = None,
        timeout: float = WITHIN_S,
    ) -> ExportTraceServiceResponse | Refused:
        content = message if isinstance(message, bytes) else message.SerializeToString()
        try:
            found = self.method(path)(content, timeout=timeout, compression=compression)
        except grpc.RpcError as error:
            trailers = dict(error.trailing_metadata() or ())
            return Refused(error.code(), error.details(), trailers)
        return ExportTraceServiceResponse.FromString(found)


# HTTP/2 frames, for what no client library shows.
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
ACK = 1
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


class Frames:
    """A raw HTTP/2 connection that answers settings and pings as every client does."""

    def __init__(self, port: int) -> None:
        self.socket = knock(port, PREFACE, frame(SETTINGS, 0, 0))
        self._file = self.socket.makefile("rb")

    def send(self, *frames: bytes) -> None:
        self.socket.sendall(b"".join(frames))

    def __iter__(self) -> Iterator[tuple[int, int, int, bytes]]:
        """(type, flags, stream, payload) until the server closes."""
        while len(head := self._file.read(9)) == 9:
            kind, flags, stream = struct.unpack(">BBI", head[3:])
            payload = self._file.read(int.from_bytes(head[:3], "big"))
            if kind in (SETTINGS, PING) and not flags & ACK:
                with suppress(ConnectionError):  # a farewell may still be there to be read
                    self.send(frame(kind, ACK, 0, payload if kind == PING else b""))
            yield kind, flags, stream, payload

    def close(self) -> None:
        self._file.close()
        self.socket.close()


def stored(clew: Clew, name: str, spans: int = 1) -> list[dict[str, Any]]:
    """The spans of this trace once there are so many, each with its `resource` and `scope`."""
    deadline = time.monotonic() + WITHIN_S
    while True:
        status, text = clew.get(f"/api/v1/traces/{trace_id(name).hex()}")
        found = (
            [
                {
                    **one,
                    "resource": group.get("resource", {}),
                    "resourceSchemaUrl": group.get("schemaUrl", ""),
                    "scope": inner.get("scope", {}),
                    "scopeSchemaUrl": inner.get("schemaUrl", ""),
                }
                for group in json.loads(text)["resourceSpans"]
                for inner in group["scopeSpans"]
                for one in inner["spans"]
            ]
            if status == 200
            else []
        )
        if len(found) >= spans:
            return found
        assert time.monotonic() < deadline, f"{len(found)} of {spans} spans of {name!r}: {text}"
        time.sleep(0.05)


def stored_in_the_end(clew: Clew, name: str) -> list[dict[str, Any]]:
    """The spans of this trace once what was sent before is stored: segments keep their order."""
    last = f"after {name}"
    assert post(clew, body(last)).status == 200
    stored(clew, last)
    return stored(clew, name)


def attributes(one: Mapping[str, Any]) -> dict[str, Any]:
    """Keys and AnyValues in JSON, of a span, a resource, a scope, an event or a link."""
    return {pair["key"]: pair.get("value", {}) for pair in one.get("attributes", [])}
