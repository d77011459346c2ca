"""What is too long is cut and what is too many is dropped, as limited.py says independently."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList

from clew._kernel import admit, decode_request
from tests.unit.kernel.limited import MARK, Limits, limited, owners, take_marks
from tests.unit.kernel.strategies import any_values, otlp_json, requests, span_count

SMALL = Limits(attributes=3, value_bytes=128)
# Characters of one to four bytes, so that cuts fall inside them.
_LONG = st.text(st.sampled_from("aé€😀,"), min_size=1, max_size=12).flatmap(
    lambda text: st.integers(0, 40).map(lambda times: text * times)
)
_long_values = st.recursive(
    any_values
    | st.builds(AnyValue, string_value=_LONG)
    | st.builds(AnyValue, bytes_value=st.binary(max_size=300)),
    lambda inner: (
        st.builds(AnyValue, array_value=st.builds(ArrayValue, values=st.lists(inner, max_size=8)))
        | st.builds(
            AnyValue,
            kvlist_value=st.builds(
                KeyValueList,
                values=st.lists(st.builds(KeyValue, key=_LONG, value=inner), max_size=8),
            ),
        )
    ),
    max_leaves=12,
)
_long_pairs = st.lists(st.builds(KeyValue, key=_LONG, value=_long_values), max_size=4)


def _draw_long(request: ExportTraceServiceRequest, data: st.DataObject) -> None:
    """Makes some of the request's owners larger than SMALL allows."""
    for owner in owners(request):
        if data.draw(st.booleans()):
            owner.attributes.extend(data.draw(_long_pairs))
        fields = owner.DESCRIPTOR.fields_by_name
        if "name" in fields and data.draw(st.integers(0, 3)) == 0:
            owner.name = data.draw(_LONG) * 30
        if "trace_state" in fields and data.draw(st.booleans()):
            owner.trace_state = data.draw(_LONG)
        if "status" in fields and data.draw(st.booleans()):
            owner.status.message = data.draw(_LONG)


def _encodings(request: ExportTraceServiceRequest) -> list[tuple[str, bytes]]:
    return [
        ("protobuf", request.SerializeToString()),
        ("json", json.dumps(otlp_json(request)).encode()),
    ]


def _small(body: bytes, encoding: str) -> tuple[bytes, int, int, str | None]:
    return admit(body, encoding, SMALL.attributes, SMALL.value_bytes)


@given(request=requests, data=st.data())
def test_both_encodings_keep_every_span_and_what_the_limits_allow_of_it(
    request: ExportTraceServiceRequest, data: st.DataObject
) -> None:
    _draw_long(request, data)
    encodings = _encodings(request)
    spans, whole = span_count(request), request.SerializeToString(deterministic=True)
    marks = limited(request, SMALL)
    is_changed = request.SerializeToString(deterministic=True) != whole
    kept_of = []
    for encoding, body in encodings:
        kept, accepted, rejected, message = _small(body, encoding)
        assert (accepted, rejected) == (spans, 0)
        found = ExportTraceServiceRequest.FromString(kept)
        kept_of.append(found.SerializeToString(deterministic=True))
        assert take_marks(found) == marks
        assert _normal(found) == _normal(request)
        assert (message is not None) == is_changed
        decode_request(kept)
        # What is kept is within the limits, the marks too.
        assert _small(kept, "protobuf") == (kept, spans, 0, None)
    assert kept_of[0] == kept_of[1]


def _normal(request: ExportTraceServiceRequest) -> bytes:
    """A value that is there and empty is one that is absent."""
    copy = ExportTraceServiceRequest()
    copy.CopyFrom(request)
    for owner in owners(copy):
        for attribute in owner.attributes:
            _fill(attribute)
    return copy.SerializeToString(deterministic=True)


def _fill(pair: KeyValue) -> None:
    pair.value.SetInParent()
    _fill_value(pair.value)


def _fill_value(value: AnyValue) -> None:
    for one in value.array_value.values:
        _fill_value(one)
    for pair in value.kvlist_value.values:
        _fill(pair)


def _one(**fields: Any) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.add(key="service.name").value.string_value = "checkout"
    group.scope_spans.add().spans.add(trace_id=b"\1" * 16, span_id=b"\2" * 8, **fields)
    return request


def _span(kept: bytes) -> Any:
    return ExportTraceServiceRequest.FromString(kept).resource_spans[0].scope_spans[0].spans[0]


def _text(key: str, text: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=text))


def test_value_of_the_default_length_is_kept_and_one_byte_more_is_cut_and_said() -> None:
    fits = _one(attributes=[_text("db.query.text", "x" * 16384)]).SerializeToString()
    assert admit(fits, "protobuf") == (fits, 1, 0, None)
    kept, _, _, message = admit(
        _one(attributes=[_text("db.query.text", "x" * 16385)]).SerializeToString(), "protobuf"
    )
    value, mark = _span(kept).attributes
    assert len(value.value.string_value) == 16384
    assert (mark.key, mark.value.string_value) == (MARK, "db.query.text (16385 bytes)")
    assert message is not None
    assert message.startswith(
        "all spans were kept, but 1 value was cut to 16384 bytes; the first is "
        'db.query.text of service "checkout" (16385 bytes).'
    )


def test_attributes_above_the_count_are_added_to_those_that_the_sender_dropped() -> None:
    request = _one(
        attributes=[_text(f"k{index}", "v") for index in range(1030)],
        dropped_attributes_count=7,
    )
    kept, _, _, message = admit(request.SerializeToString(), "protobuf")
    span = _span(kept)
    assert [one.key for one in span.attributes] == [f"k{index}" for index in range(1024)]
    assert span.dropped_attributes_count == 13
    assert message is not None
    assert "6 attributes were above 1024 of one owner and dropped" in message
    assert 'k1024 of a span of service "checkout"' in message


def test_a_large_resource_that_would_reject_its_spans_is_cut_instead() -> None:
    request = _one()
    resource = request.resource_spans[0].resource
    resource.attributes.append(_text("process.command_line", "x" * (2 << 20)))
    kept, accepted, rejected, _ = admit(request.SerializeToString(), "protobuf")
    assert (accepted, rejected) == (1, 0)
    assert len(kept) < 20_000


def test_earlier_marks_of_the_sender_do_not_hide_new_ones() -> None:
    request = _one(attributes=[_text(MARK, "a (9 bytes)"), _text("b", "x" * 200)])
    kept, *_ = _small(request.SerializeToString(), "protobuf")
    marks = [one.value.string_value for one in _span(kept).attributes if one.key == MARK]
    assert marks == ["a (9 bytes)", "b (200 bytes)"]


@pytest.mark.parametrize("name", ["name", "trace_state", "status"])
def test_texts_of_the_span_are_named_in_its_mark(name: str) -> None:
    request = _one()
    span = request.resource_spans[0].scope_spans[0].spans[0]
    if name == "status":
        span.status.message = "x" * 20000
    else:
        setattr(span, name, "x" * 20000)
    kept, *_ = admit(request.SerializeToString(), "protobuf")
    words = {"name": "span name", "trace_state": "trace state", "status": "status message"}
    [mark] = _span(kept).attributes
    assert mark.value.string_value == f"{words[name]} (20000 bytes)"
