"""What differs: the planted cause comes first, chance and ids do not crowd the list."""

import os
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
SEEDS = 100 if os.environ.get("CLEW_THOROUGH") else 20
SPANS = 300


def planted(seed: int, start_ns: int) -> tuple[Any, Said]:
    """Spans of which most errors have one value, with others that come along with it."""
    rng = random.Random(seed)
    keys = [f"key{number}" for number in range(8)]
    choices = {key: [f"v{number}" for number in range(rng.randint(2, 6))] for key in keys}
    cause, follower, shadow = rng.sample(keys, 3)
    guilty = rng.choice(choices[cause])
    spans = []
    for number in range(SPANS):
        attrs = {key: rng.choice(choices[key]) for key in keys}
        bad = rng.random() < 0.25
        attrs[cause] = guilty if bad else rng.choice([v for v in choices[cause] if v != guilty])
        # Confounders: more frequent where the cause is, and without any effect of their own.
        if bad and rng.random() < 0.6:
            attrs[follower] = "v0"
        if bad or rng.random() < 0.3:
            attrs[shadow] = "v1"
        error = rng.random() < (0.7 if bad else 0.04)
        attrs["request.id"] = f"{seed}-{number}"
        attrs["n"] = number % 50
        if error and number % 10 == 0:
            attrs["rare"] = "only in a few errors"
        spans.append(
            build.span(
                trace_id=rng.randbytes(16),
                span_id=number + 1,
                start_ns=start_ns + number,
                error=error,
                attrs=attrs,
            )
        )
    return build.request(*spans), Said("span", cause, "string", guilty)


@pytest.mark.embedded_only("what is counted is compared on both engines below")
def test_planted_cause_comes_first(store: FilledStore) -> None:
    cases = [(AT + seed * SECOND, *planted(seed, AT + seed * SECOND)) for seed in range(SEEDS)]
    store.take(*[request for _, request, _ in cases])
    missed = []
    for seed, (start_ns, _, cause) in enumerate(cases):
        found = compare(
            store.reader(),
            span_query("{ status = error }"),
            EVERY_SPAN,
            start_ns,
            start_ns + SECOND - 1,
            10,
        )
        if not found.differences or found.differences[0].said != cause:
            missed.append(seed)
        assert all(one.said.key != "request.id" for one in found.differences)
        assert found.selection.sampled + found.baseline.sampled == SPANS
    assert len(missed) <= SEEDS // 20


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
