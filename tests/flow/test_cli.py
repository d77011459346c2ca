"""The command line against the real server."""

from __future__ import annotations

import json
import re
import secrets
import shlex
import subprocess
import threading
import time
import urllib.request
from typing import Any

import pytest

from tests.build import request, span
from tests.flow.conftest import BIN, Run, environ_for
from tests.flow.server import Clew

FOUND_WITHIN_S = 30


def post(server: Clew, body: bytes) -> None:
    asked = urllib.request.Request(
        f"{server.http}/v1/traces", body, {"Content-Type": "application/x-protobuf"}
    )
    with urllib.request.urlopen(asked, timeout=10) as answer:
        assert answer.status == 200


def wait_for_trace(run_clew: Run, trace_id: str) -> str:
    deadline = time.monotonic() + FOUND_WITHIN_S
    while (done := run_clew("trace", trace_id)).returncode != 0:
        assert time.monotonic() < deadline, done.stderr
        time.sleep(0.1)
    return done.stdout


@pytest.mark.parametrize("protocol", ["grpc", "http/protobuf", "http/json"])
@pytest.mark.parametrize("port", ["grpc", "http"])
def test_sent_trace_is_found_by_either_protocol_on_either_port(
    shared_clew: Clew, run_clew: Run, protocol: str, port: str
) -> None:
    endpoint = shared_clew.grpc if port == "grpc" else shared_clew.http
    service = f"sent-{protocol}-{port}"
    done = run_clew(
        *("send", "--protocol", protocol, "--endpoint", endpoint, "--service", service, "--wait")
    )
    assert done.returncode == 0, done.stderr
    trace_id = done.stdout.strip()
    assert re.fullmatch(r"[0-9a-f]{32}", trace_id)
    assert "accepted 4 of 4 spans" in done.stderr
    assert f"clew trace {trace_id}" in done.stderr

    tree = run_clew("trace", trace_id)
    assert tree.returncode == 0
    assert f"{service} GET /hello (server)" in tree.stdout
    assert f"└ {service} say hello" in tree.stdout

    found = run_clew("search", f'service.name = "{service}"')
    assert found.returncode == 0
    assert trace_id in found.stdout
    assert service in run_clew("services").stdout


def test_json_of_send_tells_everything_a_script_needs(run_clew: Run) -> None:
    done = run_clew("send", "--wait", "--json")
    said = json.loads(done.stdout)
    assert said["spans"] == 4
    assert said["rejectedSpans"] == 0
    assert said["searchableAfterSeconds"] >= 0
    assert done.stderr == ""
    document = json.loads(run_clew("trace", said["traceId"], "--json").stdout)
    spans = [
        found
        for group in document["resourceSpans"]
        for scoped in group["scopeSpans"]
        for found in scoped["spans"]
    ]
    assert {found["traceId"] for found in spans} == {said["traceId"]}
    assert len(spans) == 4


def test_send_to_the_wrong_port_says_what_is_wrong(shared_clew: Clew, run_clew: Run) -> None:
    done = run_clew("send", "--endpoint", shared_clew.ui)
    assert done.returncode == 1
    assert "answered 404" in done.stderr


def test_unknown_trace_has_status_1_and_no_output(run_clew: Run) -> None:
    done = run_clew("trace", "ab" * 16)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"there is no trace {'ab' * 16}" in done.stderr


def test_query_that_is_not_understood_says_where_and_what_instead(run_clew: Run) -> None:
    done = run_clew("search", "colour = red")
    assert (done.returncode, done.stdout) == (1, "")
    assert "colour" in done.stderr
    assert "span.colour" in done.stderr


def test_search_without_a_match_is_no_failure(run_clew: Run) -> None:
    done = run_clew("search", "service.name = nobody")
    assert (done.returncode, done.stdout) == (0, "")
    assert "no trace matches" in done.stderr


def test_json_of_search_and_services_is_the_answer_of_the_api(run_clew: Run) -> None:
    run_clew("send", "--wait", "--service", "json")
    traces = json.loads(run_clew("search", "service.name = json", "--json").stdout)["traces"]
    assert traces[0]["rootServiceName"] == "json"
    names = [
        service["name"] for service in json.loads(run_clew("services", "--json").stdout)["services"]
    ]
    assert "json" in names

    asked = '{ resource.service.name = "json" } | by(kind) | select(span.http.route)'
    header, *lines = run_clew("search", asked).stdout.splitlines()
    assert header.split()[-2:] == ["kind", "span.http.route"]
    assert any(line.endswith("/hello") for line in lines)
    assert "/hello" in run_clew("attributes", "span.http.route").stdout


def test_limit_is_kept_and_more_is_announced(run_clew: Run) -> None:
    for wait in ([], [], ["--wait"]):  # what was sent before is there no later
        run_clew("send", "--service", "limited", *wait)
    done = run_clew("search", "service.name = limited", "--limit", "2")
    assert len(done.stdout.splitlines()) == 3
    assert "there may be more: clew search" in done.stderr
    command = shlex.split(done.stderr.partition("there may be more: ")[2])
    rest = run_clew(*command[1:])
    assert len(rest.stdout.splitlines()) == 2
    assert "there may be more" not in rest.stderr


