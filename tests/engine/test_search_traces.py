"""Queries that look at whole traces, on the real engine: what is found and shown."""

import math
from time import monotonic

import pyarrow as pa
import pytest

from clew.query import evaluate, find_by_trace
from clew.query.cursor import Cursor
from clew.query.finder import FoundTrace
from clew.query.language import Pipeline, Query, parse
from clew.query.matches import Matches
from clew.query.search import Page, first_page, search
from clew.store import Reader, StoreError
from tests import build
from tests.engine.conftest import FilledStore

END_NS = build.START_NS
HOUR_NS = 3600 * build.SECOND_NS
# Three levels and two orphans: id → parent, name, duration in ms, service.
SHOP = {
    1: (0, "GET /cart", 100, "front"),
    2: (1, "list", 60, "cart"),
    3: (2, "select", 50, "db"),
    4: (2, "select", 5, "db"),
    5: (1, "render", 20, "front"),
    6: (9, "select", 7, "db"),
    7: (8, "list", 1, "cart"),
}


def put_shop(store: FilledStore, trace_id: bytes = build.TRACE_ID, age_s: int = 10) -> None:
    at = END_NS - age_s * build.SECOND_NS
    store.take(
        *[
            build.request(
                build.span(
                    name,
                    span_id=span_id,
                    parent=parent,
                    trace_id=trace_id,
                    start_ns=at + span_id,
                    duration_ns=ms * 1_000_000,
                    attrs={"ms": ms},
                ),
                service=service,
            )
            for span_id, (parent, name, ms, service) in SHOP.items()
        ],
        segment=trace_id,
    )


def put_chain(store: FilledStore, size: int) -> None:
    """One trace, each of whose spans is the parent of the next one."""
    one = build.span("step", span_id=1, start_ns=END_NS - build.SECOND_NS, attrs={"n": 1})
    spans, ranges, _ = build.batches(build.request(one))
    ids = [number.to_bytes(8, "big") for number in range(size + 1)]
    table = pa.Table.from_batches([spans]).take([0] * size)
    for name, column in (("span_id", ids[1:]), ("parent_span_id", ids[:-1])):
        field = table.schema.field(name)
        at = table.schema.get_field_index(name)
        table = table.set_column(at, field, pa.array(column, field.type))
    store.insert("trace_ranges", ranges)
    store.insert("spans", table.combine_chunks().to_batches()[0])


def pages(store: FilledStore, query: Query) -> list[Page]:
    cursor: Cursor | None = first_page(END_NS - HOUR_NS, END_NS)
    found = []
    while cursor is not None:
        found.append(search(store.reader(), query, cursor, 20))
        cursor = found[-1].cursor
    return found


def numbers(page: Page) -> list[int]:
    return [trace.summary.trace_id[0] for trace in page.traces]


def find(store: FilledStore, query: str, **options: int) -> Page:
    asked = first_page(END_NS - HOUR_NS, END_NS)
    return search(store.reader(), parse(query), asked, options.get("limit", 20), 100)


def ids(found: FoundTrace) -> list[list[int]]:
    return [[int.from_bytes(span.span_id, "big") for span in one.spans] for one in found.span_sets]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('{ name = "list" } > { name = "select" }', [[3, 4]]),
        ('{ resource.service.name = "front" } >> { name = "select" }', [[3, 4]]),
        ('{ name = "select" } << { parent.name = nil }', [[1]]),
        ('{ name = "select" } !< { resource.service.name = "cart" }', [[7]]),
        ('{ name = "list" } &~ { name = "render" }', [[2, 5]]),
        ('{ name = "select" } && { name = "render" }', [[3, 4, 5, 6]]),
        ("{ parent.duration < duration * 2 }", [[2, 3]]),
        ("{ childCount = 2 }", [[1, 2]]),
        ('{ rootName = "GET /cart" && traceDuration >= 100ms && name = "render" }', [[5]]),
        ('{ rootServiceName =~ "fr.*" && parent.span.ms = 60 }', [[3, 4]]),
        ('{ name = "select" } | by(resource.service.name) | count() = 3', [[3, 4, 6]]),
        (
            "{ } | by(name) | avg(duration) > 50ms",
            [
                [1],
            ],
        ),
        ("{ } | by(name) | max(span.ms) = 50 | coalesce()", [[3, 4, 6]]),
        ('({ name = "list" } | count() = 2) && { name = "render" }', [[2, 5, 7]]),
        ('{ } | quantile(duration, 0.5) = 20ms | { name = "render" }', [[5]]),
        ("{ } | sum(span.ms) / count() > 100", None),
    ],
)
def test_whole_traces_are_evaluated(
    store: FilledStore, query: str, expected: list[list[int]] | None
) -> None:
    put_shop(store)
    assert [ids(found) for found in find(store, query).traces] == ([expected] if expected else [])


