"""OTLP's transport: paths, methods, connections, HTTP/2 (docs/reference/otlp.md, items 1 to 21)."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from clew.settings import Settings
from tests.flow.door import (
    ACK,
    EXPORT,
    GOAWAY,
    JSON,
    PING,
    PROTOBUF,
    RETRYABLE_HTTP,
    Calls,
    Frames,
    Line,
    Refused,
    body,
    frame,
    json_body,
    knock,
    post,
    serving,
    stored,
    stored_in_the_end,
    until_closed,
)
from tests.flow.server import Clew

SUCCESS = ExportTraceServiceResponse()


@pytest.fixture(scope="module")
def clew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clew]:
    with serving(tmp_path_factory.mktemp("transport")) as server:
        yield server


def test_default_ports_are_those_of_otlp(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    assert (settings.grpc.port, settings.http.port) == (4317, 4318)


def test_export_is_taken_by_grpc_and_by_http_on_either_port(clew: Clew) -> None:
    for number, port in enumerate(clew.ports[:2]):
        line = Line(port)
        assert line.send(body(f"http {number}")).status == 200
        line.close()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            assert channel.unary_unary(EXPORT)(body(f"grpc {number}"), timeout=20) == b""


@pytest.mark.parametrize("path", ["/", "/v1/traces/", "/v1/trace", "/v2/traces", "/api/v2/spans"])
def test_other_paths_are_404_with_a_sentence_and_never_a_redirect(clew: Clew, path: str) -> None:
    for kind in (PROTOBUF, JSON):
        answer = post(clew, b"", kind, path=path)
        assert answer.status == 404
        assert "Location" not in answer.headers
        assert "/v1/traces" in answer.said().message


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_only_post_is_allowed(clew: Clew, method: str) -> None:
    answer = post(clew, b"", JSON, method=method)
    assert (answer.status, answer.headers["Allow"]) == (405, "POST")
    assert method == "HEAD" or "POST" in answer.said().message


def test_browsers_of_other_origins_are_not_let_in(clew: Clew) -> None:
    asked = {"Origin": "http://shop.test", "Access_Control_Request_Method": "POST"}
    answers = [
        post(clew, b"", None, method="OPTIONS", **asked),
        post(clew, b"{}", JSON, Origin="http://shop.test"),
    ]
    assert [answer.status for answer in answers] == [405, 200]
    assert not [
        name
        for answer in answers
        for name in answer.headers
        if name.lower().startswith("access-control")
    ]


def test_hundred_requests_in_both_encodings_use_one_socket(clew: Clew) -> None:
    line = Line(clew.ports[1])
    used = set()
    for number in range(100):
        kind = PROTOBUF if number % 2 else JSON
        content = body(f"kept {number}") if number % 2 else json_body(name=f"kept {number}")
        answer = line.send(content, kind)
        assert (answer.status, answer.type) == (200, kind)
        assert line.socket is not None, "the server closed the connection"
        used.add(line.socket.getsockname())
    line.close()
    assert len(used) == 1


def test_hundred_calls_at_once_share_one_http2_connection(clew: Clew) -> None:
    """One channel, one connection: the kernel's test of the same name sees it from inside."""
    with Calls(clew) as calls:
        export = calls.method()
        running = [export.future(body(f"call {number}"), timeout=30) for number in range(100)]
        assert [call.result() for call in running] == [b""] * 100


def test_connections_are_served_side_by_side(clew: Clew) -> None:
    lines = [Line(clew.ports[1]) for _ in range(64)]
    with ThreadPoolExecutor(64) as pool:
        found = pool.map(
            lambda pair: pair[1].send(body(f"parallel {pair[0]}")).status, enumerate(lines)
        )
        assert list(found) == [200] * 64
    for line in lines:
        line.close()


def test_chunked_body_needs_no_length(clew: Clew) -> None:
    content = body("chunked", spans=20)
    pieces = (content[at : at + 100] for at in range(0, len(content), 100))
    assert post(clew, pieces, Transfer_Encoding="chunked").status == 200
    assert len(stored(clew, "chunked", 20)) == 20


