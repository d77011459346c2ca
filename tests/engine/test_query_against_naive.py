"""The query engine and the naive evaluator give the same answers, on random data and queries."""

from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import HealthCheck, event, given, note, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from clew.query.language.text import show
from clew.query.language.tree import Pipeline
from clew.query.search import first_page, search
from tests import build
from tests.engine import random_traces
from tests.engine.conftest import MEMORY_BYTES, FilledStore, Kept
from tests.naive_query import answer
from tests.thorough import THOROUGH
from tests.unit.query.language.strategies import Vocabulary, queries

VOCABULARY = Vocabulary(
    keys=random_traces.KEYS,
    strings=(*random_traces.TEXTS, "shop", "GET /", "01", "0000000000000002"),
    ints=random_traces.INTS,
    floats=(-1.0, 0.0, 0.5, 2.0),
    durations=(0, 250_000_000, 500_000_000, 1_000_000_000),
    regexes=("", ".*", "x", "x|y", "[a-z]+", "G.T /", "X.", ".", "s?hop", "(x)(y)?"),
)
# Each example has an hour of its own, so that one store serves all.
_example = count(1)
Answer = dict[str, list[tuple[int, list[str]]]]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, kept: Kept) -> Iterator[FilledStore]:
    kept.close()
    path = tmp_path_factory.mktemp("naive") / "store"
    store = FilledStore.open(path, memory_bytes=MEMORY_BYTES)
    yield store
    store.close()


@pytest.mark.timeout(900 if THOROUGH else 120)
@settings(
    max_examples=300 if THOROUGH else 30,
    # Continuous integration tries many, but the same ones for every change.
    derandomize=THOROUGH,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    data=random_traces.requests(),
    asked=st.lists(queries(VOCABULARY), min_size=4, max_size=8),
    first=st.integers(-1, 3),
)
def test_engine_finds_the_spans_that_the_naive_evaluator_finds(
    shared: FilledStore, data: ExportTraceServiceRequest, asked: list[Pipeline], first: int
) -> None:
    example = next(_example)
    start_ns = build.START_NS + example * 3600 * build.SECOND_NS
    request = random_traces.placed(data, example, start_ns)
    shared.take(request, segment=example.to_bytes(8, "big") * 2)
    # Sometimes only the later spans lie in the range.
    from_ns, to_ns = start_ns + first * build.SECOND_NS, start_ns + 1800 * build.SECOND_NS
    for query in asked:
        text = show(query)
        note(text)
        expected = _expected(request, query, from_ns, to_ns)
        event("found something" if expected else "found nothing")
        page = search(shared.reader(), query, first_page(from_ns, to_ns), 100, 100)
        assert page.covered.limited_by is None
        found = {
            trace.summary.trace_id.hex(): sorted(
                (one.matched, sorted(span.span_id.hex() for span in one.spans))
                for one in trace.span_sets
            )
            for trace in page.traces
        }
        assert found == expected, text


def _expected(
    request: ExportTraceServiceRequest, query: Pipeline, from_ns: int, to_ns: int
) -> Answer:
    return {
        trace_id.hex(): sorted(
            (len(one.rows), sorted(row.id for row in one.rows)) for one in spansets
        )
        for trace_id, spansets in answer(request, query, from_ns, to_ns).items()
    }
