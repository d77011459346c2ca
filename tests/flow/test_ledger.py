"""Wrong knocks of every kind at the real process: each is in the ledger with its cause, and a
healthy sender is served all the same.
"""

from __future__ import annotations

import contextlib
import gzip
import http.client
import itertools
import json
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests import build
from tests.flow.server import Clew

WITHIN_S = 30
PROTOBUF = "application/x-protobuf"
EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clew]:
    folder = tmp_path_factory.mktemp("ledger")
    clew = Clew(folder / "data", folder / "log")
    clew.start()
    clew.wait_ready()
    yield clew
    clew.stop()


Send = Callable[[Clew], None]
# One address may not fill the ledger: 200 kinds of it are kept apart in ten minutes.
ADDRESSES = itertools.cycle([f"127.0.0.{last}" for last in range(2, 8)])


def raw(first: bytes, *, port: int = 1, wait: bool = True) -> Send:
    """Bytes on a bare socket; then the answer is read to its end, or the connection is closed."""

    source = (next(ADDRESSES), 0)

    def send(clew: Clew) -> None:
        with socket.create_connection(("127.0.0.1", clew.ports[port]), 10, source) as connection:
            if first:
                connection.sendall(first)
            if wait:
                connection.shutdown(socket.SHUT_WR)
                with contextlib.suppress(ConnectionError):
                    while connection.recv(4096):
                        pass

    return send


def request(
    method: str, path: str, body: bytes | str = b"", *, port: int = 1, **headers: str
) -> Send:
    source = (next(ADDRESSES), 0)

    def send(clew: Clew) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with contextlib.closing(
            http.client.HTTPConnection("127.0.0.1", clew.ports[port], 30, source)
        ) as connection:
            connection.request(method, path, body, named)
            connection.getresponse().read()

    return send


def post(body: bytes | str = b"", *, path: str = "/v1/traces", **headers: str) -> Send:
    return request("POST", path, body, **headers)


def call(method: str, message: bytes, *, metadata: tuple[tuple[str, str], ...] = ()) -> Send:
    def send(clew: Clew) -> None:
        with grpc.insecure_channel(f"127.0.0.1:{clew.ports[0]}") as channel:
            export = channel.unary_unary(method, lambda one: one, lambda one: one)
            with contextlib.suppress(grpc.RpcError):
                export(message, timeout=10, metadata=metadata)

    return send


def tls(clew: Clew) -> None:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    with (
        socket.create_connection(("127.0.0.1", clew.ports[0]), 10) as connection,
        pytest.raises(OSError),
    ):
        context.wrap_socket(connection, server_hostname="collector.test")


def secure_grpc(clew: Clew) -> None:
    """A real client that was told to use TLS."""
    address = f"127.0.0.1:{clew.ports[1]}"
    with grpc.secure_channel(address, grpc.ssl_channel_credentials()) as channel:
        with contextlib.suppress(grpc.RpcError):
            channel.unary_unary(EXPORT)(b"", timeout=3)


def good() -> bytes:
    return build.request(build.span()).SerializeToString()


def bad_span() -> bytes:
    message: ExportTraceServiceRequest = build.request(build.span())
    message.resource_spans[0].scope_spans[0].spans[0].trace_id = b"short"
    return message.SerializeToString()


def long_value() -> bytes:
    message: ExportTraceServiceRequest = build.request(build.span(), service="shop")
    span = message.resource_spans[0].scope_spans[0].spans[0]
    span.attributes.add(key="db.query.text").value.string_value = "x" * 20_000
    return message.SerializeToString()


@dataclass(frozen=True)
class Knock:
    """What is sent, the reason expected, and what else the entry says."""

    reason: str
    send: Send
    detail: str = ""
    protocol: str = ""
    status: int | None = None


BOMB = gzip.compress(bytes(80 << 20))

