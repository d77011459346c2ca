from __future__ import annotations

import io
import re
import time
from typing import Any

import httpx2
import pytest
import typer

from clew.cli.output import Screen
from clew.cli.search import as_row, nothing_found, pages, show, time_range
from tests.unit.cli.test_client import api

NOW_NS = 1_795_348_800_000_000_000


def trace(start_ns: int, name: str = "POST /orders") -> dict[str, Any]:
    return {
        "traceId": "ab" * 16,
        "rootServiceName": "storefront",
        "rootName": name,
        "startTimeUnixNano": str(start_ns),
        "durationNanos": "1500000",
        "spanCount": 3,
        "errorCount": 1,
        "spanSets": [{"matched": 1, "by": [], "spans": []}] * 2,
    }


def test_nothing_given_leaves_the_range_to_the_server() -> None:
    assert time_range(None, None, None) == {}


def test_start_and_end_go_to_the_server_as_written() -> None:
    asked = time_range(None, "2026-11-22T12:00:00Z", "1795348800")
    assert asked == {"start": "2026-11-22T12:00:00Z", "end": "1795348800"}


def test_date_alone_is_its_midnight_in_utc() -> None:
    asked = time_range(None, "2026-11-20", "2026-11-21")
    assert asked == {"start": "2026-11-20T00:00:00Z", "end": "2026-11-21T00:00:00Z"}


def test_since_counts_from_now() -> None:
    before_ns = time.time_ns()
    seconds, ns = time_range("15m", None, None)["start"].split(".")
    start_ns = int(seconds) * 10**9 + int(ns)
    assert 0 <= start_ns - (before_ns - 900 * 10**9) < 60 * 10**9


def test_since_before_1970_is_1970() -> None:
    assert time_range("40000d", None, None)["start"] == "0.000000000"


def test_two_beginnings_are_refused() -> None:
    with pytest.raises(typer.BadParameter, match="give one of them"):
        time_range("1h", "0", None)


def test_row_shows_service_and_name_of_the_root() -> None:
    row = as_row(trace(NOW_NS, "GET /"))
    assert row == [
        "2026-11-22 12:00:00.000Z",
        "ab" * 16,
        "1.5 ms",
        "3",
        "2",
        "1",
        "storefront GET /",
    ]


def test_table_fits_into_eighty_columns_and_keeps_the_whole_id() -> None:
    stream = io.StringIO()
    yesterday = trace(NOW_NS - 86_400 * 10**9, "x" * 100)
    show(Screen(stream, False, True, 80), [trace(NOW_NS), yesterday], NOW_NS)
    lines = stream.getvalue().splitlines()
    assert max(len(line) for line in lines) <= 80
    assert lines[1].startswith(f"12:00:00     {'ab' * 16}")
    assert lines[2].startswith(f"11-21 12:00  {'ab' * 16}")
    assert "storefront" in lines[1]


def asking(*values: str | None) -> dict[str, Any]:
    """A trace with a set for each value of `by(span.shop)`; its spans select two fields."""
    selected = [
        {"key": "span.n", "value": {"intValue": "7"}},
        {"key": "span.list", "value": {"arrayValue": {"values": [{"stringValue": "a"}, {}]}}},
    ]
    return trace(NOW_NS) | {
        "spanSets": [
            {
                "matched": 1,
                "by": [{"field": "span.shop", "value": one and {"stringValue": one}}],
                "spans": [{"attributes": selected}, {"attributes": []}],
            }
            for one in values
        ]
    }


def test_values_that_the_query_asks_for_have_columns() -> None:
    stream = io.StringIO()
    rows = [asking("tea", None, "tea"), asking(*"abcd"), trace(NOW_NS)]
    show(Screen(stream, False, True, None), rows, NOW_NS)
    header, *lines = (line.partition("ROOT")[2] or line for line in stream.getvalue().splitlines())
    assert header.split() == ["span.shop", "span.n", "span.list"]
    ends = [line.partition("/orders")[2].rstrip() for line in lines]
    assert [re.split(" {2,}", end.strip()) for end in ends] == [
        ["tea, nil", "7", '["a", null]'],
        ["a, b, c, ...", "7", '["a", null]'],
        ["-", "-", "-"],
    ]


def test_values_that_the_query_asks_for_fit_into_eighty_columns() -> None:
    stream = io.StringIO()
    show(Screen(stream, False, True, 80), [asking("x" * 200)], NOW_NS)
    lines = stream.getvalue().splitlines()
    assert max(len(line) for line in lines) <= 80
    assert all(shown in lines[1] for shown in ("ab" * 16, "xxxxx", "7", '["a"'))


def test_unknown_id_is_looked_for_at_any_time() -> None:
    said = nothing_found("AB" * 16, {})
    assert f"no trace {'ab' * 16}, at any time" in said
    assert "last hour" not in said


def test_empty_answer_says_where_it_looked() -> None:
    assert "in the last hour" in nothing_found("", {})
    assert "in the time asked for" in nothing_found("service.name = x", {"start": "0"})


def test_pages_are_followed_up_to_the_limit() -> None:
    asked = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(dict(request.url.params))
        number = len(asked)
        # The second page is empty: its time was over.
        traces = [] if number == 2 else [trace(NOW_NS)] * 2
        covered = {"startTimeUnixNano": str(9 - number), "endTimeUnixNano": str(10 - number)}
        body = {"traces": traces, "nextCursor": f"c{number}", "covered": covered}
        return httpx2.Response(200, json=body)

    found = pages(api(answer), {"q": "x", "start": "0"}, 4)
    assert asked == [
        {"q": "x", "start": "0", "limit": "4"},
        {"q": "x", "cursor": "c1", "limit": "2"},
        {"q": "x", "cursor": "c2", "limit": "2"},
    ]
    assert len(found["traces"]) == 4
    assert found["nextCursor"] == "c3"
    assert found["covered"] == {"startTimeUnixNano": "6", "endTimeUnixNano": "9"}


def test_pages_end_with_the_last() -> None:
    body = {"traces": [], "nextCursor": None, "covered": {"endTimeUnixNano": "1"}}
    assert pages(api(lambda request: httpx2.Response(200, json=body)), {"q": ""}, 4) == body
