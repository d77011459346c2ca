"""Search on the real engine: order, pages, windows, summaries, odd data."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from itertools import count

import pytest

from clew.query import scan, windows
from clew.query import search as module
from clew.query.candidates import Candidate, newest
from clew.query.compile import Condition
from clew.query.cursor import Cursor
from clew.query.finder import FoundTrace
from clew.query.language import parse
from clew.query.search import Page, first_page, search
from clew.query.windows import Window
from clew.sql import load
from clew.store import Reader, StoreError
from tests import build
from tests.engine.conftest import FilledStore

END_NS = build.START_NS
HOUR_NS = 3600 * build.SECOND_NS


def trace_id(number: int) -> bytes:
    return number.to_bytes(16, "big")


def find(
    store: FilledStore,
    query: str = "",
    *,
    start_ns: int = END_NS - 24 * HOUR_NS,
    end_ns: int = END_NS,
    limit: int = 20,
) -> Page:
    return search(store.reader(), parse(query), first_page(start_ns, end_ns), limit)


def find_all(store: FilledStore, query: str, limit: int) -> list[FoundTrace]:
    """All pages."""
    found: list[FoundTrace] = []
    cursor = first_page(END_NS - 24 * HOUR_NS, END_NS)
    for _ in range(1000):
        page = search(store.reader(), parse(query), cursor, limit)
        assert len(page.traces) <= limit
        found.extend(page.traces)
        if page.cursor is None:
            return found
        cursor = page.cursor
    raise AssertionError("paging has no end")


def numbers(page: Page) -> list[int]:
    return [int.from_bytes(trace.summary.trace_id, "big") for trace in page.traces]


def put(store: FilledStore, ages_s: dict[int, float], service: str = "shop") -> None:
    """Traces of one span, by number and age in seconds."""
    store.take(
        build.request(
            *[
                build.span(trace_id=trace_id(number), start_ns=END_NS - int(age * build.SECOND_NS))
                for number, age in ages_s.items()
            ],
            service=service,
        )
    )


def test_newest_comes_first(store: FilledStore) -> None:
    put(store, {1: 50, 2: 3, 3: 4000, 4: 0})
    assert numbers(find(store)) == [4, 2, 1, 3]


def test_service_is_matched_exactly(store: FilledStore) -> None:
    put(store, {1: 1}, service="shop")
    put(store, {2: 2}, service="shop2")
    put(store, {3: 3}, service='my "odd" \\ shop')
    assert numbers(find(store, "service.name = shop")) == [1]
    assert numbers(find(store, r'service.name = "my \"odd\" \\ shop"')) == [3]
    assert numbers(find(store, "service.name = `' or 1 = 1 --`")) == []


def test_nothing_is_found_in_an_empty_store(store: FilledStore) -> None:
    page = find(store)
    assert page == Page((), None, page.covered)
    assert page.covered.limited_by is None


def test_range_has_both_ends(store: FilledStore) -> None:
    put(store, {1: 10, 2: 20, 3: 30})
    at = {n: END_NS - n * 10 * build.SECOND_NS for n in (1, 2, 3)}
    assert numbers(find(store, start_ns=at[3], end_ns=at[1])) == [1, 2, 3]
    assert numbers(find(store, start_ns=at[3] + 1, end_ns=at[1] - 1)) == [2]


def test_full_page_says_where_it_ends(store: FilledStore) -> None:
    put(store, {n: n for n in range(10)})
    page = find(store, limit=4)
    assert numbers(page) == [0, 1, 2, 3]
    assert page.cursor is not None
    assert page.covered.limited_by == "limit"
    assert END_NS - 4 * build.SECOND_NS <= page.covered.start_ns <= END_NS - 3 * build.SECOND_NS
    assert page.covered.end_ns == END_NS


def test_last_page_is_known_to_be_the_last(store: FilledStore) -> None:
    put(store, {n: n for n in range(4)})
    assert find(store, limit=4).cursor is None


@pytest.mark.parametrize("limit", [1, 7, 1000])
def test_pages_hold_every_trace_once(store: FilledStore, limit: int) -> None:
    """Traces of several spans hours apart, many at the same nanosecond, over all windows."""
    dice = random.Random(11)
    spans, newest = [], {}
    for number in range(30):
        ages = [dice.choice([0, 1, 14, 15, 16, 75, 400, 5000, 50_000]) for _ in range(3)]
        newest[number] = END_NS - min(ages) * build.SECOND_NS
        spans += [
            build.span(
                span_id=index + 1,
                trace_id=trace_id(number),
                start_ns=END_NS - age * build.SECOND_NS,
            )
            for index, age in enumerate(ages)
        ]
    store.take(build.request(*spans))
    found = find_all(store, "service.name = shop", limit)
    order = sorted(newest, key=lambda number: (newest[number], number), reverse=True)
    assert [int.from_bytes(trace.summary.trace_id, "big") for trace in found] == order


def test_trace_is_placed_by_its_newest_matching_span(store: FilledStore) -> None:
    old, new = END_NS - HOUR_NS, END_NS - build.SECOND_NS
    store.take(
        build.request(build.span(trace_id=trace_id(1), start_ns=old), service="a"),
        build.request(build.span(trace_id=trace_id(1), span_id=2, start_ns=new), service="b"),
        build.request(build.span(trace_id=trace_id(2), start_ns=old + 5), service="a"),
    )
    page = find(store, "service.name = a")
    assert numbers(page) == [2, 1]
    assert [trace.newest_ns for trace in page.traces] == [old + 5, old]


def test_summary_counts_the_whole_trace(store: FilledStore) -> None:
    start = END_NS - 10 * build.SECOND_NS
    root = build.span("GET /cart", start_ns=start, duration_ns=5_000)
    child = build.span("query", span_id=2, parent=1, start_ns=start + 10, error=True)
    other = build.span("query", span_id=3, parent=1, start_ns=start + 20, duration_ns=10)
    store.take(build.request(root, service="shop"), build.request(child, other, service="db"))
    (found,) = find(store, "service.name = db").traces
    trace = found.summary
    assert (trace.root_service, trace.root_name) == ("shop", "GET /cart")
    assert (trace.start_ns, trace.duration_ns) == (start, 1_000_010)
    assert (trace.span_count, trace.error_count) == (3, 1)
    assert [(part.name, part.span_count, part.error_count) for part in trace.services] == [
        ("db", 2, 1),
        ("shop", 1, 0),
    ]


def test_earliest_of_several_roots_names_the_trace(store: FilledStore) -> None:
    spans = [
        build.span(f"root {age}", span_id=age, start_ns=END_NS - age * build.SECOND_NS)
        for age in (1, 3, 2)
    ]
    store.take(build.request(*spans))
    assert find(store).traces[0].summary.root_name == "root 3"


def test_without_a_root_the_earliest_orphan_names_the_trace(store: FilledStore) -> None:
    at = END_NS - 60 * build.SECOND_NS
    store.take(
        build.request(build.span("child", span_id=2, parent=9, start_ns=at), service="b"),
        build.request(build.span("orphan", span_id=9, parent=77, start_ns=at + 5), service="a"),
        build.request(build.span("late", span_id=3, parent=78, start_ns=at + 9), service="c"),
    )
    (found,) = find(store).traces
    trace = found.summary
    assert (trace.root_service, trace.root_name) == ("a", "orphan")


def test_span_that_is_its_own_parent_names_its_trace(store: FilledStore) -> None:
    store.take(build.request(build.span("loop", span_id=5, parent=5)))
    assert find(store).traces[0].summary.root_name == "loop"


def test_odd_times_are_found_and_break_nothing(store: FilledStore) -> None:
    odd = [(0, 0), (0, 2**64 - 1), (2**64 - 1, 0), (END_NS, END_NS - 5)]
    ids = count(1)
    store.take(
        build.request(
            *[
                build.span(trace_id=trace_id(next(ids)), start_ns=start_ns, end_ns=end_ns)
                for start_ns, end_ns in odd
            ]
        )
    )
    page = find(store, start_ns=0, end_ns=2**64 - 1)
    assert numbers(page) == [3, 4, 2, 1]
    assert [trace.summary.duration_ns for trace in page.traces] == [0, 0, 2**64 - 1, 0]
    assert numbers(find(store)) == [4]


def test_trace_over_decades_is_summarised(store: FilledStore) -> None:
    store.take(
        build.request(
            build.span(span_id=1, start_ns=0),
            build.span(span_id=2, parent=1, start_ns=END_NS),
        )
    )
    (found,) = find(store).traces
    trace = found.summary
    assert trace.span_count == 2


def test_search_out_of_time_says_what_it_covered(
    store: FilledStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, {1: 1, 2: 3600})
    monkeypatch.setattr(module, "SEARCH_SECONDS", -1.0)
    page = find(store)
    assert numbers(page) == [1]
    assert page.covered.limited_by == "time"
    assert page.covered.start_ns == END_NS - windows.FIRST_WINDOW_NS
    monkeypatch.undo()
    assert page.cursor is not None
    rest = search(store.reader(), parse(""), page.cursor, 20)
    assert numbers(rest) == [2]
    assert rest.cursor is None


def test_spans_from_before_the_index_are_found(store: FilledStore) -> None:
    old, ranges, _ = build.batches(build.request(build.span(attrs={"a": ["x"]})))
    store.insert("trace_ranges", ranges)
    store.insert("spans", old)
    assert not find(store, '{ span.a = "x" }').traces
    upgraded = (date(1970, 1, 1) + timedelta(days=build.RECEIVE_DAY + 1)).isoformat()
    meta = {"key": "attribute_index_from", "value": upgraded, "version": 1}
    store._writer.command(load("store/write_meta"), meta)
    assert len(find(store, '{ span.a = "x" }').traces) == 1


def test_window_that_is_too_expensive_is_tried_in_halves(
    store: FilledStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, {number: number for number in range(1, 30)})
    monkeypatch.setattr(scan, "newest", at_most(5 * build.SECOND_NS, 241))
    page = find(store, start_ns=END_NS - 30 * build.SECOND_NS, limit=100)
    assert numbers(page) == [*range(1, 30)]
    assert page.covered.limited_by is None


def test_search_that_cannot_go_on_says_what_it_covered(
    store: FilledStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store, {1: 1, 2: 30, 3: 3000})
    since_ns = END_NS - 10 * build.SECOND_NS
    monkeypatch.setattr(scan, "newest", at_most(2 * HOUR_NS, 159, since_ns))
    page = find(store)
    assert numbers(page) == [1]
    assert page.covered.limited_by == "time"
    assert page.covered.start_ns >= since_ns - 1


def test_search_that_cannot_look_at_anything_fails(
    store: FilledStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "newest", at_most(0, 241))
    with pytest.raises(StoreError):
        find(store)


def at_most(length_ns: int, code: int, since_ns: int = 0) -> Callable[..., list[Candidate]]:
    """`newest`, which fails for longer windows, and for those that reach further back."""

    def asked(
        reader: Reader, matching: Condition, after: Cursor, window: Window, most: int
    ) -> list[Candidate]:
        if window.last_ns - window.first_ns >= length_ns or window.first_ns < since_ns:
            raise StoreError(f"Code: {code}. It is too much.", code)
        return newest(reader, matching, after, window, most)

    return asked
