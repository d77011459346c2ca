"""What the OpenTelemetry SDK for Python makes of Clew's answers, and what it prints.

The lines it prints are kept in docs/reference/otlp.md, where users look for them.
"""

from __future__ import annotations

import http.client
import logging
import time
from collections.abc import Iterator

import grpc
import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanContext

from tests.flow.door import body, post, serving, stored, trace_id
from tests.flow.server import Clew
from tests.interop.sdk_matrix import is_on_the_page

WAYS = ["grpc", "grpc gzip", "http", "http gzip"]
TIMEOUT_S = 10.0  # the SDK's own
# Less than any delay that a server names: the exporter gives up at its first answer.
IMPATIENT_S = 0.9


@pytest.fixture(scope="module")
def clew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clew]:
    with serving(tmp_path_factory.mktemp("sdk"), max_request_bytes="1MiB") as server:
        yield server


@pytest.fixture(scope="module")
def full_clew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clew]:
    settings = {"disk_reserve_bytes": "100000TiB", "retention_free_bytes": "0"}
    with serving(tmp_path_factory.mktemp("full"), ready=False, **settings) as server:
        deadline = time.monotonic() + 30
        while True:
            try:
                if post(server, body("is it full?")).status == 503:
                    break
            except (OSError, http.client.HTTPException):
                pass
            assert time.monotonic() < deadline, server.log.read_text()
            time.sleep(0.05)
        yield server


def exporter(clew: Clew, way: str, timeout_s: float) -> SpanExporter:
    if way.startswith("grpc"):
        compression = grpc.Compression.Gzip if "gzip" in way else grpc.Compression.NoCompression
        return GrpcExporter(
            endpoint=clew.grpc, insecure=True, compression=compression, timeout=timeout_s
        )
    return HttpExporter(
        endpoint=f"{clew.http}/v1/traces",
        compression=Compression.Gzip if "gzip" in way else Compression.NoCompression,
        timeout=timeout_s,
    )


def export(
    clew: Clew, way: str, *spans: ReadableSpan, timeout_s: float = TIMEOUT_S
) -> SpanExportResult:
    sender = exporter(clew, way, timeout_s)
    try:
        return sender.export(spans)
    finally:
        sender.shutdown()


def one(name: str, span_id: int = 1, size: int = 0) -> ReadableSpan:
    context = SpanContext(
        trace_id=int.from_bytes(trace_id(name), "big"), span_id=span_id, is_remote=False
    )
    return ReadableSpan(name, context=context, attributes={"filler": "x" * size})


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelno >= logging.WARNING and record.name.startswith("opentelemetry")
    ]


@pytest.fixture(autouse=True)
def every_line() -> None:
    """The SDK leaves out a line that it printed just before."""
    for name in list(logging.root.manager.loggerDict):
        if name.startswith("opentelemetry.exporter"):
            for found in logging.getLogger(name).filters:
                vars(found).pop("last_log", None)


@pytest.mark.parametrize("way", WAYS)
def test_success_is_silent(clew: Clew, caplog: pytest.LogCaptureFixture, way: str) -> None:
    assert export(clew, way, one(f"ok {way}")) is SpanExportResult.SUCCESS
    assert lines(caplog) == []
    assert len(stored(clew, f"ok {way}")) == 1


@pytest.mark.parametrize("way", WAYS)
def test_partial_success_keeps_the_rest(
    clew: Clew, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    spans = (one(f"part {way}", 1), one(f"part {way}", 0), one(f"part {way}", 3))
    assert export(clew, way, *spans) is SpanExportResult.SUCCESS
    assert len(stored(clew, f"part {way}", 2)) == 2
    assert all(map(is_on_the_page, lines(caplog))), lines(caplog)


@pytest.mark.parametrize("way", WAYS)
def test_too_large_request_is_given_up(
    clew: Clew, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    """Over gRPC only when its time is over: it tries RESOURCE_EXHAUSTED again, against OTLP."""
    found = export(clew, way, one(f"large {way}", size=2 << 20), timeout_s=3)
    assert found is SpanExportResult.FAILURE
    said = lines(caplog)
    assert all(map(is_on_the_page, said)), said
    assert said[-1].startswith("Failed to export")
    assert "grpc" in way or len(said) == 1


@pytest.mark.parametrize("way", WAYS)
def test_unavailable_server_is_asked_again(
    full_clew: Clew, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    found = export(full_clew, way, one(f"full {way}"), timeout_s=IMPATIENT_S)
    assert found is SpanExportResult.FAILURE
    said = lines(caplog)
    assert said
    assert all(map(is_on_the_page, said)), said
