"""What the door keeps of a valid request equals the request."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from clew._kernel import admit
from tests.unit.kernel.strategies import otlp_json, requests, span_count


@given(request=requests)
def test_valid_protobuf_is_kept_byte_for_byte(request: ExportTraceServiceRequest) -> None:
    body = request.SerializeToString()
    assert admit(body, "protobuf") == (body, span_count(request), 0, None)


@given(request=requests)
def test_valid_json_is_kept_as_the_same_message(request: ExportTraceServiceRequest) -> None:
    body = json.dumps(otlp_json(request)).encode()
    assert _kept(body, request) == _bytes(request)


@given(request=requests, data=st.data())
def test_json_may_be_written_in_other_ways(
    request: ExportTraceServiceRequest, data: st.DataObject
) -> None:
    varied = _varied(otlp_json(request), data)
    body = json.dumps(varied, ensure_ascii=data.draw(st.booleans()), indent=1).encode()
    assert _kept(body, request) == _bytes(request)


@given(request=requests, data=st.data())
def test_a_bad_span_among_good_ones_costs_itself(
    request: ExportTraceServiceRequest, data: st.DataObject
) -> None:
    bad = 0
    expected = ExportTraceServiceRequest()
    expected.CopyFrom(request)
    for kept_group, group in zip(expected.resource_spans, request.resource_spans, strict=True):
        for kept, inner in zip(kept_group.scope_spans, group.scope_spans, strict=True):
            for index in reversed(range(len(inner.spans))):
                if data.draw(st.booleans()):
                    inner.spans[index].trace_id = data.draw(
                        st.sampled_from([b"", bytes(16), bytes([1] * 15), bytes([1] * 17)])
                    )
                    del kept.spans[index]
                    bad += 1
    for encoding, body in [
        ("protobuf", request.SerializeToString()),
        ("json", json.dumps(otlp_json(request)).encode()),
    ]:
        kept_body, accepted, rejected, message = admit(body, encoding)
        assert (accepted, rejected) == (span_count(expected), bad)
        assert (message is None) == (bad == 0)
        parsed = ExportTraceServiceRequest.FromString(kept_body)
        assert _all_spans(parsed) == _all_spans(expected)


def _kept(body: bytes, request: ExportTraceServiceRequest) -> bytes:
    kept, accepted, rejected, message = admit(body, "json")
    assert (accepted, rejected, message) == (span_count(request), 0, None)
    return _bytes(ExportTraceServiceRequest.FromString(kept))


def _bytes(request: ExportTraceServiceRequest) -> bytes:
    """Messages that hold a NaN are equal only so."""
    return request.SerializeToString(deterministic=True)


def _all_spans(request: ExportTraceServiceRequest) -> list[bytes]:
    return [
        b"|".join(part.SerializeToString() for part in (group.resource, inner.scope, span))
        for group in request.resource_spans
        for inner in group.scope_spans
        for span in inner.spans
    ]


def _varied(value: Any, data: st.DataObject) -> Any:
    """The same content: other order, unknown and null members, bare integers, upper-case ids."""
    if isinstance(value, list):
        return [_varied(item, data) for item in value]
    if not isinstance(value, dict):
        return value
    members = [(name, _varied_member(name, member, data)) for name, member in value.items()]
    members += data.draw(
        st.sampled_from(
            [[], [("unknown", [{"deep": [None, {}]}]), ("another_one", "x")], [("absent", None)]]
        )
    )
    return dict(data.draw(st.permutations(members)))


def _varied_member(name: str, member: Any, data: st.DataObject) -> Any:
    if name in {"traceId", "spanId", "parentSpanId"}:
        return member.upper() if data.draw(st.booleans()) else member
    if name in {"intValue", "startTimeUnixNano", "endTimeUnixNano", "timeUnixNano"}:
        return int(member) if data.draw(st.booleans()) else member
    return _varied(member, data)
