"""Written and read again: OTLP's forms keep everything, the others what they have a place for."""

from __future__ import annotations

import gzip
import io
import json
import random
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span

from clew.formats import WRITERS, Format, Item, Source, Unreadable, read
from tests import build
from tests.unit.kernel.strategies import requests

quickly = settings(
    max_examples=25,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def items(data: bytes, format: Format | None = None) -> list[Item]:
    return list(read(Source(io.BytesIO(data)), format))


def groups(data: bytes, format: Format | None = None) -> list[ResourceSpans]:
    """What was read; nothing may be unreadable."""
    found = items(data, format)
    wrong = [item for item in found if isinstance(item, Unreadable)]
    assert not wrong
    return [item for item in found if isinstance(item, ResourceSpans)]


def write(format: str, traces: Iterable[list[ResourceSpans]]) -> bytes:
    writer = WRITERS[format]()
    pieces = [writer.begin()]
    for trace in traces:
        pieces += writer.trace(trace)
    return b"".join([*pieces, writer.end()])


def prefixed(messages: Iterable[ExportTraceServiceRequest]) -> bytes:
    bodies = [message.SerializeToString() for message in messages]
    return b"".join(len(body).to_bytes(4, "big") + body for body in bodies)


def joined(found: Iterable[ResourceSpans]) -> bytes:
    return ExportTraceServiceRequest(resource_spans=found).SerializeToString(deterministic=True)


@quickly
@given(requests)
def test_otlp_comes_back_bit_by_bit(request: ExportTraceServiceRequest) -> None:
    sent = list(request.resource_spans)
    for format in ("otlp-json", "otlp-jsonl", "otlp-proto"):
        data = write(format, [sent])
        assert joined(groups(data, Format(format))) == joined(sent)
        if sent:
            assert joined(groups(gzip.compress(data))) == joined(sent), "recognised untold"


@quickly
@given(st.lists(requests, max_size=3))
def test_requests_with_their_lengths_come_back(sent: list[ExportTraceServiceRequest]) -> None:
    found = groups(prefixed(sent), Format.OTLP_PROTO_PREFIXED) if sent else []
    assert joined(found) == joined(group for request in sent for group in request.resource_spans)


@quickly
@given(requests)
def test_other_formats_change_nothing_the_second_time(request: ExportTraceServiceRequest) -> None:
    for format in ("jaeger", "zipkin"):
        once = write(format, [list(request.resource_spans)])
        twice = write(format, [groups(once)])
        assert json.loads(twice) == json.loads(once)


_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_US = st.integers(1, 2 * 10**15)
_ID = st.integers(1, 2**64 - 1)


def _attributes(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(_TEXT.map(lambda text: f"x.{text}"), values, max_size=3)


_VALUES = {
    "jaeger": _TEXT
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.binary(max_size=8),
    "zipkin": _TEXT,
}
_FIELD_VALUES = {
    "jaeger": _VALUES["jaeger"],
    "zipkin": _TEXT
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.lists(_TEXT, max_size=2)
    | st.floats(allow_nan=False, allow_infinity=False),
}


@st.composite
def carried(draw: st.DrawFn, format: str) -> ResourceSpans:
    """One span of which the format has a place for everything."""
    start_us = draw(_US)
    attributes = draw(_attributes(_VALUES[format]))
    one = build.span(
        draw(_TEXT),
        span_id=draw(_ID),
        parent=draw(st.just(0) | _ID),
        start_ns=start_us * 1000,
        duration_ns=draw(st.integers(0, 10**9)) * 1000,
        kind=draw(st.integers(1, 5)),
        attrs=dict(sorted(attributes.items())),
        trace_state=draw(st.sampled_from(["", "a=1,b=2"])),
        dropped_attributes_count=draw(st.integers(0, 2**32 - 1)),
        dropped_links_count=draw(st.integers(0, 2)),
    )
    code = draw(st.integers(0, 2))
    if code:
        one.status.code = code
        has_place = code == 2 or format == "jaeger"
        one.status.message = draw(_TEXT) if has_place else ""
    for _ in range(draw(st.integers(0, 2))):
        event = one.events.add(time_unix_nano=draw(_US) * 1000, name=draw(_TEXT))
        event.attributes.extend(build.attributes(draw(_attributes(_FIELD_VALUES[format]))))
        if format == "jaeger":
            event.dropped_attributes_count = draw(st.integers(0, 9))
    for _ in range(draw(st.integers(0, 2))):
        link = one.links.add(
            trace_id=draw(_ID).to_bytes(16, "big"), span_id=draw(_ID).to_bytes(8, "big")
        )
        if format == "zipkin":
            link.attributes.extend(build.attributes(draw(_attributes(_FIELD_VALUES[format]))))
            link.trace_state = draw(st.sampled_from(["", "a=1", "a=|{}|x"]))
    found = build.request(one, service=draw(_TEXT.filter(bool))).resource_spans[0]
    found.resource.attributes.extend(build.attributes({"service.version": "1", "telemetry.x": "y"}))
    found.scope_spans[0].scope.name = draw(_TEXT)
    found.scope_spans[0].scope.version = draw(_TEXT)
    return found


@pytest.mark.parametrize("format", ["jaeger", "zipkin"])
@quickly
@given(data=st.data())
def test_other_formats_keep_what_they_have_a_place_for(format: str, data: st.DataObject) -> None:
    sent = data.draw(carried(format))
    writer = WRITERS[format]()
    text = b"".join([writer.begin(), *writer.trace([sent]), writer.end()])
    assert [str(group) for group in groups(text)] == [str(sent)]
    assert not +writer.lost


@pytest.mark.parametrize("format", ["otlp-json", "jaeger"])
def test_groups_larger_than_memory_allows_are_taken_apart(
    format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = build.request(
        *(build.span(f"step {n}", span_id=n + 1, attrs={"n": n}) for n in range(2_500)),
    )
    sent.resource_spans[0].schema_url = "" if format == "jaeger" else "https://example.com/1"
    data = write(format, [list(sent.resource_spans)])
    from clew.formats import cursor

    whole = groups(data)
    monkeypatch.setattr(cursor.Cursor.__init__, "__defaults__", (0, 100_000))
    parts = groups(data)
    assert len(parts) > len(whole) or format == "jaeger"
    flat = [
        (str(part.resource), part.schema_url, str(one))
        for found in (whole, parts)
        for part in found
        for scoped in part.scope_spans
        for one in scoped.spans
    ]
    assert len(flat) == 5_000
    assert flat[:2_500] == flat[2_500:]


def test_spans_of_one_trace_keep_their_order() -> None:
    shuffled = list(range(1, 20))
    random.Random(7).shuffle(shuffled)
    sent = [
        build.request(build.span(span_id=n), service=f"service-{n % 3}").resource_spans[0]
        for n in shuffled
    ]
    found = groups(write("jaeger", [sent]))
    ids = [one.span_id for group in found for scoped in group.scope_spans for one in scoped.spans]
    assert [int.from_bytes(span_id, "big") for span_id in ids] == shuffled


def test_writer_counts_what_the_format_cannot_carry() -> None:
    one = build.span(flags=0x301, end_ns=0)
    one.links.add(trace_id=bytes(15) + b"\1", span_id=bytes(7) + b"\1", trace_state="a=1")
    one.links[0].attributes.extend(build.attributes({"a": 1}))
    sent = build.request(one)
    sent.resource_spans[0].schema_url = "https://example.com/1"
    writer = WRITERS["jaeger"]()
    list(writer.trace(list(sent.resource_spans)))
    assert +writer.lost == {
        "ends before starts": 1,
        "trace flags but sampled": 1,
        "attributes of links": 1,
        "states, flags and dropped counts of links": 1,
        "schema URLs": 1,
    }


def test_kind_of_the_reference_class_is_what_is_read() -> None:
    data = b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":"SPAN_KIND_CLIENT"}]}]}]}'
    [group] = groups(data)
    assert group.scope_spans[0].spans[0].kind == Span.SPAN_KIND_CLIENT
