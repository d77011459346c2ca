"""Whatever comes in ends as a number of accepted and rejected spans or as `ValueError`, soon."""

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterable

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from clew._kernel import admit, any_value_json, decode_request
from tests.build import request, span
from tests.unit.kernel.strategies import otlp_json, requests, span_count

# 64 MiB is the default limit of a request; cost grows with the size, so a part shows it as well.
_SIZE = (64 if os.environ.get("CLEW_THOROUGH") == "1" else 4) << 20


def _promises(body: bytes, encoding: str) -> None:
    try:
        kept, accepted, rejected, message = admit(body, encoding)
    except ValueError:
        return
    assert message or rejected == 0
    assert rejected or message is None or message.startswith("all spans were kept, but ")
    assert admit(kept, "protobuf")[1:] == (accepted, 0, None)
    assert pa.record_batch(decode_request(kept)[0]).num_rows == accepted


@given(body=st.binary(max_size=400), encoding=st.sampled_from(["protobuf", "json"]))
def test_random_bytes_keep_the_promises(body: bytes, encoding: str) -> None:
    _promises(body, encoding)
    with contextlib.suppress(ValueError):
        any_value_json(body)
    with contextlib.suppress(ValueError):
        decode_request(body)


@given(message=requests, encoding=st.sampled_from(["protobuf", "json"]), data=st.data())
def test_damaged_requests_keep_the_promises(
    message: ExportTraceServiceRequest, encoding: str, data: st.DataObject
) -> None:
    if encoding == "protobuf":
        body = bytearray(message.SerializeToString())
    else:
        body = bytearray(json.dumps(otlp_json(message)).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body)))
        end = data.draw(st.integers(at, min(at + 4, len(body))))
        body[at:end] = data.draw(st.binary(max_size=4))
    _promises(bytes(body), encoding)


@given(message=requests, data=st.data())
def test_a_damaged_span_never_costs_more_than_itself(
    message: ExportTraceServiceRequest, data: st.DataObject
) -> None:
    """Its bytes are replaced behind the framing, so the other spans are whole."""
    before = span_count(message)
    inner = request(span()).resource_spans[0]
    good = inner.scope_spans[0].spans[0].SerializeToString()
    message.resource_spans.append(inner)
    damage = data.draw(st.binary(min_size=len(good), max_size=len(good)))
    body = message.SerializeToString()
    at = body.rindex(good)
    _, accepted, rejected, _ = admit(body[:at] + damage + body[at + len(good) :], "protobuf")
    assert accepted + rejected == before + 1
    assert accepted >= before


def _nested(fields: Iterable[int], inner: bytes = b"") -> bytes:
    """Messages in messages, by field numbers from the outside; joined once, for towers are high."""
    pieces = [inner]
    length = len(inner)
    for field in reversed(list(fields)):
        head = bytearray([field << 3 | 2])
        size = length
        while size >= 0x80:
            head.append(size & 0x7F | 0x80)
            size >>= 7
        head.append(size)
        pieces.append(bytes(head))
        length += len(head)
    return b"".join(reversed(pieces))


_IDS = '"traceId":"01010101010101010101010101010101","spanId":"0101010101010101"'


def _json_span(value: str) -> bytes:
    attribute = f'{{"key":"k","value":{value}}}'
    return (
        f'{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{{_IDS},"attributes":[{attribute}]}}]}}]}}]}}'
    ).encode()


def _protobuf_span(fields: bytes) -> bytes:
    ids = _nested([1], bytes([1] * 16)) + _nested([2], bytes([1] * 8))
    return _nested([1, 2, 2], ids + fields)


def _text(text: str) -> str:
    return f'{{"stringValue":"{text}"}}'


def _wrapped(levels: int, inner: str) -> str:
    return '{"arrayValue":{"values":[' * levels + inner + "]}}" * levels


_BODIES: dict[str, Callable[[], bytes]] = {
    "protobuf: empty spans": lambda: _nested([1, 2], b"\x12\x00" * (_SIZE // 2)),
    "protobuf: empty groups": lambda: b"\x0a\x00" * (_SIZE // 2),
    "protobuf: empty scopes": lambda: _nested([1], b"\x12\x00" * (_SIZE // 2)),
    "protobuf: empty events": lambda: _protobuf_span(b"\x5a\x00" * (_SIZE // 2)),
    "protobuf: empty links": lambda: _protobuf_span(b"\x6a\x00" * (_SIZE // 2)),
    "protobuf: empty attributes": lambda: _protobuf_span(b"\x4a\x00" * (_SIZE // 2)),
    "protobuf: a tower": lambda: _protobuf_span(_nested([9, 2, *[5, 1] * (_SIZE // 10)])),
    "protobuf: a value in pieces": lambda: _protobuf_span(
        _nested([9], b"\x12\x02\x2a\x00" * (_SIZE // 4))
    ),
    "protobuf: a long varint": lambda: b"\x98\x06" + b"\xff" * _SIZE,
    "protobuf: an unknown field": lambda: _nested([15], b"x" * _SIZE),
    "json: brackets": lambda: b"[" * _SIZE,
    "json: objects": lambda: b'{"a":' * (_SIZE // 5),
    "json: an unknown tower": lambda: b'{"x":' + b"[" * (_SIZE // 2) + b"]" * (_SIZE // 2) + b"}",
    "json: a tower": lambda: _json_span(_wrapped(_SIZE // 28, "{}")),
    "json: a long text, deep": lambda: _json_span(_wrapped(60, _text("x" * _SIZE))),
    "json: escapes": lambda: _json_span(_text("\\ud83d" * (_SIZE // 6))),
    "json: digits": lambda: _json_span('{"intValue":' + "1" * _SIZE + "}"),
    "json: zeros": lambda: _json_span('{"intValue":"1.' + "0" * _SIZE + '"}'),
    "json: a decimal": lambda: _json_span('{"doubleValue":0.' + "1" * _SIZE + "}"),
    "json: an exponent": lambda: _json_span('{"intValue":"1e-999999999999"}'),
    "json: empty groups": lambda: b'{"resourceSpans":[' + b"{}," * (_SIZE // 3) + b"{}]}",
    "json: wrong spans": lambda: (
        b'{"resourceSpans":[{"scopeSpans":[{"spans":[' + b"5," * (_SIZE // 2) + b"5]}]}]}"
    ),
}


@pytest.mark.parametrize("name", _BODIES)
def test_hostile_bodies_end_soon(name: str) -> None:
    body = _BODIES[name]()
    started = time.process_time()
    _promises(body, name.partition(":")[0])
    # Valid requests of this size take about a tenth of that.
    assert time.process_time() - started < 1 + _SIZE / (4 << 20)


def test_a_large_resource_on_many_spans_is_bounded() -> None:
    spans = [span(span_id=index) for index in range(1, 20_001)]
    # No value is so long that it is cut.
    resource = {f"blob{index}": "x" * (16 << 10) for index in range(32)}
    body = request(*spans, resource=resource).SerializeToString()
    _, accepted, rejected, message = admit(body, "protobuf")
    assert accepted + rejected == 20_000
    assert 0 < accepted < 10_000
    assert message is not None
    assert "send fewer spans in one request" in message
