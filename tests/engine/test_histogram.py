"""Matching spans over time."""

import random
from typing import Any

import numpy as np
import pytest

from clew.api.explore_types import HistogramAnswer
from clew.query.histogram import histogram, step_start, width_of
from clew.query.per_span import EVERY_SPAN, span_query
from tests import build
from tests.engine.api import Client, app, client, status
from tests.engine.conftest import FilledStore

__all__ = ["app", "client", "status"]

AT = build.START_NS
SECOND = build.SECOND_NS


def test_spans_are_counted_by_time_status_and_duration(store: FilledStore, client: Client) -> None:
    ok = build.span(span_id=4, start_ns=AT + 59 * SECOND, duration_ns=900)
    ok.status.code = 1
    store.take(
        build.request(
            build.span(span_id=1, duration_ns=1000, error=True),
            build.span(span_id=2, start_ns=AT + 59 * SECOND, duration_ns=1023),
            build.span(span_id=3, start_ns=AT + 60 * SECOND, duration_ns=1024),
            ok,
        )
    )
    answer = client.get(
        "/api/v1/histogram", start=str(AT), end=str(AT + 3600 * SECOND), buckets=70
    ).json()
    HistogramAnswer.model_validate(answer)
    assert answer["bucketNanos"] == str(60 * SECOND)
    assert answer["durationBoundsNanos"] == ["896", "1024", "1280"]
    first, second = answer["buckets"]
    assert first == {
        "startTimeUnixNano": str(AT),
        "spanCount": 3,
        "unsetCount": 1,
        "okCount": 1,
        "errorCount": 1,
        "durationCounts": [3, 0],
        "errorDurationCounts": [1, 0],
        "p50DurationNanos": "1003",
        "p95DurationNanos": "1019",
        "p99DurationNanos": "1019",
    }
    assert second["errorDurationCounts"] == []
    assert (second["startTimeUnixNano"], second["durationCounts"]) == (
        *(str(AT + 60 * SECOND), [0, 1]),
    )
    assert answer["covered"]["limitedBy"] is None
    assert answer["covered"]["startTimeUnixNano"] == str(AT)


def test_only_matching_spans_of_the_range_count(store: FilledStore) -> None:
    spans = [
        build.span(f"op {number % 2}", span_id=number + 1, start_ns=AT + number)
        for number in range(10)
    ]
    store.take(build.request(*spans))
    found = histogram(store.reader(), span_query('{ name = "op 1" }'), AT + 2, AT + 7, 300)
    assert found.width_ns == 1
    assert [bucket.start_ns - AT for bucket in found.buckets] == [3, 5, 7]
    assert histogram(store.reader(), span_query('{ name = "x" }'), AT, AT + 9, 60).buckets == []


@pytest.mark.parametrize("durations", [[0, 1, 2, 3, 4, 7, 127], [2**53 - 1, 2**53, 2**64 - 1 - AT]])
def test_extreme_durations_find_their_row(store: FilledStore, durations: list[int]) -> None:
    spans = [
        build.span(span_id=number, duration_ns=length) for number, length in enumerate(durations, 1)
    ]
    store.take(build.request(*spans))
    found = histogram(store.reader(), EVERY_SPAN, AT, AT, 1)
    (bucket,) = found.buckets
    assert found.bounds_ns == sorted(set(found.bounds_ns))
    expected, _ = np.histogram(np.array(durations, float), np.array(found.bounds_ns, float))
    assert bucket.durations == expected.tolist()


def test_quantiles_are_within_their_promise(store: FilledStore) -> None:
    rng = random.Random(3)
    durations = sorted(int(rng.lognormvariate(15, 2)) for _ in range(500))
    store.take(
        build.request(
            *[build.span(span_id=at, duration_ns=ns) for at, ns in enumerate(durations, 1)]
        )
    )
    (bucket,) = histogram(store.reader(), EVERY_SPAN, AT, AT, 1).buckets
    for found, rank in zip(bucket.quantiles_ns, (250, 475, 495), strict=True):
        assert abs(found - durations[rank - 1]) <= 0.008 * durations[rank - 1]