def test_time_before_everything_finds_nothing(run_clew: Run) -> None:
    trace_id = run_clew("send", "--wait").stdout.strip()
    assert run_clew("search", "--start", "0", "--end", "1").stdout == ""
    assert run_clew("search", "--start", "1971-02-03", "--end", "1971-02-04").stdout == ""
    for begin in (("--since", "1w"), ("--start", "2026-01-01")):
        assert trace_id in run_clew("search", "--limit", "1000", *begin).stdout


def test_wrong_time_is_explained_by_the_server(run_clew: Run) -> None:
    done = run_clew("search", "--start", "yesterday")
    assert done.returncode == 1
    assert "start: 'yesterday' is not a time. Write it as" in done.stderr
    done = run_clew("search", "--start", "2500-01-01")
    assert done.returncode == 1
    assert "start: 2500-01-01T00:00:00Z is in the future" in done.stderr


def tailed(tail: subprocess.Popen[str], trace_id: bytes) -> list[dict[str, Any]]:
    """What `clew tail --json` printed until this trace came."""
    assert tail.stdout is not None
    found = []
    for line in tail.stdout:
        found.append(json.loads(line))
        if found[-1]["traceId"] == trace_id.hex():
            return found
    raise AssertionError("it ended")


def test_tail_shows_a_trace_that_comes_in_two_halves_once_and_whole(
    shared_clew: Clew,
) -> None:
    def send(service: str, trace_id: bytes, *ids: tuple[int, int]) -> None:
        now_ns = time.time_ns()
        spans = [
            span(trace_id=trace_id, span_id=own, parent=parent, start_ns=now_ns)
            for own, parent in ids
        ]
        post(shared_clew, request(*spans, service=service).SerializeToString())

    halves, last = secrets.token_bytes(16), secrets.token_bytes(16)
    tail = subprocess.Popen(
        [str(BIN / "clew"), "tail", "--json", "resource.service.name =~ 'tailed.*'"],
        env=environ_for(shared_clew),
        stdout=subprocess.PIPE,
        text=True,
    )
    watchdog = threading.Timer(90, tail.kill)
    watchdog.start()
    asked = threading.Event()
    try:
        # It follows from its first question on; that this was asked shows by what it prints.
        def knock() -> None:
            while not asked.wait(0.5):
                send("tailed-first", secrets.token_bytes(16), (1, 0))

        knocking = threading.Thread(target=knock)
        knocking.start()
        assert tail.stdout is not None
        tail.stdout.readline()
        asked.set()
        knocking.join()

        send("tailed", halves, (2, 1), (3, 2))
        time.sleep(1)  # so far apart are the halves
        send("tailed", halves, (1, 0), (4, 1))
        found = tailed(tail, halves)
        send("tailed", last, (1, 0))
        found += tailed(tail, last)
    finally:
        asked.set()
        watchdog.cancel()
        tail.kill()
        tail.communicate()
    counts = [(one["traceId"], one["spanCount"]) for one in found]
    assert counts[-1] == (last.hex(), 1)
    assert [one for one in counts if one[0] == halves.hex()] == [(halves.hex(), 4)]


def test_deep_trace_of_ten_thousand_spans_is_drawn(shared_clew: Clew, run_clew: Run) -> None:
    trace_id = bytes.fromhex("0123456789abcdef0123456789abcdef")
    now_ns = time.time_ns()
    chain = [
        span(f"step {n}", trace_id=trace_id, span_id=n + 1, parent=n, start_ns=now_ns + n)
        for n in range(10_000)
    ]
    post(shared_clew, request(*chain, service="deep").SerializeToString())
    lines = wait_for_trace(run_clew, trace_id.hex()).splitlines()
    assert len(lines) == 10_003
    assert "[9999] deep step 9999" in lines[-1]


def test_names_of_all_alphabets_arrive_also_in_an_ascii_terminal(
    shared_clew: Clew, run_clew: Run
) -> None:
    trace_id = bytes.fromhex("fedcba9876543210fedcba9876543210")
    body = request(
        span("Größe 商品 🧶", trace_id=trace_id, start_ns=time.time_ns()), service="Übung"
    )
    post(shared_clew, body.SerializeToString())
    assert "Übung Größe 商品 🧶" in wait_for_trace(run_clew, trace_id.hex())
    done = run_clew("trace", trace_id.hex(), PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert done.stdout.isascii()


def test_closed_pipe_is_no_traceback(shared_clew: Clew, run_clew: Run) -> None:
    trace_id = run_clew("send", "--wait").stdout.strip()
    done = subprocess.run(
        ["sh", "-c", f"{BIN / 'clew'} trace {trace_id} | true"],
        env=environ_for(shared_clew),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.stderr == ""


def test_demo_sends_traces_that_are_found(run_clew: Run) -> None:
    done = run_clew("demo", "--rate", "50", "--duration", "2s", "--seed", "5")
    assert done.returncode == 0, done.stderr
    last = done.stderr.splitlines()[-1]
    assert re.fullmatch(r"\d+ traces \(.*; 50 asked for\), \d+ spans accepted", last), done.stderr
    deadline = time.monotonic() + FOUND_WITHIN_S
    while "checkout" not in (names := run_clew("services").stdout):
        assert time.monotonic() < deadline, names
        time.sleep(0.1)
