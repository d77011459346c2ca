"""Why a trace is not to be seen: each answer provoked at the real server."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clew.admin.secret import new_secret
from tests.build import request, span
from tests.flow.server import Clew
from tests.flow.test_keys_api import make
from tests.flow.test_supervision import post

WITHIN_S = 30
CLEW = str(Path(sys.executable).parent / "clew")


@pytest.fixture(scope="module")
def clew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clew]:
    folder = tmp_path_factory.mktemp("why")
    server = Clew(folder / "data", folder / "log")
    server.start()
    server.wait_ready()
    yield server
    server.stop()


def why(clew: Clew, trace: str) -> dict[str, Any]:
    status, text = clew.get(f"/api/v1/why/{trace}")
    assert status == 200, text
    found: dict[str, Any] = json.loads(text)
    return found


def until(clew: Clew, trace: str, *verdicts: str) -> dict[str, Any]:
    deadline = time.monotonic() + WITHIN_S
    while (found := why(clew, trace))["verdict"] not in verdicts:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return found


def test_trace_goes_from_waiting_to_stored(clew: Clew) -> None:
    trace_id = b"s" * 16
    sent = request(span(trace_id=trace_id, start_ns=time.time_ns()))
    assert post(clew, sent.SerializeToString()) == 200
    found = until(clew, trace_id.hex(), "stored")
    assert (found["spanCount"], found["missingParentCount"]) == (1, 0)
    done = subprocess.run(
        [CLEW, "why", trace_id.hex(), "--api", f"http://127.0.0.1:{clew.ports[2]}"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("stored: ")


def test_trace_with_a_missing_parent_is_stored_in_part(clew: Clew) -> None:
    trace_id = b"p" * 16
    sent = request(span(trace_id=trace_id, parent=77, start_ns=time.time_ns()))
    assert post(clew, sent.SerializeToString()) == 200
    found = until(clew, trace_id.hex(), "partly_stored")
    assert found["missingParentCount"] == 1


def test_traceparent_that_says_not_sampled_is_believed(clew: Clew) -> None:
    found = why(clew, f"00-{'ab' * 16}-{'cd' * 8}-00")
    assert (found["verdict"], found["sampled"]) == ("not_sampled", False)
    assert "OTEL_TRACES_SAMPLER" in found["hint"]


def test_refusal_at_that_time_is_named_as_what_may_have_happened(clew: Clew) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", clew.ports[1], timeout=WITHIN_S)
    connection.request("POST", "/v1/trace", b"", {"Content-Type": "application/x-protobuf"})
    assert connection.getresponse().status == 404
    connection.close()
    found = until(clew, "9a" * 16, "refused")
    assert "may have been" in found["sentence"]
    assert "/v1/traces" in found["sentence"]
    assert found["facts"][0]["kind"] == "wrong_path"
    done = subprocess.run(
        [CLEW, "why", "9a" * 16, "--api", f"http://127.0.0.1:{clew.ports[2]}"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 3
    assert done.stdout.startswith("refused: ")
    assert "clew ledger --reason wrong_path" in done.stderr


def test_wrong_key_is_why_and_nothing_before_it_is_never_arrived(tmp_path: Path) -> None:
    server = Clew(tmp_path / "data", tmp_path / "log", options=("--require-keys",))
    server.key = make(server.data_dir, "reader", "read")
    server.start()
    try:
        server.wait_ready()
        lost, wrong = b"w" * 16, new_secret()
        # A server that just began has nothing to tell but that: nobody was turned away.
        found = until(server, lost.hex(), "never_arrived")
        assert "nobody was turned away" in found["sentence"]
        connection = http.client.HTTPConnection("127.0.0.1", server.ports[1], timeout=WITHIN_S)
        sent = request(span(trace_id=lost, start_ns=time.time_ns())).SerializeToString()
        headers = {"Content-Type": "application/x-protobuf", "kf-api-key": wrong}
        connection.request("POST", "/v1/traces", sent, headers)
        assert connection.getresponse().status == 401
        connection.close()
        found = until(server, lost.hex(), "refused")
    finally:
        server.stop()
    fact = found["facts"][0]
    assert (fact["kind"], fact["count"]) == ("unknown_key", 1)
    assert "may have been" in found["sentence"]
    assert "once from 127.0.0.1" in found["sentence"]
    assert wrong not in json.dumps(found)


def test_time_without_anything_says_that_nothing_arrived(clew: Clew) -> None:
    found = why(clew, "9b" * 16 + "?time=2026-11-20T12:00:00Z")
    assert found["verdict"] == "never_arrived"
    old = why(clew, "9b" * 16 + "?time=2020-01-01T00:00:00Z")
    assert old["verdict"] == "too_old"


def test_what_names_no_trace_is_refused_with_a_sentence(clew: Clew) -> None:
    status, text = clew.get("/api/v1/why/nothing")
    assert status == 400
    assert "neither a trace id nor a traceparent" in text