@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 3, 1)])
def test_nan_is_no_number_to_aggregates(store: FilledStore, order: tuple[int, ...]) -> None:
    ms = {1: math.nan, 2: 4.0, 3: 6.0}
    at = END_NS - 10 * build.SECOND_NS
    spans = [build.span(span_id=id, start_ns=at + id, attrs={"ms": ms[id]}) for id in order]
    store.take(build.request(*spans))
    kept = "min(span.ms) = 4", "max(span.ms) = 6", "quantile(span.ms, 0.5) = 5", "sum(span.ms) = 10"
    for condition in kept:
        assert len(find(store, f"{{ }} | {condition}").traces) == 1, condition


def test_spans_without_their_parent_are_counted(store: FilledStore) -> None:
    put_shop(store)
    for query in ("{ }", "{ } | count() > 1"):
        (found,) = find(store, query).traces
        assert found.summary.orphan_count == 2
        assert found.summary.span_count == 7


def test_groups_show_their_values(store: FilledStore) -> None:
    put_shop(store)
    query = "{ duration > 15ms } | by(resource.service.name, span.ms > 50) | select(span.ms)"
    (found,) = find(store, query).traces
    by = [[(named.field, named.value) for named in one.by] for one in found.span_sets]
    assert by[0] == [
        ("resource.service.name", {"stringValue": "front"}),
        ("span.ms > 50", {"boolValue": True}),
    ]
    assert found.set_count == 4
    assert found.span_sets[1].spans[0].selected[0].value == {"intValue": "60"}
    assert found.span_sets[1].spans[0].service == "cart"


def test_trace_id_is_found_whatever_the_time(store: FilledStore) -> None:
    put_shop(store, age_s=100_000)
    assert not find(store, "{ }").traces
    (found,) = find(store, build.TRACE_ID.hex()).traces
    assert found.span_sets[0].matched == 7
    assert not find(store, "ab" * 16).traces


def test_trace_whose_result_lies_outside_the_range_is_left_out(store: FilledStore) -> None:
    at = END_NS - HOUR_NS
    spans = [
        build.span("old", span_id=1, start_ns=at - 5),
        build.span("new", span_id=2, parent=1, start_ns=at + 5),
    ]
    store.take(build.request(*spans))
    assert not find(store, '{ name = "new" } < { name = "old" }').traces
    assert len(find(store, '{ name = "new" } && { name = "old" }').traces) == 1
    assert find(store, '{ name = "old" } > { name = "new" }').traces[0].newest_ns == at + 5


def test_pages_of_evaluated_traces_hold_each_once(store: FilledStore) -> None:
    for number in range(9):
        put_shop(store, trace_id=bytes([number + 1] * 16), age_s=7 * number + 1)
    cursor = first_page(END_NS - HOUR_NS, END_NS)
    found = []
    while cursor is not None:
        page = search(store.reader(), parse("{ } | count() = 7"), cursor, 4)
        found += [trace.summary.trace_id[0] for trace in page.traces]
        cursor = page.cursor  # type: ignore[assignment]
    assert found == [*range(1, 10)]


