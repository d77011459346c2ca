"""What is written by hand is what the reference messages read."""

from __future__ import annotations

from random import Random

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as WireSpan

from clew.demo.sender import Outbox, Tally
from clew.demo.service import Value
from clew.demo.story import Span, Story
from clew.demo.wire import Encoder, any_value, flags
from tests.unit.demo.conftest import spans_of

EPOCH_NS = 1_795_348_800_000_000_000


def python(value: AnyValue) -> Value:
    field = value.WhichOneof("value")
    if field == "array_value":
        return tuple(python(item) for item in value.array_value.values)  # type: ignore[return-value]
    plain: Value = getattr(value, str(field))
    return plain


def read(pairs: object) -> dict[str, Value]:
    assert isinstance(pairs, list)
    return {pair.key: python(pair.value) for pair in pairs}


def typed(values: dict[str, Value]) -> dict[str, tuple[type, Value]]:
    return {key: (type(value), value) for key, value in values.items()}


@pytest.mark.parametrize(
    "value",
    ["", "é…", "x" * 300, True, False, 0, 1, -1, 2**63 - 1, -(2**63), 0.0, 1.0, -2.5, ("a", ""),
     (1, -1), ()],
)  # fmt: skip
def test_values_survive(value: Value) -> None:
    read_back = python(AnyValue.FromString(any_value(value)))
    assert (type(read_back), read_back) == (type(value), value)


def test_equal_values_of_different_types_are_not_mixed_up() -> None:
    encoder = Encoder()
    for value in (1, True, 1.0, 1):
        (pair,) = WireSpan.FromString(encoder.pairs(9, {"key": value})).attributes
        assert typed(read([pair])) == typed({"key": value})


def test_everything_of_every_span_arrives(minute: list[Story]) -> None:
    boxes: dict[object, Outbox] = {}
    sent: dict[bytes, Span] = {}
    encoder = Encoder()
    for span in spans_of(minute[:400]):
        box = boxes.setdefault(
            span.instance,
            Outbox(span.instance, span.instance.resource, encoder, Random(1), Tally()),
        )
        box.add(EPOCH_NS, span)
        sent[span.span_id] = span
    for box in boxes.values():
        body = box.take(0.0)
        assert body is not None
        (group,) = ExportTraceServiceRequest.FromString(body).resource_spans
        assert typed(read([*group.resource.attributes])) == typed(dict(box.resource))
        assert group.schema_url == box.instance.service.sdk.schema_url
        for scoped in group.scope_spans:
            for wire in scoped.spans:
                span = sent.pop(wire.span_id)
                assert scoped.scope.name == span.scope.name
                assert scoped.scope.version == span.scope.version
                assert scoped.schema_url == span.scope.schema_url
                check(wire, span)
    left = len(sent)
    assert left == sum(box.unsent - min(box.unsent, 512) for box in boxes.values())


def check(wire: WireSpan, span: Span) -> None:
    assert wire.trace_id == span.trace_id
    assert wire.parent_span_id == (b"" if span.parent is None else span.parent.span_id)
    assert (wire.name, wire.kind, wire.flags) == (span.name, span.kind.value, flags(span))
    assert wire.start_time_unix_nano == EPOCH_NS + span.start_ns
    assert wire.end_time_unix_nano == EPOCH_NS + span.end_ns
    assert typed(read([*wire.attributes])) == typed(span.attributes)
    assert (wire.status.code == 2) is span.failed
    assert wire.status.message == (span.status_message if span.failed else "")
    events = [
        (event.name, event.time_unix_nano, read([*event.attributes])) for event in wire.events
    ]
    assert events == [
        (event.name, EPOCH_NS + event.time_ns, event.attributes) for event in span.events
    ]
    assert [(link.trace_id, link.span_id, read([*link.attributes])) for link in wire.links] == [
        (link.trace_id, link.span_id, link.attributes) for link in span.links
    ]
    assert all(link.flags & 1 for link in wire.links)
