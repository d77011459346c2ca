"""What OTLP says about the data (docs/reference/otlp.md, items 88 to 108).

Everything is sent before the first test reads, because what was sent can be read a second later.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    EntityRef,
    InstrumentationScope,
    KeyValue,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.build import START_NS, request, span
from tests.build import attributes as build_attributes
from tests.flow.door import Answer, Line, attributes, json_body, serving, stored, trace_id
from tests.flow.server import Clew

CASES: dict[str, Callable[[bytes], ExportTraceServiceRequest | bytes]] = {}
TIMES = (0, 1, START_NS - 10**18, START_NS + 10**18, 2**63 - 1, 2**63, 2**64 - 1)
VALUES: dict[str, Any] = {
    "text": "naïve \n 𝄞",
    "empty text": "",
    "true": True,
    "false": False,
    "zero": 0,
    "int64 max": 2**63 - 1,
    "int64 min": -(2**63),
    "double": 0.1,
    "minus zero": -0.0,
    "nan": float("nan"),
    "infinity": float("inf"),
    "bytes": b"\x00\xff",
    "no bytes": b"",
    "list": ["a", 1, None, [True], {"k": b"v"}],
    "empty list": [],
    "map": {"a": {"b": {"c": [1.5]}}, "": 1},
    "empty map": {},
    "nothing": None,
}

Case = Callable[[bytes], ExportTraceServiceRequest | bytes]


def case(build: Case) -> Case:
    """A request that is sent before the tests; its trace has the function's name."""
    CASES[build.__name__] = build
    return build


@case
def ids(found: bytes) -> ExportTraceServiceRequest:
    good = [span(f"good {n}", trace_id=found, span_id=n) for n in range(1, 10)]
    bad = [span("bad", trace_id=found, span_id=90) for _ in range(12)]
    for one, wrong in zip(
        bad, (b"", b"1", b"12345678", b"1" * 15, b"1" * 17, bytes(16)), strict=False
    ):
        one.trace_id = wrong
    for one, wrong in zip(
        bad[6:], (b"", b"1", b"1234567", b"1" * 9, b"1" * 16, bytes(8)), strict=True
    ):
        one.span_id = wrong
    wrong_parent = span("bad", trace_id=found, span_id=91)
    wrong_parent.parent_span_id = b"1234"
    wrong_link = span("bad", trace_id=found, span_id=92)
    wrong_link.links.add(trace_id=b"1", span_id=b"12345678")
    spans = [*good, *bad, wrong_parent, wrong_link]
    random.Random(5).shuffle(spans)
    return request(*spans)


@case
def parents(found: bytes) -> ExportTraceServiceRequest:
    zeros = span("zeros", trace_id=found, span_id=2)
    zeros.parent_span_id = bytes(8)
    return request(
        span("empty", trace_id=found, span_id=1),
        zeros,
        span("child", trace_id=found, span_id=3, parent=1),
    )


@case
def flags(found: bytes) -> ExportTraceServiceRequest:
    spans = []
    for number, value in enumerate((0, 0x1, 0x100, 0x301, 0xFFFFFFFF), 1):
        one = span(str(value), trace_id=found, span_id=number, flags=value)
        one.links.add(trace_id=found, span_id=b"12345678", flags=value)
        spans.append(one)
    return request(*spans)


@case
def defaults(found: bytes) -> ExportTraceServiceRequest:
    message = ExportTraceServiceRequest()
    message.resource_spans.add().scope_spans.add().spans.append(
        Span(trace_id=found, span_id=b"12345678")
    )
    return message


@case
def backwards(found: bytes) -> ExportTraceServiceRequest:
    return request(span("backwards", trace_id=found, end_ns=START_NS - 5_000_000))


@case
def times(found: bytes) -> ExportTraceServiceRequest:
    return request(
        *(
            span(str(time_ns), trace_id=found, span_id=number, start_ns=time_ns, end_ns=time_ns)
            for number, time_ns in enumerate(TIMES, 1)
        )
    )


@case
def everything(found: bytes) -> ExportTraceServiceRequest:
    one = span(
        "everything",
        trace_id=found,
        attrs=VALUES,
        trace_state="vendor=1",
        dropped_attributes_count=2**32 - 1,
        dropped_events_count=2,
        dropped_links_count=3,
    )
    for number in range(3):
        one.events.add(
            name=f"event {number}",
            time_unix_nano=2**64 - 1 - number,
            dropped_attributes_count=number,
            attributes=build_attributes({"n": number}),
        )
        one.links.add(
            trace_id=bytes([number + 1] * 16),
            span_id=bytes([number + 1] * 8),
            trace_state=f"n={number}",
            flags=number,
            dropped_attributes_count=number,
            attributes=build_attributes({"n": number}),
        )
    scope = InstrumentationScope(name="lib", version="1.2", dropped_attributes_count=4)
    message = request(one, scope=scope)
    group = message.resource_spans[0]
    group.resource.dropped_attributes_count = 5
    group.schema_url = "https://example.test/resource"
    group.scope_spans[0].schema_url = "https://example.test/scope"
    return message


