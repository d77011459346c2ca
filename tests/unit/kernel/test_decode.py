"""The kernel's columns equal those that plain Python makes of the reference classes."""

import struct
from typing import Any

import pyarrow as pa
from hypothesis import given
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from clew._kernel import (
    attribute_index_schema,
    decode_request,
    spans_schema,
    trace_ranges_schema,
)
from tests.build import batches, request, span
from tests.unit.kernel.strategies import requests


@given(message=requests)
def test_columns_equal_the_reference(message: ExportTraceServiceRequest) -> None:
    expected = batches(message, segment=bytes(16), receive_day=0)
    decoded = decode_request(message.SerializeToString())
    for ours, theirs in zip(decoded[:2], expected[:2], strict=True):
        ours = pa.record_batch(ours)
        ours.validate(full=True)
        assert ours.schema.names == theirs.schema.names
        for name in theirs.schema.names:
            assert _exact(ours.column(name)) == _exact(theirs.column(name)), name


def test_no_column_holds_nulls() -> None:
    def nullable(field: pa.Field) -> bool:
        held = field.type
        inner = [held.field(index) for index in range(held.num_fields)]
        return field.nullable or any(nullable(field) for field in inner)

    for table in (spans_schema, trace_ranges_schema, attribute_index_schema):
        schema = pa.schema(table())
        assert [field.name for field in schema if nullable(field)] == []


def test_text_that_is_not_utf8_is_repaired() -> None:
    body = request(span("name-here", attrs={"key-here": "text-here"})).SerializeToString()
    for word in (b"name-here", b"key-here", b"text-here"):
        body = body.replace(word, word[:-1] + b"\xff")
    rows = pa.record_batch(decode_request(body)[0])
    assert rows.column("name").to_pylist() == ["name-her\ufffd"]
    assert rows.column("attr_str").to_pylist() == [[("key-her\ufffd", "text-her\ufffd")]]


def test_profile_references_are_absent() -> None:
    message = request(span())
    message.resource_spans[0].scope_spans[0].spans[0].attributes.append(
        KeyValue(key="k", key_strindex=3, value=AnyValue(string_value_strindex=4))
    )
    rows = pa.record_batch(decode_request(message.SerializeToString())[0])
    assert [key for key, _ in rows.column("attr_other").to_pylist()[0]] == ["k"]


def _exact(column: pa.Array) -> Any:
    """Values in which a float is its bits: NaN equals itself, -0.0 is not 0.0."""

    def exact(value: Any) -> Any:
        if isinstance(value, float):
            return struct.pack(">d", value)
        if isinstance(value, (list, tuple)):
            return [exact(item) for item in value]
        return value

    return exact(column.to_pylist())
