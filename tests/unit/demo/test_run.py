"""The shop from its opening to its end, with a server that takes everything."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from clew.demo.broken import find
from clew.demo.reporter import Refused
from clew.demo.shop import run


@contextmanager
def taking(bodies: list[bytes]) -> Iterator[str]:
    """An OTLP/HTTP server; its address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Nothing is printed."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def sent(
    *, rate: float, history_s: float = 0.0, duration_s: float = 0.1, broken: str | None = None
) -> tuple[dict[tuple[bytes, bytes], int], list[str]]:
    """Start times by (trace id, span id), and what was said."""
    bodies: list[bytes] = []
    said: list[str] = []
    with taking(bodies) as endpoint:
        run(
            endpoint,
            grpc=False,
            rate=rate,
            duration_s=duration_s,
            history_s=history_s,
            seed=11,
            steady=False,
            broken=None if broken is None else find(broken),
            say=said.append,
        )
    spans = {
        (span.trace_id, span.span_id): span.start_time_unix_nano
        for body in bodies
        for group in ExportTraceServiceRequest.FromString(body).resource_spans
        for scoped in group.scope_spans
        for span in scoped.spans
    }
    return spans, said


def test_same_seed_sends_the_same_traffic_but_for_the_time() -> None:
    (first, _), (again, _) = sent(rate=100), sent(rate=100)
    assert len(first) > 50
    assert first.keys() == again.keys()


def test_history_is_sent_at_once_with_times_in_the_past() -> None:
    began_s = time.time()
    spans, said = sent(rate=2, history_s=300)
    ages_s = [began_s - start_ns / 1e9 for start_ns in spans.values()]
    assert 290 < max(ages_s) < 320
    assert sum(age > 150 for age in ages_s) > 1000
    assert f"{len(spans)} spans accepted" in said[-1]
    assert "skipped" not in said[-1]
    assert "dropped" not in said[-1]


def test_too_high_a_rate_is_said_and_what_was_skipped_is_counted() -> None:
    _, said = sent(rate=20_000, duration_s=1.1)
    assert "arrivals skipped, the shop was too slow" in said[-1]


def test_broken_set_up_reaches_the_wire() -> None:
    healthy, _ = sent(rate=100)
    silent, _ = sent(rate=100, broken="unsupported-runtime")
    assert silent.keys() < healthy.keys()


def test_nobody_there_ends_the_demo_at_once() -> None:
    with taking([]) as endpoint:
        pass
    with pytest.raises(Refused, match="does not answer"):
        run(
            endpoint,
            grpc=False,
            rate=1,
            duration_s=None,
            history_s=0,
            seed=1,
            steady=True,
            broken=None,
            say=lambda text: None,
        )