@case
def repeated_keys(found: bytes) -> ExportTraceServiceRequest:
    one = span("repeated", trace_id=found, attrs={"k": "first", "other": 1})
    one.attributes.extend(build_attributes({"k": "second"}))
    one.attributes.extend(build_attributes({"k": 3}))
    return request(one)


@case
def profile_references(found: bytes) -> ExportTraceServiceRequest:
    one = span("references", trace_id=found)
    one.attributes.append(
        KeyValue(key="k", key_strindex=3, value=AnyValue(string_value_strindex=4))
    )
    return request(one)


@case
def newer(found: bytes) -> bytes:
    """References to entities, and in each message a field that no version has."""
    message = request(span("newer", trace_id=found))
    group = message.resource_spans[0]
    group.resource.entity_refs.append(EntityRef(type="service", id_keys=["service.name"]))
    unknown = b"\xfa\x3e\x03new"  # field 1007
    inner = group.scope_spans[0]
    one = inner.spans[0].SerializeToString() + unknown
    scope = b"\x0a\x00" + _field(2, one) + unknown
    resource = group.resource.SerializeToString() + unknown
    return _field(1, _field(1, resource) + _field(2, scope) + unknown) + unknown


@case
def older(found: bytes) -> bytes:
    """OTLP 0.x sent its spans in `instrumentation_library_spans`, field 1000."""
    old = _field(1, b"old library") + _field(2, span("lost", trace_id=found).SerializeToString())
    library = b"\xc2\x3e" + _length(old) + old
    good = request(span("today", trace_id=found)).SerializeToString()
    return _field(1, library) + good


@case
def not_utf8(found: bytes) -> bytes:
    spans = [
        span("name-XX", trace_id=found, span_id=1, attrs={"key-XX": "text-XX"}),
        span("whole", trace_id=found, span_id=2),
    ]
    spans[0].status.message = "status-XX"
    spans[0].events.add(name="event-XX")
    content = request(*spans, service="service-XX").SerializeToString()
    return content.replace(b"-XX", b"-\xff\xc0")


@case
def deep(found: bytes) -> bytes:
    """By bytes: the reference library itself gives up at about 30 levels."""

    def nested(levels: int) -> bytes:
        value = _field(1, b"x")
        for _ in range(levels - 1):
            value = _field(6, _field(1, _field(1, b"k") + _field(2, value)))
        return value

    def one(levels: int) -> bytes:
        bare = span(f"{levels} levels", trace_id=found, span_id=levels).SerializeToString()
        return bare + _field(9, _field(1, b"deep") + _field(2, nested(levels)))

    return _field(1, _field(2, b"".join(_field(2, one(levels)) for levels in (31, 64, 65, 5_000))))


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _length(content) + content


def _length(content: bytes) -> bytes:
    out, left = bytearray(), len(content)
    while left >= 0x80:
        out.append(left & 0x7F | 0x80)
        left >>= 7
    return bytes([*out, left])


@pytest.fixture(scope="module")
def clew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clew]:
    with serving(tmp_path_factory.mktemp("data")) as server:
        yield server


@pytest.fixture(scope="module")
def answers(clew: Clew) -> dict[str, Answer]:
    """What the door said to each case."""
    line, found = Line(clew.ports[1]), {}
    for name, build in CASES.items():
        content = build(trace_id(name))
        if isinstance(content, ExportTraceServiceRequest):
            content = content.SerializeToString()
        found[name] = line.send(content)
    line.close()
    return found


def test_invalid_ids_cost_their_span_only(clew: Clew, answers: dict[str, Answer]) -> None:
    rejected, message = answers["ids"].rejected()
    assert rejected == 14
    for word in ("trace_id_length", "trace_id_zero", "span_id_length", "span_id_zero"):
        assert word in message
    assert {one["name"] for one in stored(clew, "ids", 9)} == {f"good {n}" for n in range(1, 10)}


