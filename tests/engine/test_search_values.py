"""What conditions mean on values that are odd: missing, empty, repeated, arrays, not a number."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope, KeyValue

from clew.query.language import parse
from clew.query.search import first_page, search
from tests import build
from tests.engine.conftest import MEMORY_BYTES, FilledStore, Kept

NAN, INF = float("nan"), float("inf")
# Span id → attributes of the span; `b` is an attribute of its resource.
SPANS: Mapping[int, Mapping[str, Any]] = {
    1: {"a": "x"},
    2: {"a": ""},
    3: {"a": 0},
    4: {"a": 5},
    5: {"a": 2**53 + 1},
    6: {"a": 5.0},
    7: {"a": NAN},
    8: {"a": False},
    9: {"a": True},
    10: {"a": ["x", 5, 2.5, True]},
    11: {"a": []},
    12: {"a": {"x": "x"}},
    13: {"a": b"x"},
    14: {"a": None},
    15: {},
    16: {"a": "x\n"},
    17: {"a": "é" * 300},
    18: {"a": [["x"], {"a": "x"}, b"x", None]},
    19: {"a": -1},
    20: {"a": [str(number) * 40 for number in range(300)]},
}
EVENT_NS = build.START_NS + 500


def twice(*values: Any) -> list[KeyValue]:
    return [KeyValue(key="r", value=build.any_value(value)) for value in values]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory, kept: Kept) -> Iterator[FilledStore]:
    kept.close()
    store = FilledStore.open(tmp_path_factory.mktemp("values"), memory_bytes=MEMORY_BYTES)
    spans = [build.span(span_id=number, attrs=attrs) for number, attrs in SPANS.items()]
    repeated = build.span("repeated", span_id=21)
    repeated.attributes.extend(twice(True, 1.5, 7, "late", "later", 8))
    unknown = build.span("unknown", span_id=22, kind=9, end_ns=build.START_NS - 5)
    unknown.status.code = 7
    events = build.span("events", span_id=23, parent=1, kind=3, error=True)
    for number, attrs in enumerate(({"e": -3}, {"e": 2.5, "s": "x"}, {"e": [1, "y"]}, {"b": True})):
        event = events.events.add(name=f"event {number}", time_unix_nano=EVENT_NS - 1000 * number)
        event.attributes.extend(build.attributes(attrs))
    events.events[0].attributes.extend(twice(2**40, -1))
    events.links.add(trace_id=b"\x07" * 16, span_id=b"\x08" * 8).attributes.extend(
        build.attributes({"l": 1})
    )
    store.take(
        build.request(
            *spans,
            repeated,
            unknown,
            events,
            resource={"b": "of resource", "n": 5},
            scope=InstrumentationScope(
                name="lib", version="1.2", attributes=build.attributes({"i": "scoped"})
            ),
        ),
        build.request(build.span(span_id=31, attrs={"service.name": "of span"}), service=None),
        build.request(build.span(span_id=32), service=None, resource={"service.name": ""}),
        build.request(build.span(span_id=33), service=None, resource={"service.name": ["shop"]}),
        build.request(build.span(span_id=34), service="unknown_service"),
    )
    yield store
    store.close()


def found(store: FilledStore, query: str) -> set[int]:
    end_ns = build.START_NS + 1
    page = search(store.reader(), parse(query), first_page(0, end_ns), 10, 100)
    return {
        int.from_bytes(span.span_id, "big")
        for trace in page.traces
        for one in trace.span_sets
        for span in one.spans
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('{ span.a = "x" }', {1, 10}),
        ('{ span.a = "" }', {2}),
        ('{ span.a != "x" }', {2, 11, 16, 17, 18, 20}),
        ('{ !(span.a = "x") && span.a != nil }', {*SPANS} - {1, 10, 15}),
        ("{ span.a = nil }", {15, 21, 22, 23, 31, 32, 33, 34}),
        ("{ span.a != nil }", {*SPANS} - {15}),
        ("{ span.a = 0 }", {3}),
        ("{ span.a = 5 }", {4, 6, 10}),
        ("{ span.a != 5 }", {3, 5, 11, 18, 19, 20}),
        (f"{{ span.a = {2**53 + 1} }}", {5}),
        (f"{{ span.a = {2**53} }}", set()),
        ("{ span.a < 1 }", {3, 19}),
        ("{ span.a <= 5 }", {3, 4, 6, 10, 19}),
        ("{ span.a > 2.4 && span.a < 2.6 }", {10}),
        ("{ span.a }", {9, 10}),
        ("{ span.a = false }", {8}),
        ("{ span.a != true }", {8, 11, 18, 20}),
        ('{ span.a =~ "x." }', set()),
        ('{ span.a =~ "(?s)x." }', {16}),
        ('{ span.a =~ "x|y" }', {1, 10}),
        ('{ span.a !~ ".*" }', {11, 16, 18}),
        (r"{ span.a =~ `\Qx\E` }", {1, 10}),
        ('{ span.a > "x" }', {16, 17}),
        ('{ span.a = "' + "299" * 40 + '" }', {20}),
        ("{ span.a + 1 = 6 }", {4, 6}),
        ("{ -span.a = 1 }", {19}),
        ("{ span.a / 0 = nil && span.a = 5 }", {4, 6, 10}),
        ("{ span.a % 3 = 2 }", {4, 5, 6}),
        ("{ span.a % 3 = -1 }", {19}),
        ("{ span.a = resource.n }", {4, 6}),
        ("{ span.a = span.a && span.a > 0 }", {4, 5, 6}),
        ('{ .b = "of resource" && span.a = "x" }', {1, 10}),
        ('{ span.r = "late" }', {21}),
        ('{ span.r = "later" || span.r = 7 || span.r = 1.5 || span.r = true }', set()),
        ('{ resource.service.name = "shop" && span.a = nil }', {15, 21, 22, 23, 33}),
        ('{ resource.service.name = "" }', {32}),
        ('{ resource.service.name = "unknown_service" }', {34}),
        ("{ resource.service.name = nil }", {31}),
        ('{ .service.name = "of span" }', {31}),
        ('{ resource.service.name != "shop" }', {32, 34}),
        ("{ kind = consumer }", set()),
        ("{ kind = client }", {23}),
        ("{ kind != server && status != error }", {22}),
        ("{ status = error }", {23}),
        ("{ status != unset }", {22, 23}),
        ('{ duration = 0 && name = "unknown" }', {22}),
        ("{ event.e = -3 }", {23}),
        ("{ event.e > 2 }", {23}),
        ("{ event.e != 2.5 }", {23}),
        ("{ event.e < -3 }", set()),
        ('{ event.e = "y" }', {23}),
        ("{ event.b }", {23}),
        (f"{{ event.r = {2**40} }}", {23}),
        ("{ event.r = -1 }", set()),
        ("{ event.s != nil && event.s = nil }", set()),
        ('{ event.missing = nil && name = "events" }', {23}),
        ('{ event:name = "event 3" }', {23}),
        ("{ event:timeSinceStart < -2us }", {23}),
        ("{ event:timeSinceStart > 1us }", set()),
        ("{ link.l = 1 }", {23}),
        ('{ link:traceID = "' + "07" * 16 + '" }', {23}),
        ('{ link:spanID =~ "(08)+" }', {23}),
        ('{ instrumentation:name = "lib" && span:id = "0000000000000001" }', {1}),
        ('{ span:id = "000000000000000A" }', {10}),
        ('{ span:id = "1" }', set()),
        ('{ span:parentID = "0000000000000001" }', {23}),
        ('{ span:parentID = "" && span.a = "x" }', {1, 10}),
        ('{ instrumentation.i = "scoped" && kind = client }', {23}),
        ("{ true && span.a = 0 || false }", {3}),
        ("{ 1 > 2 }", set()),
    ],
)
def test_condition_finds_exactly(filled: FilledStore, query: str, expected: set[int]) -> None:
    assert found(filled, query) == expected


def test_trace_id_is_compared_padded_and_in_any_case(filled: FilledStore) -> None:
    text = build.TRACE_ID.hex().upper()
    assert len(found(filled, f'{{ trace:id = "{text}" && span.a = "x" }}')) == 2
    assert found(filled, '{ trace:id = "b8efff798038103d269b633813fc60c" }') == set()


def test_selected_values_are_shown_as_sent(filled: FilledStore) -> None:
    query = parse("{ span.a != nil } | select(span.a, kind, resource.n)")
    page = search(filled.reader(), query, first_page(0, build.START_NS), 1, 100)
    spans = page.traces[0].span_sets[0].spans
    shown = {int.from_bytes(span.span_id, "big"): span.selected for span in spans}
    assert [(named.field, named.value) for named in shown[5]] == [
        ("span.a", {"intValue": str(2**53 + 1)}),
        ("kind", {"stringValue": "server"}),
        ("resource.n", {"intValue": "5"}),
    ]
    assert shown[7][0].value == {"doubleValue": "NaN"}
    assert shown[14][0].value == {}
    assert shown[11][0].value == {"arrayValue": {}}
