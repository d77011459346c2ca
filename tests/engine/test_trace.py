"""A trace comes back as it was sent: everything that OTLP says about a span."""

import base64
import json
import random
from collections.abc import Iterable
from itertools import count
from typing import Any

import pytest
from google.protobuf import json_format
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from clew.query.trace import trace_json
from tests import build
from tests.engine.conftest import FilledStore

_RANKS = ["string_value", "int_value", "double_value", "bool_value"]


def answer(store: FilledStore, trace_id: bytes = build.TRACE_ID) -> Any:
    return json.loads(b"".join(trace_json(store.reader(), trace_id)))


def read_back(store: FilledStore, trace_id: bytes = build.TRACE_ID) -> ExportTraceServiceRequest:
    """The answer as protobuf: what OTLP JSON writes as hex, protobuf's own JSON wants as base64."""

    def rewrite(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: base64.b64encode(bytes.fromhex(item)).decode()
                if key in ("traceId", "spanId", "parentSpanId")
                else rewrite(item)
                for key, item in value.items()
            }
        return [rewrite(item) for item in value] if isinstance(value, list) else value

    return json_format.ParseDict(rewrite(answer(store, trace_id)), ExportTraceServiceRequest())


def canonical(message: ExportTraceServiceRequest) -> bytes:
    """A request in the order in which the store answers: attributes by type, groups sorted."""
    copy = ExportTraceServiceRequest()
    copy.CopyFrom(message)

    def by_type(attributes: Any, ranks: list[str]) -> None:
        def rank(pair: KeyValue) -> int:
            field = pair.value.WhichOneof("value")
            return ranks.index(field) if field in ranks else len(ranks)

        ordered = sorted(attributes, key=rank)
        del attributes[:]
        attributes.extend(ordered)

    def sort(items: Any) -> None:
        ordered = sorted(items, key=lambda item: item.SerializeToString(deterministic=True))
        del items[:]
        items.extend(ordered)

    for group in copy.resource_spans:
        by_type(group.resource.attributes, _RANKS)
        group.resource.SetInParent()
        for inner in group.scope_spans:
            inner.scope.SetInParent()
            by_type(inner.scope.attributes, _RANKS)
            for span in inner.spans:
                span.status.SetInParent()
                by_type(span.attributes, _RANKS)
                for event in span.events:
                    by_type(event.attributes, _RANKS[:1])
                for link in span.links:
                    by_type(link.attributes, _RANKS[:1])
            sort(inner.spans)
        sort(group.scope_spans)
    sort(copy.resource_spans)
    return copy.SerializeToString(deterministic=True)


def full_span() -> Span:
    span = build.span(
        "checkout ✓",
        parent=7,
        kind=4711,
        flags=0x301,
        trace_state="vendor=1,other=x",
        dropped_attributes_count=2**32 - 1,
        dropped_events_count=2,
        dropped_links_count=3,
        attrs={
            "text": 'naïve\n\t\\ "quoted" 𝄞',
            "nul": "a\0b",
            "empty text": "",
            "int64 max": 2**63 - 1,
            "int64 min": -(2**63),
            "true": True,
            "false": False,
            "double": 0.1,
            "nan": float("nan"),
            "infinity": float("inf"),
            "minus infinity": float("-inf"),
            "minus zero": -0.0,
            "bytes": b"\x00\xff",
            "list": ["a", 1, None, [True], {"k": b"v"}],
            "map": {"a": {"b": [1.5]}},
            "nothing": None,
            "": "empty key",
        },
    )
    span.attributes.extend(build.attributes({"text": "the same key again"}))
    span.status.code = 2
    span.status.message = "it broke"
    for number in range(2):
        event = span.events.add()
        event.time_unix_nano = 2**64 - 1 - number
        event.name = f"event {number}"
        event.dropped_attributes_count = number
        event.attributes.extend(build.attributes({"s": "x", "i": 5, "l": [1], "n": None}))
        link = span.links.add()
        link.trace_id = bytes(range(16)) if number else b""
        link.span_id = bytes(range(8)) if number else b""
        link.trace_state = "a=b"
        link.flags = number
        link.dropped_attributes_count = 9
        link.attributes.extend(build.attributes({"s": "x", "f": 1.5}))
    return span


def test_everything_in_a_span_comes_back(store: FilledStore) -> None:
    scope = InstrumentationScope(name="lib", version="1.2", dropped_attributes_count=4)
    scope.attributes.extend(build.attributes({"a": 1, "b": "x", "c": [None]}))
    request = build.request(full_span(), scope=scope, resource={"pid": 42, "args": ["-v"]})
    group = request.resource_spans[0]
    group.schema_url = "https://opentelemetry.io/schemas/1.38.0"
    group.scope_spans[0].schema_url = "https://opentelemetry.io/schemas/1.37.0"
    group.resource.dropped_attributes_count = 5
    store.take(request)
    assert canonical(read_back(store)) == canonical(request)


