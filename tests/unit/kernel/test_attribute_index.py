"""The kernel's attribute index: it says what the definition says, and never hides an attribute."""

import math
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from clew._kernel import decode_request
from tests import attribute_index as index
from tests.build import SECOND_NS, START_NS, request, span
from tests.unit.kernel.strategies import requests


def kernel(message: ExportTraceServiceRequest) -> list[dict[str, Any]]:
    return pa.record_batch(decode_request(message.SerializeToString())[2]).to_pylist()


def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """As text, because a NaN equals nothing; zeros lose their sign."""
    keys = ("scope", "key", "type", "time")
    for row in rows:
        row["min_value"] = repr(row["min_value"] + 0.0)
        row["max_value"] = repr(row["max_value"] + 0.0)
    return sorted(rows, key=lambda row: [row[key] for key in keys])


def admits(row: dict[str, Any], one: index.Attribute, second: int) -> bool:
    """Whether a search for this attribute would look at the second."""
    if row["scope"] != one.scope or not row["time"] <= second <= row["last_time"]:
        return False
    if row["key"] == "":
        return True
    if row["key"] != one.key or row["type"] != one.type:
        return False
    if not math.isnan(one.number) and not row["min_value"] <= one.number <= row["max_value"]:
        return False
    if one.text is None or one.text in row["values"]:
        return True
    held = row["filter"]
    probes = index.bits(one.text, len(held)) if held else []
    return not row["complete"] and all(held[bit // 8] >> bit % 8 & 1 for bit in probes)


@given(message=requests)
def test_rows_equal_the_definition(message: ExportTraceServiceRequest) -> None:
    assert in_order(kernel(message)) == in_order(index.rows(message, bytes(16), 0))


@given(message=requests)
def test_no_attribute_is_hidden(message: ExportTraceServiceRequest) -> None:
    rows = kernel(message)
    for second, attributes in index.spans_with_attributes(message):
        for one in attributes:
            assert any(admits(row, one, second) for row in rows), one


def test_values_that_are_many_are_in_the_filter_and_the_most_frequent_are_listed() -> None:
    spans = [
        span(attrs={"many": f"{n % 700} of many different values", "few": n % 3, "wide": "x" * 129})
        for n in range(1_000)
    ]
    message = request(*spans)
    assert in_order(kernel(message)) == in_order(index.rows(message, bytes(16), 0))


def test_seconds_are_joined_when_the_spans_are_too_few_for_a_row_each() -> None:
    spans = [span(start_ns=START_NS + 7 * n * SECOND_NS, attrs={"n": n}) for n in range(20)]
    message = request(*spans)
    rows = kernel(message)
    assert in_order(rows) == in_order(index.rows(message, bytes(16), 0))
    assert len([row for row in rows if row["key"] == "n"]) <= 2


@pytest.mark.parametrize("apart_s", [0, 1_000])
def test_keys_beyond_the_bound_share_a_row(apart_s: int) -> None:
    spans = [
        span(
            start_ns=START_NS + n * apart_s * SECOND_NS,
            attrs={"everywhere": n} | {f"key {n} {m}": m for m in range(100)},
        )
        for n in range(60)
    ]
    message = request(*spans)
    rows = kernel(message)
    assert len(rows) <= index.MOST_ROWS
    assert {"everywhere", ""} <= {row["key"] for row in rows if row["scope"] == index.SPAN}
    for second, attributes in index.spans_with_attributes(message):
        for one in attributes:
            assert any(admits(row, one, second) for row in rows), one