def test_trace_that_the_engine_cannot_give_out_is_passed_over(
    store: FilledStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        put_shop(store, trace_id=bytes([number + 1] * 16), age_s=number + 1)
    fetch = evaluate.fetch

    def fails(reader: Reader, traces: object, *how: object) -> object:
        if any(one.trace_id[0] == 2 for one in traces):  # type: ignore[attr-defined]
            raise StoreError("Code: 241. too much", 241)
        return fetch(reader, traces, *how)  # type: ignore[arg-type]

    monkeypatch.setattr(find_by_trace, "fetch", fails)
    query = parse("{ } | count() = 7")
    page = search(store.reader(), query, first_page(END_NS - HOUR_NS, END_NS), 20)
    assert [trace.summary.trace_id[0] for trace in page.traces] == [1]
    assert page.covered.limited_by == "memory"
    assert page.cursor is not None
    rest = search(store.reader(), query, page.cursor, 20)
    assert [trace.summary.trace_id[0] for trace in rest.traces] == [3]


def test_trace_that_takes_too_long_to_evaluate_is_passed_over_by_the_next_page(
    store: FilledStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        put_shop(store, trace_id=bytes([number + 1] * 16), age_s=number + 1)
    fetch = evaluate.fetch

    def slow(reader: Reader, traces: object, columns: object, deadline: float) -> object:
        heavy = any(one.trace_id[0] == 2 for one in traces)  # type: ignore[attr-defined]
        return fetch(reader, traces, columns, -math.inf if heavy else deadline)  # type: ignore[arg-type]

    monkeypatch.setattr(find_by_trace, "fetch", slow)
    query = parse("{ } >> { }")
    first, second, third = pages(store, query)
    assert numbers(first) == [1]
    assert first.covered.limited_by == "time"
    assert first.cursor is not None
    assert first.cursor.trace_id[0] == 1
    # It had the time of a page for itself.
    assert numbers(second) == []
    assert second.covered.limited_by == "time"
    assert numbers(third) == [3]
    assert third.covered.limited_by is None

    matches = Matches(store.reader(), query, END_NS - HOUR_NS, END_NS, 5.0)
    assert [match.trace_id[0] for match in matches] == [1]
    assert matches.limited_by == "time"


@pytest.mark.embedded_only("the time is spent outside the engine")
def test_long_chain_of_relations_on_a_large_trace_is_answered_in_time(store: FilledStore) -> None:
    put_chain(store, 100_000)
    query = parse(" >> ".join(['{ name = "step" && span.m = nil }'] * 32))
    began = monotonic()
    (page,) = pages(store, query)
    assert monotonic() - began < 15
    assert page.covered.limited_by is None
    assert page.traces[0].span_sets[0].matched == 100_000 - 31
    assert isinstance(query, Pipeline)
    matches = Matches(store.reader(), query, END_NS - HOUR_NS, END_NS, 5.0)
    assert [len(match.spans) for match in matches] == [100_000 - 31]
    assert matches.limited_by is None


def test_matches_are_counted_once_and_within_the_range(store: FilledStore) -> None:
    put_shop(store)
    query = parse('{ name = "select" } | by(span.ms)')
    at = END_NS - 10 * build.SECOND_NS
    assert isinstance(query, Pipeline)
    matches = Matches(store.reader(), query, at + 4, END_NS, 5.0)
    (one,) = list(matches)
    assert [span.start_ns - at for span in one.spans] == [4, 6]
    assert [span.duration_ns for span in one.spans] == [5_000_000, 7_000_000]
    assert (matches.covered_from_ns, matches.limited_by) == (at + 4, None)


def test_fields_of_the_trace_are_shown_for_a_plain_filter(store: FilledStore) -> None:
    put_shop(store)
    (found,) = find(store, '{ name = "render" } | select(childCount, parent.name)').traces
    assert [named.value for named in found.span_sets[0].spans[0].selected] == [
        {"intValue": "0"},
        {"stringValue": "GET /cart"},
    ]