def test_empty_and_zero_parents_are_roots(clew: Clew, answers: dict[str, Answer]) -> None:
    assert answers["parents"].rejected() == (0, "")
    found = {one["name"]: one.get("parentSpanId") for one in stored(clew, "parents", 3)}
    assert found == {"empty": None, "zeros": None, "child": "0000000000000001"}


def test_flags_keep_all_their_bits(clew: Clew, answers: dict[str, Answer]) -> None:
    assert answers["flags"].rejected() == (0, "")
    for one in stored(clew, "flags", 5):
        assert one.get("flags", 0) == one["links"][0].get("flags", 0) == int(one["name"])


def test_what_is_left_out_has_its_default(clew: Clew, answers: dict[str, Answer]) -> None:
    assert answers["defaults"].rejected() == (0, "")
    (found,) = stored(clew, "defaults")
    assert (found["name"], found["kind"], found["status"]) == ("", 0, {})
    assert (found["resource"], found["scope"]) == ({}, {})
    query = f"/api/v1/search?q={trace_id('defaults').hex()}"
    status, text = clew.get(query)
    assert status == 200
    assert "unknown_service" in text


def test_end_before_start_is_kept_and_no_duration_of_centuries(
    clew: Clew, answers: dict[str, Answer]
) -> None:
    assert answers["backwards"].rejected() == (0, "")
    (found,) = stored(clew, "backwards")
    assert int(found["endTimeUnixNano"]) == int(found["startTimeUnixNano"]) - 5_000_000
    status, text = clew.get(f"/api/v1/traces/{trace_id('backwards').hex()}/skeleton")
    assert status == 200
    assert not [number for number in numbers(json.loads(text)["spans"]) if number >= 2**62]


def numbers(held: Any) -> Iterator[int]:
    """Every number anywhere, also as text."""
    if isinstance(held, dict):
        held = list(held.values())
    if isinstance(held, list):
        for item in held:
            yield from numbers(item)
    elif isinstance(held, int) or (isinstance(held, str) and held.isdecimal() and len(held) < 25):
        yield int(held)


def test_times_of_any_century_are_kept_and_break_no_question(
    clew: Clew, answers: dict[str, Answer]
) -> None:
    assert answers["times"].rejected() == (0, "")
    found = {one["name"]: one for one in stored(clew, "times", len(TIMES))}
    assert {int(one["startTimeUnixNano"]) for one in found.values()} == set(TIMES)
    for name, one in found.items():
        assert one["endTimeUnixNano"] == name
    for path in ("/api/v1/services", "/api/v1/histogram", "/api/v1/search?q=%7B%7D"):
        assert clew.get(path)[0] == 200
        far = "&" if "?" in path else "?"
        assert clew.get(f"{path}{far}start=0000000001&end=18446744073709551615")[0] in (200, 400)


def test_everything_in_a_span_comes_back(clew: Clew, answers: dict[str, Answer]) -> None:
    assert answers["everything"].rejected() == (0, "")
    (found,) = stored(clew, "everything")
    assert found["traceState"] == "vendor=1"
    dropped = ("droppedAttributesCount", "droppedEventsCount", "droppedLinksCount")
    assert [found[name] for name in dropped] == [2**32 - 1, 2, 3]
    assert [event["name"] for event in found["events"]] == [f"event {n}" for n in range(3)]
    assert [int(event["timeUnixNano"]) for event in found["events"]] == [
        2**64 - 1 - n for n in range(3)
    ]
    for holder in ("events", "links"):
        assert [one.get("droppedAttributesCount", 0) for one in found[holder]] == [0, 1, 2]
        assert [attributes(one)["n"] for one in found[holder]] == [
            {"intValue": str(n)} for n in range(3)
        ]
    assert [link["traceId"] for link in found["links"]] == [f"0{n + 1}" * 16 for n in range(3)]
    assert [link["spanId"] for link in found["links"]] == [f"0{n + 1}" * 8 for n in range(3)]
    assert [link["traceState"] for link in found["links"]] == [f"n={n}" for n in range(3)]
    assert [link.get("flags", 0) for link in found["links"]] == [0, 1, 2]
    assert found["resourceSchemaUrl"] == "https://example.test/resource"
    assert found["scopeSchemaUrl"] == "https://example.test/scope"
    assert found["resource"]["droppedAttributesCount"] == 5
    assert found["scope"] == {"name": "lib", "version": "1.2", "droppedAttributesCount": 4}


def test_every_type_of_value_comes_back(clew: Clew, answers: dict[str, Answer]) -> None:
    assert answers["everything"].rejected() == (0, "")
    found = attributes(stored(clew, "everything")[0])
    assert {key: repr(from_json(value)) for key, value in found.items()} == {
        key: repr(value) for key, value in VALUES.items()
    }


