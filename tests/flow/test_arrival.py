"""The first minute, from an empty server on: what `/api/v1/arrival` sees of it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.build import request, span
from tests.flow.server import Clew
from tests.flow.test_supervision import post

WITHIN_S = 30


@pytest.fixture
def clew(tmp_path: Path) -> Iterator[Clew]:
    server = Clew(tmp_path / "data", tmp_path / "log")
    server.start()
    server.wait_ready()
    yield server
    assert server.process is not None
    if server.process.poll() is None:
        server.stop()


def arrival(clew: Clew) -> dict[str, Any]:
    status, text = clew.get("/api/v1/arrival")
    assert status == 200, text
    found: dict[str, Any] = json.loads(text)
    return found


def ask(clew: Clew, path: str, body: str, kind: str = "application/json") -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", clew.ports[2], timeout=WITHIN_S)
    try:
        connection.request("POST", path, body, {"Content-Type": kind})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def until(clew: Clew, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    deadline = time.monotonic() + WITHIN_S
    while not holds(found := arrival(clew)):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


def test_test_trace_goes_through_the_front_door_and_is_told_from_own_ones(clew: Clew) -> None:
    empty = arrival(clew)
    assert (empty["connections"], empty["acceptedSpans"], empty["storedSpans"]) == (0, 0, 0)
    assert empty["traces"] == empty["refusals"] == []
    assert empty["endpoints"]["httpPort"] == clew.ports[1]
    status, sent = ask(clew, "/api/v1/arrival/test-trace", "{}")
    assert status == 200, sent
    found = until(clew, lambda found: bool(found["traces"]))
    assert found["connections"] >= 1
    assert found["acceptedSpans"] == found["storedSpans"] == 4
    (trace,) = found["traces"]
    assert (trace["traceId"], trace["source"]) == (sent["traceId"], "test")
    own = request(span(trace_id=b"o" * 16, start_ns=time.time_ns()), service="mine")
    assert post(clew, own.SerializeToString()) == 200
    found = until(clew, lambda found: len(found["traces"]) == 2)
    assert [one["source"] for one in found["traces"]] == ["own", "test"]


def test_spans_of_a_wrong_clock_are_pointed_out_until_a_right_one_comes(clew: Clew) -> None:
    ahead_ns = time.time_ns() + 3 * 3600 * 10**9
    wrong = request(span(trace_id=b"w" * 16, start_ns=ahead_ns), service="mine")
    assert post(clew, wrong.SerializeToString()) == 200
    found = until(clew, lambda found: bool(found["misdated"]))
    assert found["traces"] == []
    (mine,) = found["misdated"]
    assert (mine["serviceName"], mine["spans"]) == ("mine", 1)
    assert mine["firstStartTimeUnixNano"] == mine["lastStartTimeUnixNano"] == str(ahead_ns)
    right = request(span(trace_id=b"r" * 16, start_ns=time.time_ns()), service="mine")
    assert post(clew, right.SerializeToString()) == 200
    assert until(clew, lambda found: bool(found["traces"]))["misdated"] == []


def test_wrong_path_is_named_with_its_fix(clew: Clew) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", clew.ports[1], timeout=WITHIN_S)
    connection.request("POST", "/", b"", {"Content-Type": "application/x-protobuf"})
    assert connection.getresponse().status == 404
    connection.close()
    found = until(clew, lambda found: bool(found["refusals"]))
    assert found["refusals"][0]["reason"] == "wrong_path"
    assert "/v1/traces" in found["refusals"][0]["sentence"]
    assert found["refusals"][0]["address"] == "127.0.0.1"


def test_demo_starts_once_stops_and_dies_with_the_server(clew: Clew) -> None:
    assert not arrival(clew)["demo"]["running"]
    for _ in range(2):
        status, state = ask(clew, "/api/v1/demo", '{"action": "start"}')
        assert (status, state["running"]) == (200, True)
    (shop,) = demos(clew)
    until(clew, lambda found: any(one["source"] == "demo" for one in found["traces"]))
    status, state = ask(clew, "/api/v1/demo", '{"action": "stop"}')
    assert (status, state["running"]) == (200, False)
    gone(shop)
    ask(clew, "/api/v1/demo", '{"action": "start"}')
    (shop,) = demos(clew)
    assert clew.process is not None
    os.kill(clew.process.pid, signal.SIGKILL)
    clew.process.wait()
    gone(shop)


def test_demo_hides_no_test_trace(clew: Clew) -> None:
    status, sent = ask(clew, "/api/v1/arrival/test-trace", "{}")
    assert status == 200, sent
    ask(clew, "/api/v1/demo", '{"action": "start"}')
    found = until(clew, lambda found: sum(one["source"] == "demo" for one in found["traces"]) > 4)
    assert sent["traceId"] in {one["traceId"] for one in found["traces"]}
    ids = [one["traceId"] for one in found["traces"]]
    assert len(ids) == len(set(ids))


def demos(clew: Clew) -> list[int]:
    """Processes of the store process's own."""
    store = clew.children()["store"]
    children = Path(f"/proc/{store}/task").glob("*/children")
    return [int(pid) for file in children for pid in file.read_text().split()]


def gone(pid: int) -> None:
    deadline = time.monotonic() + WITHIN_S
    while Path(f"/proc/{pid}").exists() and "Z" not in Path(f"/proc/{pid}/stat").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_foreign_page_cannot_start_anything(clew: Clew) -> None:
    for path in ("/api/v1/demo", "/api/v1/arrival/test-trace"):
        assert ask(clew, path, '{"action": "start"}', "text/plain")[0] == 415
        assert ask(clew, path, '{"wrong": 1}')[0] == 400
    assert demos(clew) == []
