"""Data and connections out of all proportion, on the real server."""

from __future__ import annotations

import http.client
import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.build import START_NS, attributes, request, span
from tests.flow.server import Clew
from tests.flow.test_supervision import body, post, wait_until_found

CONNECTIONS = 50


@pytest.fixture
def crowded(tmp_path: Path) -> Iterator[Clew]:
    limit = ("--max-connections", str(CONNECTIONS))
    clew = Clew(tmp_path / "data", tmp_path / "log", options=limit)
    clew.start()
    clew.wait_ready()
    yield clew
    clew.stop()


def spans_of(clew: Clew, trace_id: bytes) -> list[dict[str, Any]]:
    answer = json.loads(clew.get(f"/api/v1/traces/{trace_id.hex()}")[1])
    scopes = [scope for one in answer["resourceSpans"] for scope in one["scopeSpans"]]
    return [found for scope in scopes for found in scope["spans"]]


def kept(clew: Clew, sent: ExportTraceServiceRequest, trace_id: bytes) -> list[dict[str, Any]]:
    assert post(clew, sent.SerializeToString()) == 200
    wait_until_found(clew, trace_id)
    return spans_of(clew, trace_id)


def test_giant_and_countless_parts_of_a_span_are_cut_and_marked_or_whole(shared_clew: Clew) -> None:
    trace_id = os.urandom(16)
    many = {f"key.{n}": n for n in range(10_000)}
    giant = span("giant", trace_id=trace_id, attrs={"text": "x" * (1 << 20), **many})
    for n in range(10_000):
        giant.events.add(name=f"event {n}", time_unix_nano=START_NS + n)
        giant.links.add(trace_id=trace_id, span_id=(n + 1).to_bytes(8, "big"))
    small = span("small", trace_id=trace_id, span_id=2)
    found = {one["name"]: one for one in kept(shared_clew, request(giant, small), trace_id)}
    assert set(found) == {"giant", "small"}
    values = {one["key"]: one["value"] for one in found["giant"]["attributes"]}
    assert len(values) == 1_024
    assert len(values["text"]["stringValue"]) == 16 << 10
    assert values["clew.cut"] == {"stringValue": f"text ({1 << 20} bytes)"}
    assert found["giant"]["droppedAttributesCount"] == 10_001 - 1_023
    assert len(found["giant"]["events"]) == len(found["giant"]["links"]) == 10_000


def test_spans_with_one_id_are_all_kept_and_marked(shared_clew: Clew) -> None:
    trace_id = os.urandom(16)
    sent = request(
        span("the same", trace_id=trace_id),
        span("the same", trace_id=trace_id),
        span("client and server", trace_id=trace_id),
    )
    names = sorted(one["name"] for one in kept(shared_clew, sent, trace_id))
    assert names == ["client and server", "the same", "the same"]
    status, text = shared_clew.get(f"/api/v1/traces/{trace_id.hex()}/skeleton")
    assert status == 200, text


def test_countless_services_names_and_keys_cost_no_more_than_their_bytes(
    shared_clew: Clew,
) -> None:
    trace_id = os.urandom(16)
    sent = ExportTraceServiceRequest()
    for n in range(5_000):
        one = sent.resource_spans.add()
        one.resource.attributes.extend(attributes({"service.name": f"flood-{n}"}))
        attrs = {f"flood.key.{n}": f"value {n}"}
        made = span(f"flood {n}", trace_id=trace_id, span_id=n + 1, attrs=attrs)
        one.scope_spans.add().spans.append(made)
    assert len(kept(shared_clew, sent, trace_id)) == 5_000
    for path in ("services", "attributes", "search?limit=20"):
        status, text = shared_clew.get(f"/api/v1/{path}")
        assert status == 200, (path, text[:500])
        assert len(text) < 4 << 20, path


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def test_connections_beyond_the_limit_are_closed_and_their_end_frees_everything(
    crowded: Clew,
) -> None:
    intake = crowded.children()["intake"]
    before = descriptors(intake)
    idle = []
    for _ in range(3 * CONNECTIONS):
        try:
            idle.append(socket.create_connection(("127.0.0.1", crowded.ports[1]), timeout=5))
        except OSError:
            continue
    deadline = time.monotonic() + 20
    while descriptors(intake) < before + CONNECTIONS:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    # A few more are told why, or come while a quiet one makes room.
    assert descriptors(intake) <= before + CONNECTIONS + 50
    for connection in idle:
        connection.close()
    while descriptors(intake) > before + 5:
        assert time.monotonic() < deadline, descriptors(intake)
        time.sleep(0.05)
    # The last of the idle ones may still wait to be accepted, and be counted, when this comes.
    while (status := tried(crowded)) != 200:
        assert time.monotonic() < deadline, status
        time.sleep(0.05)
    wait_until_found(crowded, (1).to_bytes(16, "big"))


def tried(crowded: Clew) -> int:
    """The status; 0 when it was turned away without one."""
    try:
        return post(crowded, body(1))
    except (ConnectionError, http.client.HTTPException):
        return 0
