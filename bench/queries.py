"""Answers on a loaded store: a trace by its id, the newest 20, and how soon a span is found."""

import http.client
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bench import generator, ids
from bench.machine import quantiles
from bench.plan import BACKGROUND_RATE, Bench
from bench.server import Client, Server

Row = dict[str, Any]
T = TypeVar("T")

SERVICES = [f"bench-service-{number:02}" for number in range(10)]
POLL_S = 0.05
GIVE_UP_S = 30


def trace_by_id(bench: Bench, server: Server) -> Row:
    """Acknowledged traces of every age, each asked once and counted; then ids that do not exist."""
    client = server.client()
    known = ids.read(server.folder / "acknowledged")
    step = max(1, len(known) // bench.size.lookups)
    wrong: list[str] = []

    def existing(trace_id: bytes) -> None:
        # The last trace of a 512-span request holds two spans only.
        if client.trace(trace_id.hex()) not in (2, ids.SPANS_PER_TRACE):
            wrong.append(trace_id.hex())

    def missing(trace_id: bytes) -> None:
        if client.trace(trace_id.hex()) is not None:
            wrong.append(trace_id.hex())

    # The first answers pay for opening files and connections; they are not what a user waits for.
    _timed(existing, known[1 : 1 + 5 * step : step])
    return {
        "existing_ms": _timed(existing, known[::step]),
        "missing_ms": _timed(missing, [os.urandom(16) for _ in range(bench.size.lookups // 3)]),
        "asked": len(known[::step]),
        "wrong": wrong[:10],
    }


def newest(bench: Bench, server: Server) -> Row:
    """The newest 20 traces of one service, in the last hour (the default) and in the last day."""
    client = server.client()
    short: list[str] = []

    def ask(service: str) -> None:
        if len(client.search(service)) != 20:
            short.append(service)

    def ask_day(service: str) -> None:
        if len(client.search(service, start_s=int(time.time()) - 86_400)) != 20:
            short.append(service)

    chosen = [random.choice(SERVICES) for _ in range(bench.size.searches)]
    _timed(ask, SERVICES)
    return {
        "hour_ms": _timed(ask, chosen),
        "day_ms": _timed(ask_day, chosen),
        "absent_service_ms": _timed(lambda name: client.search(name), ["no-such-service"] * 20),
        "wrong": short[:10],
    }


def searchable(bench: Bench, server: Server) -> Row:
    """From sending a trace to finding it by search, while 20,000 spans a second come in."""
    seconds = bench.size.probes * 4 + 5
    background = generator.start(
        bench.load,
        {
            "endpoint": server.endpoint("grpc"),
            "rate": BACKGROUND_RATE,
            "seconds": seconds,
            "connections": 16,
        },
    )
    try:
        time.sleep(5)
        client = server.client()
        waits = [_probe(server, client, number) for number in range(bench.size.probes)]
        background.terminate()  # it then ends its run early and reports
        report = generator.finish(background, 30)
    finally:
        background.kill()
    found = [wait for wait in waits if wait is not None]
    return {
        "seconds": quantiles(found) if found else None,
        "probes": len(waits),
        "not_found": len(waits) - len(found),
        "background": report,
    }


def stored_rows(folder: Path) -> dict[str, int]:
    """Rows of the spans table and bytes of all live parts, read from the stopped server's store.

    In a process of its own, because the engine stays in the process that loads it.
    """
    program = (
        "import sys; from chdb.state import connect; c = connect(sys.argv[1]);"
        "print(c.query('select count() from spans', 'TSV'));"
        "print(c.query('select sum(bytes_on_disk), count() from system.parts"
        " where active and database = currentDatabase()', 'TSV'));"
        'print(c.query("select sum(bytes_on_disk) from system.parts'
        " where active and table = 'spans'\", 'TSV'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(folder)], capture_output=True, text=True, timeout=120
    )
    words = done.stdout.split()
    if done.returncode != 0 or len(words) != 4:
        raise RuntimeError(f"the store could not be read: {done.stderr.strip()[-500:]}")
    return {
        "spans": int(words[0]),
        "live_bytes": int(words[1]),
        "parts": int(words[2]),
        "spans_bytes": int(words[3]),
    }


def _probe(server: Server, client: Client, number: int) -> float | None:
    """Seconds from sending a trace of a service of its own until search shows it."""
    service = f"probe-{number}-{os.urandom(4).hex()}"
    # Not in step with the sealing of segments.
    time.sleep(random.uniform(0, 1))
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", server.ports[1], timeout=30)
    headers = {"Content-Type": "application/x-protobuf"}
    connection.request("POST", "/v1/traces", _trace(service), headers)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"the probe was refused: HTTP {answer.status}: {body[:300]!r}")
    while time.monotonic() - began < GIVE_UP_S:
        if client.search(service):
            return time.monotonic() - began
        time.sleep(POLL_S)
    return None


def _trace(service: str) -> bytes:
    now = time.time_ns()
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    name = resource.resource.attributes.add(key="service.name")
    name.value.string_value = service
    resource.scope_spans.add().spans.add(
        trace_id=os.urandom(16),
        span_id=os.urandom(8),
        name="probe",
        start_time_unix_nano=now - 1_000_000,
        end_time_unix_nano=now,
    )
    return request.SerializeToString()


def _timed(ask: Callable[[T], object], questions: Sequence[T]) -> dict[str, float]:
    times = []
    for question in questions:
        began = time.perf_counter()
        ask(question)
        times.append(1e3 * (time.perf_counter() - began))
    return quantiles(times)