KNOCKS = [
    # Media types, paths, methods, compressions.
    Knock(
        "unsupported_media_type", post(b"x", Content_Type="text/plain"), "text/plain", "http1", 415
    ),
    Knock("missing_media_type", post(b"x"), "", "http1", 415),
    Knock("wrong_path", post(path="/", Content_Type=PROTOBUF), "POST /", "http1", 404),
    Knock("wrong_path", post(path="/v1/traces/v1/traces"), "/v1/traces/v1/traces"),
    Knock("wrong_path", post(path="//v1/traces"), "//v1/traces"),
    Knock("wrong_path", post(path="/v1/trace"), "/v1/trace"),
    Knock("wrong_method", request("GET", "/v1/traces"), "GET /v1/traces", "http1", 405),
    Knock("wrong_method", request("PUT", "/v1/traces", b"x"), "PUT"),
    Knock(
        "unsupported_compression",
        post(b"x", Content_Type=PROTOBUF, Content_Encoding="br"),
        "br",
    ),
    Knock(
        "corrupt_compression",
        post(b"no gzip", Content_Type=PROTOBUF, Content_Encoding="gzip"),
        "",
        "http1",
        400,
    ),
    Knock("too_large", post(BOMB, Content_Type=PROTOBUF, Content_Encoding="gzip"), "", "", 413),
    Knock("malformed", post(b"\xff" * 9, Content_Type=PROTOBUF), "", "http1", 400),
    Knock("malformed", post("{", Content_Type="application/json"), ""),
    Knock("spans_rejected", post(bad_span(), Content_Type=PROTOBUF), "trace_id", "http1", 200),
    Knock(
        "values_cut",
        post(long_value(), Content_Type=PROTOBUF),
        "db.query.text of service shop",
        "http1",
        200,
    ),
    # gRPC.
    Knock("unknown_grpc_method", call("/my.Service/Call", b""), "/my.Service/Call", "grpc", 12),
    Knock("malformed", call(EXPORT, b"\xff" * 9), "", "grpc", 3),
    Knock("spans_rejected", call(EXPORT, bad_span()), "trace_id", "grpc", 0),
    Knock("grpc_health_probe", call("/grpc.health.v1.Health/Check", b""), "", "grpc"),
    Knock(
        "grpc_reflection",
        call("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", b""),
    ),
    Knock("jaeger_grpc", call("/jaeger.api_v2.CollectorService/PostSpans", b"")),
    Knock(
        "opencensus", call("/opencensus.proto.agent.trace.v1.TraceService/Export", b""), "", "grpc"
    ),
    Knock("grpc_over_http1", post(b"\0" * 5, path=EXPORT, Content_Type="application/grpc")),
    Knock("grpc_web", post(b"\0" * 5, path=EXPORT, Content_Type="application/grpc-web+proto")),
    Knock("http_on_grpc_path", post(good(), path=EXPORT, Content_Type=PROTOBUF)),
    # Other systems over HTTP.
    Knock("zipkin", post("[]", path="/api/v2/spans", Content_Type="application/json")),
    Knock(
        "jaeger_http",
        post(b"\x0c", path="/api/traces?format=jaeger.thrift"),
        "/api/traces",
        "http1",
    ),
    Knock("datadog", request("PUT", "/v0.4/traces", b"\x90"), "/v0.4/traces"),
    Knock("elastic_apm", post("{}", path="/intake/v2/events")),
    Knock("loki", post("{}", path="/loki/api/v1/push")),
    Knock("prometheus_remote_write", post(b"x", path="/api/v1/write")),
    Knock("prometheus_scrape", request("GET", "/metrics", User_Agent="Prometheus/3.5.0")),
    Knock("health_probe", request("GET", "/healthz", User_Agent="kube-probe/1.33")),
    Knock("browser", request("GET", "/", User_Agent="Mozilla/5.0 (X11)")),
    Knock("cors_preflight", request("OPTIONS", "/v1/traces", Origin="https://shop.test")),
    Knock("http_proxy_request", raw(b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n")),
    # TLS.
    Knock("tls_on_plain_port", tls, 'server name "collector.test", protocols h2', "tls"),
    Knock("tls_on_plain_port", secure_grpc, "h2", "tls"),
    # Other protocols.
    Knock("proxy_protocol", raw(b"PROXY TCP4 10.0.0.1 10.0.0.2 9 4317\r\n"), "PROXY", "proxy_v1"),
    Knock(
        "proxy_protocol",
        raw(b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(12)),
        "",
        "proxy_v2",
    ),
    Knock("jaeger_thrift", raw(b"\x82\x81\x01\x09emitBatch"), "", "thrift"),
    Knock("jaeger_thrift", raw(b"\0\0\0\x20\x80\x01\0\x01\0\0\0\x09emitBatch", port=0)),
    Knock("statsd", raw(b"requests.total:1|c|#env:prod\n"), "requests.total", "statsd"),
    Knock("graphite", raw(b"servers.a.load 0.5 1795348800\n"), "", "graphite"),
    Knock("syslog", raw(b"<34>1 2026-11-22T12:00:00Z host app - - - text\n")),
    Knock("redis", raw(b"*1\r\n$4\r\nPING\r\n"), "", "redis"),
    Knock("postgres", raw(struct.pack(">II", 8, 80877103)), "00 00 00 08", "postgres"),
    Knock("mysql", raw(b"\x20\0\0\x01\x05\xa6\xff\x01" + bytes(28))),
    Knock("mongodb", raw(struct.pack("<iiii", 40, 1, 0, 2013) + bytes(24))),
    Knock("kafka", raw(b"\0\0\0\x20\0\x12\0\x03\0\0\0\0\0\x05admin")),
    Knock("mqtt", raw(b"\x10\x10\0\x04MQTT\x04\x02\0\x3c\0\x04me01")),
    Knock("amqp", raw(b"AMQP\0\0\x09\x01")),
    Knock("ssh", raw(b"SSH-2.0-OpenSSH_9.9\r\n"), "SSH-2.0", "ssh"),
    Knock("mail", raw(b"EHLO mail.test\r\n"), "EHLO"),
    Knock("memcached", raw(b"stats\r\n")),
    Knock("socks", raw(b"\x05\x01\0"), "", "socks5"),
    Knock("json_without_http", raw(b'{"resourceSpans":[]}\n')),
    # Broken HTTP and connections.
    Knock("malformed_http", raw(b"post /v1/traces HTTP/1.1\r\n\r\n"), "", "http1", 400),
    Knock("malformed_http", raw(b"POST /v1/traces HTTP/1.1\r\nno colon\r\n\r\n"), "", "http1"),
    Knock("malformed_http2", raw(PREFACE + b"\xff" * 64, port=0), "", "http2"),
    Knock("incomplete_request", raw(b"POST /v1/traces HTTP/1.1\r\nHost: a\r\n")),
    Knock(
        "aborted",
        raw(
            b"POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\n"
            b"Content-Length: 100\r\n\r\nhalf"
        ),
    ),
    Knock("bare_connection", raw(b"", wait=False), "", "tcp", 0),
    Knock("unknown_protocol", raw(b"hello there\n"), "hello there", "unknown", 400),
]


def entries(clew: Clew, query: str = "") -> list[dict[str, Any]]:
    status, body = clew.get(f"/api/v1/ledger?limit=10000{query}")
    assert status == 200, body
    found: list[dict[str, Any]] = json.loads(body)["entries"]
    return found


def fits(knock: Knock, entry: dict[str, Any]) -> bool:
    return (
        entry["reason"] == knock.reason
        and knock.detail in entry["detail"]
        and knock.protocol in ("", entry["protocol"])
        and knock.status in (None, entry["status"])
    )


def wait_for(clew: Clew, knocks: list[Knock]) -> list[dict[str, Any]]:
    deadline = time.monotonic() + WITHIN_S
    while True:
        found = entries(clew)
        missing = [one for one in knocks if not any(fits(one, entry) for entry in found)]
        if not missing:
            return found
        if time.monotonic() > deadline:
            told = [(e["reason"], e["protocol"], e["status"], e["detail"]) for e in found]
            raise AssertionError(f"not in the ledger: {missing}\nthere are: {told}")
        time.sleep(0.1)


def test_ledger_names_the_cause_of_every_wrong_knock(server: Clew) -> None:
    for knock in KNOCKS:
        knock.send(server)
    for entry in wait_for(server, KNOCKS):
        assert entry["address"].startswith("127.0.0.")
        assert entry["port"] in server.ports[:2]
        assert len(entry["sentence"]) > 20
        assert int(entry["first"]) <= int(entry["last"])
    # Nobody healthy is kept out, and none of it is a span or lost.
    before = server.metric("clew_store_spans_total")
    post(good(), Content_Type=PROTOBUF)(server)
    call(EXPORT, build.request(build.span(span_id=2)).SerializeToString())(server)
    deadline = time.monotonic() + WITHIN_S
    while server.metric("clew_store_spans_total") < before + 2:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert server.metric("clew_store_dead_letters_total") in (0, 0.0)


def test_key_is_never_kept_whole_and_senders_are_told_apart(server: Clew) -> None:
    for agent in ("one/1.0", "two/2.0"):
        send = post(b"x", path="/keyed", User_Agent=agent, kf_api_key="kf_0123456789abcdefghijklm")
        send(server)
        send(server)
    knocks = [Knock("wrong_path", post(), "/keyed")]
    deadline = time.monotonic() + WITHIN_S
    while True:
        wait_for(server, knocks)
        found = [e for e in entries(server, "&reason=wrong_path") if "/keyed" in e["detail"]]
        if sum(entry["count"] for entry in found) >= 4:
            break
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    assert {(e["userAgent"], e["count"], e["keyPrefix"]) for e in found} == {
        ("one/1.0", 2, "kf_01234"),
        ("two/2.0", 2, "kf_01234"),
    }
    assert found[0]["headers"] == sorted(found[0]["headers"])
    assert "kf-api-key" in found[0]["headers"]
    assert "56789" not in json.dumps(found)


def test_knocks_reach_the_store_in_time_and_survive_a_stop(tmp_path: Path) -> None:
    clew = Clew(tmp_path / "data", tmp_path / "log")
    clew.start()
    clew.wait_ready()
    knock = KNOCKS[0]
    knock.send(clew)
    sent = time.monotonic()
    wait_for(clew, [knock])
    # 5 s are promised; a busy machine gets more.
    assert time.monotonic() - sent < 15
    KNOCKS[2].send(clew)
    clew.stop()
    clew.start()
    clew.wait_ready()
    found = wait_for(clew, [knock, KNOCKS[2]])
    assert [entry["count"] for entry in found if entry["reason"] == knock.reason] == [1]
    clew.stop()