def test_queries_of_whole_traces_count_the_spans_they_match(
    store: FilledStore, client: Client
) -> None:
    store.take(
        build.request(
            build.span("root", span_id=1),
            build.span("child", span_id=2, parent=1, error=True, duration_ns=5),
            build.span("child", span_id=3, start_ns=AT + 1),
            build.span("child", trace_id=bytes(15) + b"1", span_id=4),
        )
    )
    asked = {"start": str(AT), "end": str(AT + SECOND)}
    q = '{ name = "root" } > { name = "child" }'
    answer = client.get("/api/v1/histogram", q=q, **asked).json()
    (bucket,) = answer["buckets"]
    assert (bucket["spanCount"], bucket["errorCount"], bucket["p50DurationNanos"]) == (1, 1, "5")
    assert answer["covered"]["limitedBy"] is None
    answer = client.get("/api/v1/histogram", q="{ } | count() > 2", **asked).json()
    assert sum(bucket["spanCount"] for bucket in answer["buckets"]) == 3
    same = [client.get("/api/v1/histogram", q=q, **asked).json() for q in ("", "count() > 0")]
    assert same[0] == same[1]


def test_trace_id_is_looked_up_whatever_the_time(store: FilledStore, client: Client) -> None:
    old = AT - 50 * 3600 * SECOND
    spans = [build.span(span_id=one, start_ns=old + one, attrs={"n": one}) for one in (1, 2, 9)]
    store.take(build.request(*spans))
    asked = {"q": build.TRACE_ID.hex().upper(), "start": str(AT), "end": str(AT + SECOND)}
    answer = client.get("/api/v1/histogram", **asked).json()
    assert sum(bucket["spanCount"] for bucket in answer["buckets"]) == 3
    assert answer["covered"]["startTimeUnixNano"] == str(old + 1)
    assert answer["covered"]["endTimeUnixNano"] == str(old + 9)
    answer = client.get("/api/v1/attributes", prefix="n", scope="span", **asked).json()
    assert [(one["key"], one["spanCount"]) for one in answer["attributes"]] == [("n", 3)]
    assert answer["covered"]["startTimeUnixNano"] == str(old + 1)
    assert len(client.get("/api/v1/attributes/n/values", **asked).json()["values"]) == 3
    # What is not stored is nowhere; and a filter by id is a filter like any other.
    answer = client.get("/api/v1/histogram", **{**asked, "q": "ab" * 16}).json()
    assert answer["buckets"] == []
    assert answer["covered"]["startTimeUnixNano"] == asked["start"]
    answer = client.get("/api/v1/histogram", **{**asked, "q": f"trace:id = {asked['q']}"}).json()
    assert answer["buckets"] == []


def test_widths_are_round_and_few_enough() -> None:
    hour = 3600 * SECOND
    assert width_of(AT, AT + hour, 60) == 120 * SECOND  # an aligned hour touches 61 minutes
    assert width_of(AT, AT + hour - 1, 60) == 60 * SECOND
    assert width_of(AT, AT + 24 * hour - 1, 60) == hour // 2
    assert width_of(0, 2**64 - 1, 300) == 1000 * 86400 * SECOND
    for most in (1, 2, 59, 300):
        for length in (0, 1, 999, 10**9, 10**13, 10**19):
            width = width_of(AT // 7, AT // 7 + length, most)
            assert (AT // 7 + length) // width - AT // 7 // width < most


def test_steps_begin_where_the_one_before_ends() -> None:
    starts = [step_start(step) for step in range(1 << 16, (1 << 16) + 600)]
    assert starts == sorted(starts)


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"buckets": 301}, "invalid_argument"),
        ({"buckets": 0}, "invalid_argument"),
        ({"q": "{"}, "invalid_query"),
    ],
)
def test_what_makes_no_sense_is_refused(
    client: Client, parameters: dict[str, Any], code: str
) -> None:
    assert client.error("/api/v1/histogram", 400, **parameters)["code"] == code