def test_sender_that_expects_100_continue_gets_it_or_its_refusal(clew: Clew) -> None:
    content = body("expected")

    def head(path: str) -> bytes:
        return (
            f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {PROTOBUF}\r\n"
            f"Expect: 100-continue\r\nContent-Length: {len(content)}\r\n\r\n"
        ).encode()

    connection = knock(clew.ports[1], head("/v1/traces"))
    assert connection.recv(1_000).startswith(b"HTTP/1.1 100 ")
    connection.sendall(content)
    assert connection.recv(1_000).startswith(b"HTTP/1.1 200 ")
    connection.close()
    # Nothing is sent, so the refusal spares the body.
    connection = knock(clew.ports[1], head("/v1/nothing"))
    assert connection.recv(1_000).startswith(b"HTTP/1.1 404 ")
    connection.close()


@pytest.mark.parametrize(
    "path",
    [
        "/opentelemetry.proto.collector.trace.v1.TraceService/Import",
        "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export",
        "/grpc.health.v1.Health/Check",
    ],
)
def test_unknown_grpc_methods_are_unimplemented(clew: Clew, path: str) -> None:
    with Calls(clew) as calls:
        answer = calls.export(b"", path=path)
    assert isinstance(answer, Refused)
    assert answer.code == grpc.StatusCode.UNIMPLEMENTED
    assert "TraceService/Export" in answer.message
    assert answer.delay_s() == []


def test_metrics_and_logs_are_taken_with_one_note_and_forgotten(clew: Clew) -> None:
    first = post(clew, b"{}", JSON, path="/v1/metrics", User_Agent="conformance")
    assert first.status == 200
    assert "OTEL_METRICS_EXPORTER=none" in json.loads(first.body)["partialSuccess"]["errorMessage"]
    again = post(clew, b"{}", JSON, path="/v1/logs", User_Agent="conformance")
    assert (again.status, again.body) == (200, b"{}")


def test_pings_at_a_sane_rate_keep_a_connection(clew: Clew) -> None:
    """Twenty a second, as no client sends them, without a call in between."""
    frames = Frames(clew.ports[0])
    seen = iter(frames)
    for number in range(20):
        payload = number.to_bytes(8, "big")
        frames.send(frame(PING, 0, 0, payload))
        while (found := next(seen))[0] != PING:
            assert found[0] != GOAWAY
        assert (found[1] & ACK, found[3]) == (ACK, payload)
        time.sleep(0.05)
    frames.close()


def test_flood_of_pings_costs_others_nothing(clew: Clew) -> None:
    """No GOAWAY for it, but every answer is written before more pings are read: nothing grows."""
    intake = clew.children()["intake"]
    frames = Frames(clew.ports[0])
    before = resident_bytes(intake)
    flood = frame(PING, 0, 0, b"12345678") * 100_000
    sending = threading.Thread(target=frames.send, args=(flood,))
    sending.start()
    assert post(clew, body("beside pings")).status == 200
    answered = 0
    for kind, flags, _, _ in frames:
        answered += kind == PING and flags & ACK
        if answered == 100_000:
            break
    sending.join(20)
    frames.close()
    assert answered == 100_000
    assert resident_bytes(intake) - before < 16 << 20


def resident_bytes(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_no_answer_and_a_retry_store_the_spans_once(clew: Clew) -> None:
    content = body("unanswered", spans=3)
    head = (
        f"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: {PROTOBUF}\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    ).encode()
    for _ in range(3):
        knock(clew.ports[1], head, content).close()
    assert post(clew, content).status == 200
    assert post(clew, content).status == 200
    assert len(stored_in_the_end(clew, "unanswered")) == 3


def test_what_is_not_otlp_is_never_answered_with_success_or_retry(clew: Clew) -> None:
    tls = knock(clew.ports[1], b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
    assert until_closed(tls)[:1] == b"\x15", "a TLS alert"
    tls.close()
    other = knock(clew.ports[1], b"\x00\x00\x00\x01hello")
    status = int(until_closed(other).split(b" ")[1])
    assert 400 <= status < 500
    assert status not in RETRYABLE_HTTP
    other.close()


def test_stopping_server_says_goaway_and_closes(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        frames = Frames(server.ports[0])
        kept = Line(server.ports[1])
        assert kept.send(body("before the stop")).status == 200
        assert server.process is not None
        server.process.send_signal(signal.SIGTERM)
        seen = [(kind, payload) for kind, _, _, payload in frames]
        frames.close()
        kept.close()
        server.process.wait(15)
    farewells = [int.from_bytes(payload[4:8], "big") for kind, payload in seen if kind == GOAWAY]
    assert farewells
    assert set(farewells) == {0}, "NO_ERROR"
