"""Fetching ahead: the order is kept, what is held is bounded, and nothing is waited for in vain."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import httpx2
import pytest

from clew.cli import fetch
from clew.cli.fetch import Counted, fetched, in_order
from clew.cli.output import Failure
from tests.unit.cli.test_client import api

WITHIN_S = 30


def test_results_come_in_the_order_of_the_items() -> None:
    later = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            assert later.wait(WITHIN_S)  # so the next ones are done before
        if item == 1:
            later.set()
        return item * item

    assert list(in_order(work, range(20), 2)) == [(item, item * item) for item in range(20)]


def test_items_are_taken_only_a_little_ahead() -> None:
    items = iter(range(100))
    results = in_order(lambda item: item, items, 3)
    for _ in range(20):
        next(results)
    results.close()
    assert next(items) <= 20 + 2 * 3 - 1


def test_failure_comes_in_its_place_and_leaves_nobody_waiting() -> None:
    never = threading.Event()

    def work(item: int) -> int:
        if item == 1:
            raise Failure("no")
        if item > 1:
            never.wait()
        return item

    results = in_order(work, range(9), 3)
    assert next(results) == (0, 0)
    with pytest.raises(Failure):
        next(results)


def test_missing_and_large_traces_keep_their_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "MOST_AHEAD_BYTES", 10)
    asked = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        name = request.url.path.rpartition("/")[2]
        asked.append(name)
        if name == "gone":
            error = {"error": {"code": "trace_not_found", "message": "No."}}
            return httpx2.Response(404, json=error)
        return httpx2.Response(200, content=name.encode())

    large = "large" * 9
    found = []
    for name, opened in fetched(api(answer), ["small", "gone", large, "small"]):
        with opened as body:
            found.append((name, None if body is None else b"".join(body).decode()))
    assert found == [("small", "small"), ("gone", None), (large, large), ("small", "small")]
    assert sorted(asked) == sorted(["small", "gone", large, large, "small"])


def test_total_is_known_before_the_last_item_is_done_with() -> None:
    counted = Counted(iter("abc"))
    assert counted.total is None
    items = iter(counted)
    assert next(items) == "a"
    deadline = time.monotonic() + WITHIN_S
    while counted.total is None:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    assert (counted.total, *items) == (3, "b", "c")


def test_failure_to_find_more_comes_after_what_was_found() -> None:
    def items() -> Iterator[str]:
        yield "a"
        raise Failure("no")

    counted = iter(Counted(items()))
    assert next(counted) == "a"
    with pytest.raises(Failure):
        next(counted)