def test_spans_are_grouped_by_resource_and_scope(store: FilledStore) -> None:
    number = count(1)
    requests = []
    for service in ("cart", "shop"):
        for scope in ("http", "sql"):
            spans = [build.span(span_id=next(number)) for _ in range(3)]
            library = InstrumentationScope(name=scope)
            requests.append(build.request(*spans, service=service, scope=library))
    random.Random(5).shuffle(requests)
    store.take(*requests)
    groups = {
        (group["resource"]["attributes"][0]["value"]["stringValue"], inner["scope"]["name"]): len(
            inner["spans"]
        )
        for group in answer(store)["resourceSpans"]
        for inner in group["scopeSpans"]
    }
    assert groups == dict.fromkeys(
        [("cart", "http"), ("cart", "sql"), ("shop", "http"), ("shop", "sql")], 3
    )
    assert len(answer(store)["resourceSpans"]) == 2


def test_spans_of_one_scope_are_ordered_by_start(store: FilledStore) -> None:
    starts = [build.START_NS + offset for offset in (5, 1, 3)]
    store.take(
        build.request(*[build.span(span_id=n + 1, start_ns=ns) for n, ns in enumerate(starts)])
    )
    spans = answer(store)["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert [span["startTimeUnixNano"] for span in spans] == [str(ns) for ns in sorted(starts)]


def test_trace_over_segments_and_receive_days_is_whole(store: FilledStore) -> None:
    for number in range(3):
        store.take(
            build.request(build.span(span_id=number + 1)),
            segment=bytes([number]) * 16,
            receive_day=build.RECEIVE_DAY + number,
        )
    spans = answer(store)["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert {span["spanId"][-1] for span in spans} == {"1", "2", "3"}


@pytest.mark.parametrize(
    ("start_ns", "end_ns"),
    [
        (0, 0),
        (0, 2**64 - 1),
        (2**64 - 1, 2**64 - 1),
        (2**64 - 1, 0),
        (build.START_NS, build.START_NS - 1),
        (4_294_967_295 * build.SECOND_NS, 4_294_967_296 * build.SECOND_NS),
    ],
)
def test_odd_times_are_kept(store: FilledStore, start_ns: int, end_ns: int) -> None:
    store.take(build.request(build.span(start_ns=start_ns, end_ns=end_ns)))
    (span,) = answer(store)["resourceSpans"][0]["scopeSpans"][0]["spans"]
    assert span["startTimeUnixNano"] == str(start_ns)
    assert span["endTimeUnixNano"] == str(end_ns)


def test_unknown_trace_has_no_pieces(store: FilledStore) -> None:
    store.take(build.request(build.span()))
    assert list(trace_json(store.reader(), bytes(range(16)))) == []


def test_trace_whose_range_came_before_its_spans_has_no_pieces(store: FilledStore) -> None:
    _, ranges, _ = build.batches(build.request(build.span()))
    store.insert("trace_ranges", ranges)
    assert list(trace_json(store.reader(), build.TRACE_ID)) == []


def test_large_trace_comes_in_pieces(store: FilledStore) -> None:
    spans = [build.span(span_id=number, attrs={"n": number}) for number in range(1, 9_001)]
    store.take(build.request(*spans[::2]))
    store.take(build.request(*spans[1::2]), segment=bytes(16))
    pieces = list(trace_json(store.reader(), build.TRACE_ID))
    assert len(pieces) > 2
    document = json.loads(b"".join(pieces))
    assert len(document["resourceSpans"][0]["scopeSpans"][0]["spans"]) == 9_000


def _values() -> st.SearchStrategy[Any]:
    text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
    leaves: st.SearchStrategy[Any] = st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False),
        text,
        st.binary(max_size=8),
    )
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
        max_leaves=5,
    )


def _attributes() -> st.SearchStrategy[list[KeyValue]]:
    text = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
    return st.dictionaries(text, _values(), max_size=5).map(build.attributes)


_IDS = count(1)
_UINT64 = st.integers(0, 2**64 - 1)


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.tuples(_attributes(), _attributes(), _UINT64, _UINT64), min_size=1, max_size=3))
def test_any_attributes_and_times_come_back(
    store: FilledStore, drawn: list[tuple[Iterable[KeyValue], Iterable[KeyValue], int, int]]
) -> None:
    trace_id = next(_IDS).to_bytes(16, "big")
    spans = []
    for number, (attributes, event_attributes, start_ns, end_ns) in enumerate(drawn):
        span = build.span(span_id=number + 1, trace_id=trace_id, start_ns=start_ns, end_ns=end_ns)
        span.attributes.extend(attributes)
        span.events.add(name="e").attributes.extend(event_attributes)
        spans.append(span)
    request = build.request(*spans)
    store.take(request)
    assert canonical(read_back(store, trace_id)) == canonical(request)
