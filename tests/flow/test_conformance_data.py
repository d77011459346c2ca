"""What OTLP says about the data (docs/reference/otlp.md, items 88 to 108).

Everything is sent before the first test reads, because what was sent can be read a second later.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.build import START_NS, request, span
from tests.flow.door import Answer, Line, attributes, json_body, serving, stored, trace_id
from tests.flow.odd_data import CASES, TIMES, VALUES
from tests.flow.server import Clew


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
