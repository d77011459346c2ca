"""The generator sends what it says, and figures are judged as they should be."""

import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from bench import generator, ids
from bench.machine import quantiles
from bench.server import free_ports
from bench.targets import Target

pytestmark = pytest.mark.timeout(600)  # the first test may have to build the generator


@pytest.fixture(scope="module")
def load() -> Path:
    return generator.build()


def _sample(load: Path, batch: int) -> list[tuple[str, Span]]:
    """Service and span of the first request of seed 7."""
    command = [str(load), "sample", "--seed", "7", "--batch", str(batch)]
    body = subprocess.run(command, check=True, capture_output=True).stdout
    request = ExportTraceServiceRequest.FromString(body)
    return [
        (resource.resource.attributes[0].value.string_value, span)
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def test_ids_are_the_ones_that_the_generator_derives() -> None:
    assert ids.trace_id(7, 3).hex() == "6b4f576c0a307e62c88783661f974cc8"
    assert ids.span_id(7, 3, 4).hex() == "3bad4ea7eae6fc59"


@pytest.mark.parametrize("batch", [10, 512, 1])
def test_a_request_holds_the_traces_that_the_verifier_enumerates(load: Path, batch: int) -> None:
    spans = [span for _, span in _sample(load, batch)]
    assert Counter(span.trace_id for span in spans) == Counter(dict(ids.traces(7, batch, 1)))
    assert len({span.span_id for span in spans}) == batch


def test_spans_have_jaegers_benchmark_shape(load: Path) -> None:
    spans = _sample(load, 5120)
    assert len({service for service, _ in spans}) == 10
    assert {len(span.attributes) for _, span in spans} == {11}
    assert len({pair.key for _, span in spans for pair in span.attributes}) == 97
    assert all(
        len({pair.key for pair in span.attributes}) == len(span.attributes) for _, span in spans
    )
    assert len({pair.value.string_value for _, span in spans for pair in span.attributes}) == 1000


def test_children_point_to_the_root_of_their_trace_and_lie_within_it(load: Path) -> None:
    spans = [span for _, span in _sample(load, 512)]
    roots = {span.trace_id: span for span in spans if not span.parent_span_id}
    assert len(roots) == 52
    for span in spans:
        root = roots[span.trace_id]
        assert span.parent_span_id in (b"", root.span_id)
        assert root.start_time_unix_nano <= span.start_time_unix_nano < span.end_time_unix_nano
        assert span.end_time_unix_nano <= root.end_time_unix_nano


@pytest.mark.parametrize("gzip", [False, True])
@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_a_sink_gets_every_request_that_is_reported(
    load: Path, tmp_path: Path, protocol: str, gzip: bool
) -> None:
    endpoint = f"127.0.0.1:{free_ports(1)[0]}"
    sink = subprocess.Popen(
        [str(load), "sink", "--endpoint", endpoint], stdout=subprocess.PIPE, text=True
    )
    try:
        report = generator.run(
            load,
            0.5,
            endpoint=endpoint,
            protocol=protocol,
            gzip=gzip,
            rate=20_000,
            batch=100,
            connections=4,
            retry=50,  # the sink may not listen yet
            seed=7,
            ids=tmp_path / "ids",
        )
    finally:
        sink.terminate()
        seen = json.loads(sink.communicate()[0])
    assert report["requests"]["accepted"] == seen["requests"] == 100
    assert report["spans"]["accepted"] == 10_000
    assert report["errors"] == {}
    assert ids.read(tmp_path / "ids") == [trace for trace, _ in ids.traces(7, 100, 100)]


def test_quantiles_are_by_nearest_rank() -> None:
    found = quantiles([float(n) for n in range(1, 101)])
    assert (found["p50"], found["p95"], found["max"]) == (51, 96, 100)


@pytest.mark.parametrize(
    ("at_most", "measured", "verdict"),
    [
        (False, 100.0, "met"),
        (False, 50.0, "half"),
        (False, 49.0, "below half"),
        (True, 100.0, "met"),
        (True, 200.0, "half"),
        (True, 201.0, "below half"),
        (True, None, "not measured"),
    ],
)
def test_a_figure_is_judged_by_half_and_whole(
    at_most: bool, measured: float | None, verdict: str
) -> None:
    assert Target("x", "s", 100, lambda _: None, at_most).verdict(measured) == verdict
