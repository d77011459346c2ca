"""OTLP's JSON encoding (docs/reference/otlp.md, items 69 to 87)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.flow.door import (
    JSON,
    Line,
    attributes,
    body,
    json_body,
    post,
    serving,
    stored,
    trace_id,
)
from tests.flow.server import Clew


@pytest.fixture(scope="module")
def clew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clew]:
    with serving(tmp_path_factory.mktemp("json")) as server:
        yield server


@pytest.fixture(scope="module")
def line(clew: Clew) -> Iterator[Line]:
    found = Line(clew.ports[1])
    yield found
    found.close()


def value(text: str) -> str:
    return f'"attributes":[{{"key":"k","value":{text}}}]'


def nested(levels: int) -> str:
    """An attribute value of so many levels."""
    opened, closed = '{"arrayValue":{"values":[', "]}}"
    return opened * (levels - 1) + '{"stringValue":"x"}' + closed * (levels - 1)


# Every key of every message; `new…` are of no version of OTLP yet.
WHOLE = """{"newA":1,"resourceSpans":[{"newB":[{}],
"resource":{"newC":null,"droppedAttributesCount":1,"entityRefs":[{"type":"service"}],
  "attributes":[{"newD":{},"key":"service.name","value":{"newE":{"a":[1]},"stringValue":"json"}}]},
"schemaUrl":"https://example.test/resource",
"scopeSpans":[{"newF":"x","scope":{"newG":true,"name":"lib","version":"1","droppedAttributesCount":2,
    "attributes":[{"key":"a","value":{"boolValue":true}}]},
  "schemaUrl":"https://example.test/scope",
  "spans":[{"newH":{"deep":[[[]]]},"traceId":"%(id)s","spanId":"ABCDEF0123456789",
    "parentSpanId":"aBcDeF0123456780","traceState":"a=b","name":"whole","kind":2,
    "startTimeUnixNano":"1795348800000000001","endTimeUnixNano":1795348800000000003,
    "attributes":[{"key":"int","value":{"intValue":"9223372036854775807"}}],
    "droppedAttributesCount":3,"droppedEventsCount":4,"droppedLinksCount":5,"flags":257,
    "events":[{"newI":0,"timeUnixNano":"1795348800000000002","name":"e",
      "attributes":[{"key":"a","value":{"doubleValue":1.5}}],"droppedAttributesCount":6}],
    "links":[{"newJ":0,"traceId":"%(id)s","spanId":"0000000000000009","traceState":"c=d","flags":1,
      "attributes":[{"key":"a","value":{"bytesValue":"AP8="}}],"droppedAttributesCount":7}],
    "status":{"newK":[],"message":"m","code":2}}]}]}]}"""


def test_every_key_is_read_and_unknown_ones_are_passed_over(clew: Clew) -> None:
    whole = trace_id("whole").hex()
    content = (WHOLE % {"id": whole}).encode()
    assert post(clew, content, JSON).rejected() == (0, "")
    (found,) = stored(clew, "whole")
    assert found == {
        "traceId": whole,
        "spanId": "abcdef0123456789",
        "parentSpanId": "abcdef0123456780",
        "traceState": "a=b",
        "name": "whole",
        "kind": 2,
        "startTimeUnixNano": "1795348800000000001",
        "endTimeUnixNano": "1795348800000000003",
        "attributes": [{"key": "int", "value": {"intValue": "9223372036854775807"}}],
        "droppedAttributesCount": 3,
        "droppedEventsCount": 4,
        "droppedLinksCount": 5,
        "flags": 257,
        "events": [
            {
                "timeUnixNano": "1795348800000000002",
                "name": "e",
                "attributes": [{"key": "a", "value": {"doubleValue": 1.5}}],
                "droppedAttributesCount": 6,
            }
        ],
        "links": [
            {
                "traceId": whole,
                "spanId": "0000000000000009",
                "traceState": "c=d",
                "flags": 1,
                "attributes": [{"key": "a", "value": {"bytesValue": "AP8="}}],
                "droppedAttributesCount": 7,
            }
        ],
        "status": {"message": "m", "code": 2},
        "resource": {
            "attributes": [{"key": "service.name", "value": {"stringValue": "json"}}],
            "droppedAttributesCount": 1,
        },
        "resourceSchemaUrl": "https://example.test/resource",
        "scope": {
            "name": "lib",
            "version": "1",
            "attributes": [{"key": "a", "value": {"boolValue": True}}],
            "droppedAttributesCount": 2,
        },
        "scopeSchemaUrl": "https://example.test/scope",
    }


def test_snake_case_keys_make_no_data(clew: Clew, line: Line) -> None:
    whole = json_body('"name":"snake"', name="snake").decode()
    for ours, theirs in (("resourceSpans", "resource_spans"), ("scopeSpans", "scope_spans")):
        assert line.send(whole.replace(ours, theirs).encode(), JSON).rejected() == (0, "")
    rejected, message = line.send(whole.replace("traceId", "trace_id").encode(), JSON).rejected()
    assert rejected == 1
    assert "trace_id has 0 bytes instead of 16" in message
    assert clew.get(f"/api/v1/traces/{trace_id('snake').hex()}")[0] == 404


# Members of a span behind its ids → a word in the message of the rejection; "" when it is taken.
SPANS = {
    # Ids: items 72 to 74
    '"traceId":"ABCDEFABCDEFABCDEFABCDEFABCDEFAB"': "",
    '"traceId":"abcdefABCDEFabcdefABCDEFabcdefAB","parentSpanId":"AbCdEf0123456789"': "",
    '"traceId":"q6vN76vN76vN76vN76vN7w=="': "not hexadecimal",
    '"spanId":"q6vN76vN76s="': "not hexadecimal",
    '"links":[{"traceId":"q6vN76vN76vN76vN76vN7w=="}]': "not hexadecimal",
    '"parentSpanId":"AAAAAAAAAAE="': "not hexadecimal",
    '"spanId":"123"': "odd number of digits",
    '"spanId":"xyzxyzxyzxyzxyzx"': "not hexadecimal",
    '"spanId":"12"': "has 1 byte instead of 8",
    '"spanId":5': "wrong JSON type",
    # Enumerations: items 75 to 77
    '"kind":2': "",
    '"kind":"SPAN_KIND_SERVER"': "",
    '"status":{"code":"STATUS_CODE_ERROR"}': "",
    '"kind":"SPAN_KIND_OF_MAGIC"': "unknown name",
    '"kind":99': "",
    '"kind":-1': "",
    '"kind":1.5': "not a number in its range",
    '"kind":2147483648': "not a number in its range",
    # Integers: items 78 and 79
    '"startTimeUnixNano":"1700000000000000001"': "",
    '"startTimeUnixNano":1700000000000000001': "",
    '"startTimeUnixNano":"18446744073709551615"': "",
    '"startTimeUnixNano":"18446744073709551616"': "not a number in its range",
    '"startTimeUnixNano":-1': "not a number in its range",
    '"startTimeUnixNano":"-1"': "not a number in its range",
    '"startTimeUnixNano":1.5': "not a number in its range",
    '"startTimeUnixNano":"soon"': "not a number in its range",
    '"droppedLinksCount":4294967296': "not a number in its range",
    '"flags":4294967295': "",
    # Values: items 80, 81 and 83
    value('{"doubleValue":"NaN"}'): "",
    value('{"doubleValue":"Infinity"}'): "",
    value('{"doubleValue":"-Infinity"}'): "",
    value('{"doubleValue":"1.5e3"}'): "",
    value('{"doubleValue":"inf"}'): "not a number in its range",
    value('{"doubleValue":1e999}'): "not a number in its range",
    value('{"intValue":"-9223372036854775808"}'): "",
    value('{"intValue":"-9223372036854775809"}'): "not a number in its range",
    value('{"bytesValue":"+/8="}'): "",
    value('{"bytesValue":"-_8"}'): "",
    value('{"bytesValue":"?"}'): "not base64",
    value('{"boolValue":"true"}'): "wrong JSON type",
    value("{}"): "",
    # null is absent: item 82
    '"name":null,"kind":null,"flags":null,"traceState":null,"parentSpanId":null': "",
    '"startTimeUnixNano":null,"endTimeUnixNano":null,"droppedAttributesCount":null': "",
    '"attributes":null,"events":null,"links":null,"status":null': "",
    '"attributes":[null,{"key":null,"value":null}],"events":[null],"links":[null]': "",
    value('{"stringValue":null,"arrayValue":null}'): "",
    value('{"arrayValue":{"values":[null]}}'): "",
    '"traceId":null': "",  # the one before it stays
    # Repeated keys: items 84
    '"name":"first","name":"second"': "",
    value('{"stringValue":"first","stringValue":"second"}'): "",
    # Nesting: items 86
    **{value(nested(levels)): "" for levels in (10, 31, 47, 64)},
    **{value(nested(levels)): "nested too deeply" for levels in (65, 100, 100_000)},
    '"unknown":' + "[" * 100_000 + "]" * 100_000: "",
}


@pytest.mark.parametrize("members", SPANS, ids=lambda members: members[:70])
def test_wrong_value_costs_its_span_and_the_message_says_why(line: Line, members: str) -> None:
    rejected, message = line.send(json_body(members, name=f"one {members}"), JSON).rejected()
    assert rejected == (SPANS[members] != "")
    assert SPANS[members] in message


# What is not a request at all (85 and 86).
MALFORMED = {
    "nothing": b"",
    "white space": b" \n",
    "an array": b"[]",
    "a request in an array": b"[" + json_body() + b"]",
    "a number": b"5",
    "a text": b'"x"',
    "null": b"null",
    "a byte order mark": b"\xef\xbb\xbf" + json_body(),
    "UTF-16": json_body().decode().encode("utf-16"),
    "bytes that are no UTF-8": b'{"x":"\xff\xfe"}',
    "a cut character": b'{"x":"\xe2\x82"}',
    "an encoded surrogate": b'{"x":"\xed\xa0\x80"}',
    "something behind it": json_body() + b"x",
    "two requests": json_body() + json_body(),
    "a comma at the end": b'{"resourceSpans":[{},]}',
    "a missing comma": b'{"a":1 "b":2}',
    "a missing colon": b'{"a" 1}',
    "single quotes": b"{'resourceSpans':[]}",
    "a name without quotes": b"{resourceSpans:[]}",
    "a comment": b"{/**/}",
    "a leading zero": b'{"a":01}',
    "a plus": b'{"a":+1}',
    "a bare NaN": b'{"a":NaN}',
    "a hexadecimal number": b'{"a":0x1}',
    "a control character": b'{"a":"\n"}',
    "a wrong escape": b'{"a":"\\x41"}',
    "half an escape": b'{"a":"\\u00"}',
    "an open string": b'{"a":"',
    "an open object": b'{"a":{',
    "a wrong bracket": b'{"a":[}',
    "100,000 open brackets": b"[" * 100_000,
    "100,000 open objects": b'{"a":' * 100_000,
    "a list that is none": b'{"resourceSpans":{}}',
    "a group that is none": b'{"resourceSpans":[5]}',
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_not_a_json_request_is_400(line: Line, name: str) -> None:
    answer = line.send(MALFORMED[name], JSON)
    assert (answer.status, answer.type, answer.said().code) == (400, JSON, 3)
    assert len(answer.said().message) > 20


def test_values_are_stored_as_they_were_meant(clew: Clew, line: Line) -> None:
    texts = {
        "int text": '{"intValue":"1700000000000000001"}',
        "int number": '{"intValue":1700000000000000001}',
        "exponent": '{"intValue":1.7e3}',
        "nan": '{"doubleValue":"NaN"}',
        "minus infinity": '{"doubleValue":"-Infinity"}',
        "minus zero": '{"doubleValue":-0.0}',
        "url-safe": '{"bytesValue":"-_8"}',
        "empty": "{}",
        "null": "null",
        "repeated": '{"stringValue":"first","stringValue":"second"}',
        "escapes": '{"stringValue":"\\u0041\\ud83d\\ude00\\n"}',
        "half a pair": '{"stringValue":"a\\ud83dz"}',
        "list": '{"arrayValue":{"values":[null,{"kvlistValue":{"values":[{"key":"a"}]}}]}}',
    }
    pairs = ",".join(f'{{"key":"{key}","value":{text}}}' for key, text in texts.items())
    members = (
        f'"attributes":[{pairs}],"name":"first","name":"second","kind":"SPAN_KIND_CLIENT",'
        '"status":{"code":"STATUS_CODE_ERROR"},"startTimeUnixNano":"1700000000000000001",'
        '"endTimeUnixNano":1700000000000000003'
    )
    assert line.send(json_body(members, name="values"), JSON).rejected() == (0, "")
    (found,) = stored(clew, "values")
    assert (found["name"], found["kind"], found["status"]) == ("second", 3, {"code": 2})
    assert found["startTimeUnixNano"] == "1700000000000000001"
    assert found["endTimeUnixNano"] == "1700000000000000003"
    assert attributes(found) == {
        "int text": {"intValue": "1700000000000000001"},
        "int number": {"intValue": "1700000000000000001"},
        "exponent": {"intValue": "1700"},
        "nan": {"doubleValue": "NaN"},
        "minus infinity": {"doubleValue": "-Infinity"},
        "minus zero": {"doubleValue": -0.0},
        "url-safe": {"bytesValue": "+/8="},
        "empty": {},
        "null": {},
        "repeated": {"stringValue": "second"},
        "escapes": {"stringValue": "A😀\n"},
        "half a pair": {"stringValue": "a\ufffdz"},
        "list": {"arrayValue": {"values": [{}, {"kvlistValue": {"values": [{"key": "a"}]}}]}},
    }


def test_unknown_kinds_are_kept(clew: Clew, line: Line) -> None:
    assert line.send(json_body('"kind":99', name="kind 99"), JSON).rejected() == (0, "")
    assert stored(clew, "kind 99")[0]["kind"] == 99


def test_server_lives_after_all_of_this(clew: Clew, line: Line) -> None:
    for content in [*MALFORMED.values(), json_body(value(nested(100_000)))]:
        line.send(content, JSON)
    assert post(clew, body("json lives")).status == 200
    assert clew.metric("clew_process_restarts_total") == 0
