"""What differs: which spans are compared, and what is said of them."""

import random
from typing import Any

import pytest

from clew.api.explore_types import CompareAnswer
from clew.query.compare import Said, compare, score, wilson
from clew.query.per_span import EVERY_SPAN, SpanQuery, span_query
from clew.query.time_sample import time_sample
from tests import build
from tests.engine.api import Client, app, client, status
from tests.engine.conftest import FilledStore

__all__ = ["app", "client", "status"]

AT = build.START_NS
SECOND = build.SECOND_NS


def spans_of(count: int, first_id: int, **fields: Any) -> list[Any]:
    return [
        build.span(
            span_id=first_id + number, trace_id=(first_id + number).to_bytes(16, "big"), **fields
        )
        for number in range(count)
    ]


def test_difference_comes_with_its_counts(store: FilledStore, client: Client) -> None:
    bad = spans_of(10, 1, error=True, attrs={"version": "2", "build": "b2", "ratio": 0.5})
    good = spans_of(90, 100, attrs={"version": "1"})
    for span in bad:
        event = span.events.add()
        event.name = "exception"
        event.attributes.extend(build.attributes({"exception.type": "Timeout", "code": 7}))
    store.take(build.request(*bad, *good))
    answer = client.get("/api/v1/compare", q="{ status = error }").json()
    CompareAnswer.model_validate(answer)
    (first,) = answer["differences"]
    others = {(one["scope"], one["key"], one["value"]) for one in first.pop("sameSpans")}
    assert others == {
        ("span", "ratio", "0.5"),
        ("span", "version", "2"),
        ("event", "exception.type", "Timeout"),
        ("event", "code", "7"),
        ("intrinsic", "event:name", "exception"),
    }
    assert first.pop("score") == pytest.approx(score(10, 10, 0, 90))
    assert first == {
        "scope": "span",
        "key": "build",
        "type": "string",
        "value": "b2",
        "selectionCount": 10,
        "baselineCount": 0,
        "selectionShare": 1.0,
        "baselineShare": 0.0,
    }
    assert answer["selection"] == {
        "query": "{ status = error }",
        "matchedSpans": 10,
        "sampledSpans": 10,
    }
    assert answer["baseline"] == {"query": "{ }", "matchedSpans": 90, "sampledSpans": 90}
    assert answer["timeShare"] == 1
    assert answer["covered"]["sampledSpans"] == 100


def test_baseline_is_of_the_same_service_and_operation(store: FilledStore, client: Client) -> None:
    store.take(
        build.request(*spans_of(5, 1, error=True), *spans_of(20, 10), service="shop"),
        build.request(*spans_of(50, 100), service="cart"),
    )
    q = '{ resource.service.name = "shop" && status = error }'
    answer = client.get("/api/v1/compare", q=q).json()
    assert answer["baseline"]["query"] == '{ resource.service.name = "shop" }'
    assert answer["baseline"]["matchedSpans"] == 20
    asked = client.get("/api/v1/compare", q=q, baseline="{ }").json()
    assert asked["baseline"]["matchedSpans"] == 70
    # All of the shop is in the selection: what is left to compare with are the others.
    answer = client.get("/api/v1/compare", q="service.name = shop").json()
    assert answer["baseline"]["query"] == "{ }"
    assert answer["baseline"]["matchedSpans"] == 50


def test_part_of_a_query_is_compared_with_the_rest_of_it(
    store: FilledStore, client: Client
) -> None:
    def some(count: int, first_id: int, at: int, **fields: Any) -> list[Any]:
        return spans_of(count, first_id, start_ns=AT + at * SECOND, **fields)

    slow, fast = 2 * SECOND, SECOND // 10
    store.take(
        build.request(
            *some(5, 1, 10, duration_ns=slow, attrs={"shard": 7, "code": "x"}),
            *some(5, 10, 40, duration_ns=slow, attrs={"shard": 1, "code": "x"}),
            *some(20, 20, 10, duration_ns=fast, attrs={"shard": 1, "code": "x"}),
        ),
        build.request(*some(30, 50, 10, duration_ns=slow), service="cart"),
    )
    asked = {
        "q": "{ .code = `x` }",
        "select": "{ duration >= 1s && duration < 4s }",
        "selectStart": AT + 5 * SECOND,
        "selectEnd": AT + 20 * SECOND,
        "start": AT,
        "end": AT + 60 * SECOND,
    }
    answer = client.get("/api/v1/compare", **asked).json()
    CompareAnswer.model_validate(answer)
    assert answer["selection"] == {
        "query": '{ .code = "x" && (duration >= 1s && duration < 4s) }',
        "matchedSpans": 5,
        "sampledSpans": 5,
    }
    assert answer["baseline"]["matchedSpans"] == 25
    (shard,) = answer["differences"]
    assert (shard["key"], shard["value"], shard["baselineCount"]) == ("shard", "7", 0)
    # Without the time: all that is slow.
    del asked["selectStart"], asked["selectEnd"]
    answer = client.get("/api/v1/compare", **asked).json()
    assert answer["selection"]["matchedSpans"] == 10
    # Only the time.
    answer = client.get("/api/v1/compare", selectEnd=AT + 20 * SECOND, end=AT + 60 * SECOND).json()
    assert answer["selection"]["matchedSpans"] == 55
    assert answer["baseline"]["matchedSpans"] == 5


