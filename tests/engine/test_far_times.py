"""Spans whose time no clock should show, and what the index says at the edges of a range."""

from clew.query.attributes import Wanted, values
from clew.query.language import parse
from clew.query.search import first_page, search
from tests import build
from tests.engine.conftest import FilledStore

YEAR_NS = 31_556_952_000_000_000
YEARS = (1, 10, 30, 80, 135, 137, 180, 230, 280, 291, 293, 330, 430, 530, 580)


def test_spans_of_any_century_are_found_whatever_the_size_of_a_page(store: FilledStore) -> None:
    spans = [
        build.span(trace_id=year.to_bytes(16, "big"), start_ns=year * YEAR_NS, duration_ns=1)
        for year in YEARS
    ]
    store.take(build.request(*spans, service="far"))
    query = parse("service.name = far")
    for limit in (1, 2, 100):
        found, after = [], first_page(0, 2**64 - 1)
        while True:
            page = search(store.reader(), query, after, limit)
            found += [int.from_bytes(trace.summary.trace_id, "big") for trace in page.traces]
            if page.cursor is None:
                break
            after = page.cursor
        assert found == sorted(YEARS, reverse=True), limit


def test_counts_of_the_index_that_reach_beyond_the_range_are_not_called_complete(
    store: FilledStore,
) -> None:
    spans = [
        build.span(span_id=number + 1, start_ns=build.START_NS + number * build.SECOND_NS)
        for number in range(30)
    ]
    for number, span in enumerate(spans):
        span.attributes.extend(build.attributes({"tenant": f"t{number % 2}"}))
    store.take(build.request(*spans))
    last_ns = build.START_NS + 30 * build.SECOND_NS

    def asked(start_ns: int) -> bool:
        wanted = Wanted(start_ns=start_ns, end_ns=last_ns, scopes=("span",), prefix="", most=10)
        return values(store.reader(), None, "tenant", wanted).complete

    assert asked(build.START_NS)
    assert not asked(build.START_NS + 10 * build.SECOND_NS + 1)
