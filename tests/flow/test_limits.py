"""The limits at the real process: what is above one is told so, counted, in the ledger, and costs
nobody else.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from clew.admin import Keys
from tests import build
from tests.flow.door import (
    EXPORT,
    GOAWAY,
    JSON,
    PREFACE,
    WITHIN_S,
    Answer,
    Calls,
    Frames,
    Line,
    Refused,
    attributes,
    body,
    knock,
    post,
    serving,
    stored,
    trace_id,
    until_closed,
)
from tests.flow.server import Clew
from tests.unit.kernel.strategies import otlp_json

pytestmark = pytest.mark.timeout(180)

CONNECTIONS = 3


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clew]:
    folder = tmp_path_factory.mktemp("crowded")
    with serving(folder, max_connections_per_address=str(CONNECTIONS)) as clew:
        yield clew


@pytest.fixture(scope="module")
def trimming(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clew]:
    with serving(tmp_path_factory.mktemp("trimming")) as clew:
        yield clew


@contextlib.contextmanager
def held(clew: Clew, count: int) -> Iterator[list[socket.socket]]:
    """Connections that are open and were served."""
    lines = [Line(clew.ports[1]) for _ in range(count)]
    for index, line in enumerate(lines):
        assert line.send(body(f"held {index}")).status == 200
    sockets = [line.socket for line in lines if line.socket]
    assert len(sockets) == count
    try:
        yield sockets
    finally:
        for line in lines:
            line.close()
        wait_until(lambda: clew.metric("clew_intake_open_connections") == 0)


def rest(connection: socket.socket) -> bytes:
    """What still comes until the server closes."""
    with contextlib.closing(connection):
        return until_closed(connection)


def wait_until(condition: Any) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def is_told(crowded: Clew) -> bool:
    # Only so many are told why at one time; others are just closed.
    try:
        return post(crowded, body("refused")).status == 429
    except (OSError, http.client.HTTPException):
        return False


def sample(clew: Clew, name: str) -> float:
    """One sample, labels and all; 0 when it is not there."""
    _, text = clew.get("/metrics")
    lines = [line.rpartition(" ") for line in text.splitlines()]
    return sum(float(value) for found, _, value in lines if found == name)


def in_ledger(clew: Clew, reason: str) -> dict[str, Any]:
    deadline = time.monotonic() + WITHIN_S
    while True:
        status, text = clew.get(f"/api/v1/ledger?reason={reason}")
        if status == 200 and (found := json.loads(text)["entries"]):
            entry: dict[str, Any] = found[0]
            return entry
        assert time.monotonic() < deadline, text
        time.sleep(0.1)


def test_connection_above_the_share_of_an_address_is_told_so_in_its_protocol(
    crowded: Clew,
) -> None:
    refused = 'clew_intake_connections_refused_total{reason="per_address"}'
    with held(crowded, CONNECTIONS):
        wait_until(lambda: is_told(crowded))
        before = sample(crowded, refused)
        answer = post(crowded, body("one too many"))
        assert answer.status == 429
        assert answer.headers["Retry-After"] == "3"
        assert b"max_connections_per_address" in answer.body
        http1 = knock(crowded.ports[1], b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        assert rest(http1).startswith(b"HTTP/1.1 429 this address has as many connections")
        frames = Frames(crowded.ports[0])
        goaway = [payload for kind, *_, payload in frames if kind == GOAWAY]
        frames.close()
        assert len(goaway) == 1
        assert goaway[0][:8] == bytes([0, 0, 0, 0, 0, 0, 0, 11])
        assert b"max_connections_per_address" in goaway[0]
        with Calls(crowded) as calls:
            called = calls.export(body("one too many by gRPC"), timeout=10)
            assert isinstance(called, Refused)
            assert called.code == grpc.StatusCode.UNAVAILABLE
            assert "max_connections_per_address" in called.message
        assert rest(knock(crowded.ports[0], b"hello there\n")) == b""
    wait_until(lambda: sample(crowded, refused) >= before + 5)
    # A client that is sent away does not come back in a loop.
    assert sample(crowded, refused) < before + 25
    entry = in_ledger(crowded, "too_many_connections_per_address")
    assert entry["address"] == "127.0.0.1"
    assert "max_connections_per_address" in entry["sentence"]
    assert post(crowded, body("room again")).status == 200


def test_other_addresses_are_served_while_one_has_its_share(crowded: Clew) -> None:
    with held(crowded, CONNECTIONS):
        wait_until(lambda: is_told(crowded))
        other = socket.create_connection(
            ("127.0.0.1", crowded.ports[1]), WITHIN_S, source_address=("127.0.0.2", 0)
        )
        content = body("from elsewhere")
        other.sendall(
            b"POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\n"
            b"Connection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(content), content)
        )
        assert rest(other).startswith(b"HTTP/1.1 200")


def test_those_who_are_turned_away_are_bounded_too(crowded: Clew) -> None:
    with held(crowded, CONNECTIONS):
        silent = [knock(crowded.ports[1]) for _ in range(100)]
        began = time.monotonic()
        for one in silent:
            assert rest(one) == b""
        assert time.monotonic() - began < 15
        for _ in range(20):
            knock(crowded.ports[0], PREFACE).close()
    assert post(crowded, body("still here")).status == 200


def long_request(name: str) -> Any:
    request = build.request(build.span(trace_id=trace_id(name)), service="checkout")
    span = request.resource_spans[0].scope_spans[0].spans[0]
    span.attributes.add(key="db.query.text").value.string_value = "é" * 20_000
    for index in range(1_100):
        span.attributes.add(key=f"k{index}").value.int_value = index
    span.status.message = "x" * 17_000
    return request


@pytest.mark.parametrize("form", ["protobuf", "json", "grpc"])
def test_long_values_and_many_attributes_cost_themselves_and_no_span(
    trimming: Clew, form: str
) -> None:
    name = f"long {form}"
    request = long_request(name)
    own = len(request.resource_spans[0].scope_spans[0].spans[0].attributes)
    # Each sender is told once an hour, and a key makes a sender.
    key = {"kf_api_key": f"sender of {form}"}

    def send() -> tuple[int, str]:
        if form == "grpc":
            with grpc.insecure_channel(f"127.0.0.1:{trimming.ports[0]}") as channel:
                found = channel.unary_unary(EXPORT)(
                    request.SerializeToString(),
                    timeout=WITHIN_S,
                    metadata=[("kf-api-key", key["kf_api_key"])],
                )
                partial = ExportTraceServiceResponse.FromString(found).partial_success
                return partial.rejected_spans, partial.error_message
        if form == "json":
            answer = post(trimming, json.dumps(otlp_json(request)).encode(), JSON, **key)
        else:
            answer = post(trimming, request.SerializeToString(), **key)
        assert answer.status == 200
        return answer.rejected()

    rejected, message = send()
    assert rejected == 0
    assert "2 values were cut to 16384 bytes" in message
    assert f"{own - 1023} attributes were above 1024 of one owner and dropped" in message
    assert 'db.query.text of service "checkout" (40000 bytes)' in message
    request.resource_spans[0].scope_spans[0].spans[0].span_id = b"\x07" * 8
    assert send() == (0, "")  # once an hour

    for span in stored(trimming, name, 2):
        kept = attributes(span)
        assert kept["db.query.text"]["stringValue"] == "é" * 8_192
        assert kept["clew.cut"]["stringValue"] == (
            "db.query.text (40000 bytes), status message (17000 bytes)"
        )
        assert len(span["status"]["message"]) == 16_384
        assert len(span["attributes"]) == 1_024
        assert span["droppedAttributesCount"] == own - 1023


def test_cuts_are_counted_by_reason_and_in_the_ledger(trimming: Clew) -> None:
    names = [f'clew_intake_cut_total{{reason="{word}"}}' for word in ("value_size", "name_size")]
    before = [sample(trimming, name) for name in names]
    request = long_request("counted")
    request.resource_spans[0].scope_spans[0].spans[0].name = "n" * 3_000
    assert post(trimming, request.SerializeToString()).status == 200
    wait_until(lambda: [sample(trimming, name) for name in names] == [before[0] + 2, before[1] + 1])
    entry = in_ledger(trimming, "values_cut")
    assert "of service checkout" in entry["detail"]
    assert "all spans were kept" in entry["sentence"]


def wait_to_pass(send: Any) -> Answer:
    deadline = time.monotonic() + WITHIN_S
    while (answer := send()).status == 429:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    found: Answer = answer
    return found


def test_spans_above_the_total_rate_are_to_be_sent_again(tmp_path: Path) -> None:
    with serving(tmp_path, max_spans_per_second="20") as clew:
        # A burst of ten seconds passes, and what is above it is owed.
        assert post(clew, body("burst", 230)).status == 200
        answer = post(clew, body("too many"))
        assert answer.status == 429
        assert answer.said().code == 8
        assert 1 <= int(answer.headers["Retry-After"]) <= 10
        assert "20 spans a second" in answer.said().message
        refusal = post(clew, b"{}", JSON)
        assert (refusal.status, json.loads(refusal.body)["code"]) == (429, 8)
        with Calls(clew) as calls:
            refused = calls.export(body("too many by gRPC"))
        assert isinstance(refused, Refused)
        assert refused.code == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert len(refused.delay_s()) == 2
        assert all(1 <= delay <= 10 for delay in refused.delay_s())
        # The body need not be sent to hear of it.
        waiting = knock(
            clew.ports[1],
            b"POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\n"
            b"Expect: 100-continue\r\nContent-Length: 100\r\n\r\n",
        )
        assert waiting.recv(12) == b"HTTP/1.1 429"
        waiting.close()
        assert wait_to_pass(lambda: post(clew, body("later"))).status == 200
        assert stored(clew, "later")
        counted = clew.metric("clew_intake_requests_total")
        assert counted >= 6
        entry = in_ledger(clew, "rate_limit")
        assert entry["status"] in (429, 8)
        _, metrics = clew.get("/metrics")
        assert 'outcome="rate"' in metrics


def test_a_noisy_key_takes_nothing_from_another(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    keys = Keys(tmp_path / "data")
    _, noisy = keys.create("noisy", ["ingest"], spans_per_second=5)
    _, calm = keys.create("calm", ["ingest"], spans_per_second=5)
    keys.close()
    with serving(tmp_path, require_keys="true", ready=False) as clew:
        wait_until(lambda: accepts(clew, calm))
        assert post(clew, body("flood", 500), kf_api_key=noisy).status == 200
        for index in range(30):
            answer = post(clew, body(f"noise {index}"), kf_api_key=noisy)
            assert answer.status == 429
            assert "this API key may send 5 spans a second" in answer.said().message
            assert post(clew, body(f"calm {index}"), kf_api_key=calm).status == 200


def accepts(clew: Clew, key: str) -> bool:
    with contextlib.suppress(OSError):
        return post(clew, body("first"), kf_api_key=key).status == 200
    return False


@pytest.mark.parametrize(
    "head",
    [
        b"x-long: " + b"y" * 70_000 + b"\r\n",
        b"".join(b"x-%d: y\r\n" % number for number in range(120)),
    ],
    ids=["bytes", "number"],
)
def test_large_heads_are_refused_and_the_next_sender_is_served(trimming: Clew, head: bytes) -> None:
    content = body("large head")
    line = knock(
        trimming.ports[1],
        b"POST /v1/traces HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-protobuf\r\n"
        + head
        + b"Content-Length: %d\r\n\r\n%s" % (len(content), content),
    )
    assert rest(line)[:12] in (b"HTTP/1.1 431", b"HTTP/1.1 400")
    assert post(trimming, body("small head")).status == 200


def test_grpc_metadata_above_its_limit_ends_the_call_alone(trimming: Clew) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{trimming.ports[0]}") as channel:
        method = channel.unary_unary(EXPORT)
        with pytest.raises(grpc.RpcError) as refused:
            method(body("much metadata"), timeout=10, metadata=[("x-long", "y" * 40_000)])
        assert refused.value.code() != grpc.StatusCode.OK  # type: ignore[attr-defined]
        method(body("little metadata"), timeout=WITHIN_S)