def from_json(value: dict[str, Any]) -> Any:
    """AnyValue in JSON → what it was in Python."""
    if not value:
        return None
    ((kind, held),) = value.items()
    match kind:
        case "intValue":
            return int(held)
        case "doubleValue":
            return float(held)
        case "bytesValue":
            return base64.b64decode(held)
        case "arrayValue":
            return [from_json(item) for item in held.get("values", [])]
        case "kvlistValue":
            return {one["key"]: from_json(one.get("value", {})) for one in held.get("values", [])}
    return held


def test_repeated_keys_are_all_kept(clew: Clew, answers: dict[str, Answer]) -> None:
    assert answers["repeated_keys"].rejected() == (0, "")
    (found,) = stored(clew, "repeated_keys")
    held = [pair["value"] for pair in found["attributes"] if pair["key"] == "k"]
    assert held == [{"stringValue": "first"}, {"stringValue": "second"}, {"intValue": "3"}]


def test_references_of_profiles_are_absent(clew: Clew, answers: dict[str, Answer]) -> None:
    assert answers["profile_references"].rejected()[0] == 0
    assert attributes(stored(clew, "profile_references")[0]) == {"k": {}}


def test_fields_of_newer_and_older_versions_are_passed_over(
    clew: Clew, answers: dict[str, Answer]
) -> None:
    assert answers["newer"].rejected() == (0, "")
    assert answers["older"].rejected() == (0, "")
    (found,) = stored(clew, "newer")
    assert attributes(found["resource"])["service.name"] == {"stringValue": "shop"}
    assert [one["name"] for one in stored(clew, "older")] == ["today"]


def test_text_that_is_not_utf8_is_repaired(clew: Clew, answers: dict[str, Answer]) -> None:
    assert answers["not_utf8"].rejected()[0] == 0
    found = {one["spanId"][-1]: one for one in stored(clew, "not_utf8", 2)}
    mark = "-\ufffd\ufffd"
    assert found["2"]["name"] == "whole"
    assert found["1"]["name"] == f"name{mark}"
    assert found["1"]["status"]["message"] == f"status{mark}"
    assert found["1"]["events"][0]["name"] == f"event{mark}"
    assert attributes(found["1"])[f"key{mark}"] == {"stringValue": f"text{mark}"}
    assert attributes(found["1"]["resource"])["service.name"] == {"stringValue": f"service{mark}"}


def test_depth_of_values_is_bounded(clew: Clew, answers: dict[str, Answer]) -> None:
    rejected, message = answers["deep"].rejected()
    assert rejected == 2
    assert "nested too deeply" in message
    assert {one["name"] for one in stored(clew, "deep", 2)} == {"31 levels", "64 levels"}


def test_spans_of_one_trace_may_come_in_any_order(clew: Clew, answers: dict[str, Answer]) -> None:
    """Children before parents, one request each, of several resources, days apart."""
    day_ns = 86_400 * 10**9
    spans = [
        span(
            str(number),
            trace_id=trace_id("shuffled"),
            span_id=number,
            parent=number // 2,
            start_ns=START_NS - (number % 3) * day_ns,
        )
        for number in range(1, 41)
    ]
    random.Random(7).shuffle(spans)
    line = Line(clew.ports[1])
    for one in spans:
        content = request(one, service=f"shop {int(one.name) % 4}").SerializeToString()
        assert line.send(content).rejected() == (0, "")
    line.close()
    found = stored(clew, "shuffled", 40)
    parents = {one["name"]: int(one.get("parentSpanId", "0"), 16) for one in found}
    assert parents == {str(number): number // 2 for number in range(1, 41)}
    _, text = clew.get(f"/api/v1/traces/{trace_id('shuffled').hex()}/skeleton")
    assert json.loads(text)["missingParents"] == []


def test_json_and_protobuf_store_the_same(clew: Clew) -> None:
    line = Line(clew.ports[1])
    members = '"name":"same","kind":2,"startTimeUnixNano":"1","endTimeUnixNano":"2"'
    assert line.send(json_body(members, name="same json"), "application/json").status == 200
    one = span("same", trace_id=trace_id("same protobuf"), span_id=0xAB, start_ns=1, duration_ns=1)
    assert line.send(request(one, service=None).SerializeToString()).status == 200
    line.close()
    ours, theirs = (
        {**stored(clew, f"same {form}")[0], "traceId": ""} for form in ("json", "protobuf")
    )
    assert ours == theirs