def test_end_of_a_selection_is_not_before_its_start(client: Client) -> None:
    error = client.error("/api/v1/compare", 400, selectStart=AT + 1, selectEnd=AT)
    assert "selectStart" in error["message"]


def test_how_spans_ended_is_ranked_apart(store: FilledStore, client: Client) -> None:
    bad = spans_of(20, 1, error=True, attrs={"error.type": "Timeout", "version": "2"})
    del bad[0].attributes[1]
    good = spans_of(60, 100, attrs={"version": "1"})
    store.take(build.request(*bad, *good))
    answer = client.get("/api/v1/compare", select="{ status = error }").json()
    assert [one["key"] for one in answer["differences"]] == ["version"]
    assert [one["key"] for one in answer["outcomes"]] == ["error.type"]
    assert answer["outcomes"][0]["score"] > answer["differences"][0]["score"]


def test_nothing_to_compare_gives_no_difference(store: FilledStore, client: Client) -> None:
    assert client.get("/api/v1/compare", q="{ status = error }").json()["differences"] == []
    store.take(build.request(*spans_of(5, 1)))
    answer = client.get("/api/v1/compare", q="").json()
    assert answer["differences"] == []
    assert answer["selection"]["matchedSpans"] == 5
    assert answer["baseline"]["matchedSpans"] == 0


def test_large_sides_are_sampled_by_trace(
    store: FilledStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clew.query.compare.SAMPLE", 50)
    rng = random.Random(1)
    spans = [
        build.span(
            span_id=number + 1,
            trace_id=rng.randbytes(16),
            error=number % 2 == 0,
            attrs={"side": "a" if number % 2 == 0 else "b"},
        )
        for number in range(800)
    ]
    store.take(build.request(*spans))
    found = compare(store.reader(), span_query("{ status = error }"), EVERY_SPAN, AT, AT, 5)
    for side in (found.selection, found.baseline):
        assert side.matched == 400
        assert 10 < side.sampled <= 50
    assert found.differences[0].said == Said("span", "side", "string", "a")
    assert found.differences[0].selection == found.selection.sampled


def test_long_ranges_are_sampled_by_time(
    store: FilledStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clew.query.compare.FIRST_SPANS", 100)
    monkeypatch.setattr("clew.query.compare.ENOUGH", 10)
    spans = [
        build.span(span_id=number + 1, start_ns=AT + number * SECOND, error=number % 2 == 0)
        for number in range(400)
    ]
    store.take(build.request(*spans))
    end_ns = AT + 399 * SECOND
    found = compare(store.reader(), span_query("{ status = error }"), EVERY_SPAN, AT, end_ns, 5)
    assert found.time_share == 0.25
    assert found.limited_by == "limit"
    assert found.selection.matched + found.baseline.matched == 100


def test_window_is_looked_through_whole_in_a_long_range(
    store: FilledStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clew.query.compare.FIRST_SPANS", 100)
    monkeypatch.setattr("clew.query.compare.ENOUGH", 10)
    spans = [
        build.span(
            span_id=number + 1,
            start_ns=AT + number * SECOND,
            error=number % 2 == 0,
            attrs={"bad": 200 <= number < 220 and number % 2 == 0},
        )
        for number in range(400)
    ]
    store.take(build.request(*spans))
    window = (AT + 200 * SECOND, AT + 220 * SECOND - 1)
    found = compare(
        store.reader(),
        span_query("{ status = error }"),
        EVERY_SPAN,
        AT,
        AT + 399 * SECOND,
        5,
        window=window,
    )
    assert found.time_share == 0.25
    assert found.selection.matched == 10
    assert 50 < found.baseline.matched <= 100
    assert found.differences[0].said == Said("span", "bad", "bool", "true")


def test_larger_time_samples_contain_smaller_ones() -> None:
    units = [
        set(str(time_sample(0, 5_000, share).parameters["units"]).split(","))
        for share in (0.01, 0.1, 0.5)
    ]
    assert units[0] < units[1] < units[2]
    assert min(int(second) for second in units[1]) < 100
    assert max(int(second) for second in units[1]) > 4_900
    assert time_sample(0, 5_000, 1.0).parameters == {}
    hours = time_sample(0, 86_400 * 300, 0.5)
    assert "toStartOfHour" in hours.text
    assert all(int(second) % 3600 == 0 for second in str(hours.parameters["units"]).split(","))


def test_score_is_the_published_interval() -> None:
    # Newcombe (1998), method 10, example (a): 56/70 − 48/80 has the interval 0.0524 to 0.3339.
    assert score(56, 70, 48, 80) == pytest.approx(0.0524, abs=5e-5)
    # Wilson, 81/263: 0.2553 to 0.3662 (Newcombe 1998, table I).
    assert wilson(81, 263)[1:] == pytest.approx((0.2553, 0.3662), abs=5e-5)
    assert score(1, 1, 0, 1000) < score(50, 50, 0, 1000)


def test_fields_of_the_query_are_left_out() -> None:
    query: SpanQuery = span_query('{ .route = "x" && name != "y" && status = error }')
    assert query.left_out() == {
        ("span", "route"),
        ("resource", "route"),
        ("intrinsic", "name"),
        ("intrinsic", "status"),
    }
    assert query.neighbours() == EVERY_SPAN
