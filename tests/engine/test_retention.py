"""Retention on the real engine: what is dropped is gone from the tables and from the disk."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from clew import counters
from clew.query.trace import trace_json
from clew.sql import Statement
from clew.store import StoreError
from clew.store.evidence import MINUTES_OF_AN_HOUR, Evidence
from clew.store.removals import Limits
from clew.store.retention import EVERY_S, Retention
from tests import build
from tests.engine.conftest import FilledStore, Home

DAY_NS = 86_400 * 10**9
NOW_NS = build.RECEIVE_DAY * DAY_NS
TODAY = date(1970, 1, 1) + timedelta(days=build.RECEIVE_DAY)
NO_LIMIT = Limits(0, 0, 0, 0)


def fill(store: FilledStore, *days_ago: int) -> None:
    """A segment a day, each with 50 spans of a trace of its own."""
    for number, ago in enumerate(days_ago):
        trace_id = bytes([number + 1]) * 16
        spans = [build.span(span_id=n + 1, trace_id=trace_id) for n in range(50)]
        store.take(
            build.request(*spans),
            segment=bytes([number + 1]) * 16,
            receive_day=build.RECEIVE_DAY - ago,
        )


def confirm(store: FilledStore, day: date = TODAY) -> None:
    """As after an hour of data of that day."""
    store.write_meta("retention_evidence", Evidence(confirmed=day).to_text(), version=1)


def rows(store: FilledStore, text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (
        store.reader().query(Statement("test", text, frozenset())).to_pylist()
    )
    return found


def kept(store: FilledStore, table: str = "spans") -> list[tuple[int, int]]:
    """(days ago, rows) by day."""
    text = f"select receive_day as day, count() as n from {table} group by day order by day"
    return [((TODAY - row["day"]).days, row["n"]) for row in rows(store, text)]


def round_of(
    store: FilledStore, limits: Limits, free: Callable[[], int] | None = None
) -> list[str]:
    """What one round of retention says."""
    said: list[str] = []
    Retention(
        store, limits, free_bytes=free, log=said.append, now_ns=lambda: NOW_NS + DAY_NS // 2
    ).round()
    return said


def removed(kind: str, reason: str) -> float:
    return counters.snapshot().get(f'clew_store_removed_{kind}_total{{reason="{reason}"}}', 0)


def live_bytes(store: FilledStore) -> int:
    text = (
        "select sum(bytes_on_disk) as n from system.parts "
        "where active and table != 'meta' and database = currentDatabase()"
    )
    return int(rows(store, text)[0]["n"])


def test_days_older_than_the_limit_go_from_every_table(store: FilledStore) -> None:
    fill(store, 40, 15, 14, 1, 0)
    confirm(store)
    before = removed("spans", "age")
    said = round_of(store, Limits(14, 0, 0, 0))
    assert kept(store) == [(14, 50), (1, 50), (0, 50)]
    assert kept(store, "trace_ranges") == [(14, 1), (1, 1), (0, 1)]
    assert {ago for ago, _ in kept(store, "attribute_index")} == {14, 1, 0}
    assert b"".join(trace_json(store.reader(), bytes([1]) * 16)) == b""
    assert b"".join(trace_json(store.reader(), bytes([5]) * 16)) != b""
    assert removed("spans", "age") - before == 100
    assert len(said) == 2
    assert "2026-10-13: 50 spans" in said[0]
    assert "older than 14 days before 2026-11-22" in said[0]


def test_hour_of_data_is_noticed_and_kept_across_restarts(store: FilledStore) -> None:
    fill(store, 400, 0)
    almost = Evidence(minutes={TODAY: MINUTES_OF_AN_HOUR - 2}, revision=7)
    store.write_meta("retention_evidence", almost.to_text(), version=almost.revision)
    for number in (3, 4):
        retention = Retention(
            store, Limits(14, 0, 0, 0), free_bytes=None, now_ns=lambda: NOW_NS + DAY_NS // 2
        )
        retention.round()
        assert [ago for ago, _ in kept(store)] == [400, 0]
        store.take(build.request(build.span()), segment=bytes([number]) * 16)
        retention.round()
    assert [ago for ago, _ in kept(store)] == [0]


def test_oldest_days_go_until_the_store_fits(store: FilledStore) -> None:
    fill(store, 3, 2, 1, 0)
    limit = live_bytes(store) * 6 // 10
    said = round_of(store, Limits(0, limit, 0, 0))
    assert kept(store) == [(1, 50), (0, 50)]
    assert live_bytes(store) <= limit
    assert "the store is above" in said[0]


def test_one_day_that_is_too_large_loses_its_oldest_segments(store: FilledStore) -> None:
    for number in range(4):
        request = build.request(build.span(name=f"segment {number}"))
        store.take(request, segment=bytes([number]) * 16)
    said = round_of(store, Limits(0, 1, 0, 0))
    assert [row["name"] for row in rows(store, "select name from spans")] == [b"segment 3"]
    assert len(said) == 3
    assert "removed a part of 2026-11-22: 1 spans" in said[0]


def test_full_disk_takes_the_oldest_days(store: FilledStore) -> None:
    fill(store, 3, 2, 0)
    limits = Limits(0, 0, 10_000, 5_000)
    assert round_of(store, limits, lambda: 10_000) == []
    assert round_of(store, limits, None) == []  # the disk of a server is not looked at
    said = round_of(store, limits, lambda: 9_999)
    assert kept(store) == [(2, 50), (0, 50)]
    assert "the disk has" in said[0]


@pytest.mark.embedded_only("it looks into the folder")
def test_dropped_day_leaves_the_disk_at_once(home: Home, store: FilledStore) -> None:
    fill(store, 3, 0)

    def on_disk() -> int:
        return sum(file.stat().st_size for file in home.path.rglob("*") if file.is_file())

    before, in_parts = on_disk(), live_bytes(store)
    round_of(store, Limits(0, in_parts - 1, 0, 0))
    assert on_disk() <= before - (in_parts - live_bytes(store)) + 4_096


def test_segment_that_comes_back_after_its_day_was_dropped_goes_with_the_next_round(
    store: FilledStore,
) -> None:
    fill(store, 40, 0)
    confirm(store)
    limits = Limits(14, 0, 0, 0)
    round_of(store, limits)
    segment = bytes([1]) * 16
    assert store.stored_rows([segment])[segment] == {"spans": 0}
    store.delete_segment(segment, build.RECEIVE_DAY - 40, "spans")
    fill(store, 40)
    assert store.stored_rows([segment])[segment] == {"spans": 50}
    round_of(store, limits)
    assert kept(store) == [(0, 50)]


@pytest.mark.embedded_only("the lock is ours")
def test_nothing_is_dropped_while_a_segment_is_stored(store: FilledStore) -> None:
    fill(store, 40, 0)
    confirm(store)
    seen: list[Any] = []

    class Turn:
        """Looks at the store when the drop may begin, and when it is over."""

        def __enter__(self) -> None:
            seen.append(kept(store))

        def __exit__(self, *error: object) -> None:
            seen.append(kept(store))

    limits = Limits(14, 0, 0, 0)
    Retention(store, limits, free_bytes=None, turn=Turn(), now_ns=lambda: NOW_NS).round()
    assert seen == [[(40, 50), (0, 50)], [(0, 50)]]


def test_spans_of_a_day_that_went_in_part_are_counted(store: FilledStore) -> None:
    fill(store, 40, 0)
    confirm(store)

    class Turn:
        """Something happens to a table between the look at the store and the drop."""

        def __enter__(self) -> None:
            text = "rename table trace_ranges to elsewhere"
            store.run(Statement("test", text, frozenset()), {})

        def __exit__(self, *error: object) -> None:
            pass

    before, said = removed("spans", "age"), list[str]()
    retention = Retention(
        store,
        Limits(14, 0, 0, 0),
        free_bytes=None,
        turn=Turn(),
        log=said.append,
        now_ns=lambda: NOW_NS,
    )
    with pytest.raises(StoreError):
        retention.round()
    assert kept(store) == [(0, 50)]
    assert removed("spans", "age") - before == 50
    assert "50 spans" in said[0]


@pytest.mark.embedded_only("the counters are ours")
def test_gauges_say_what_is_there(store: FilledStore) -> None:
    fill(store, 3, 0)
    confirm(store)
    round_of(store, NO_LIMIT, lambda: 77)
    found = counters.snapshot()
    assert found["clew_store_bytes"] == live_bytes(store)
    assert found["clew_store_oldest_day_seconds"] == (build.RECEIVE_DAY - 3) * 86_400
    assert found["clew_store_retention_today_seconds"] == build.RECEIVE_DAY * 86_400
    assert found["clew_store_disk_free_bytes"] == 77


def test_merges_are_bounded_by_what_the_store_may_take(store: FilledStore) -> None:
    text = (
        "select engine_full from system.tables "
        "where database = currentDatabase() and name = 'spans'"
    )
    assert b"max_bytes_to_merge" not in rows(store, text)[0]["engine_full"]
    round_of(store, Limits(0, 16 << 30, 0, 0))
    merges = b"max_bytes_to_merge_at_max_space_in_pool = 1073741824"
    assert merges in rows(store, text)[0]["engine_full"]
    round_of(store, Limits(0, 0, 1, 0), lambda: 8 << 30)
    merges = b"max_bytes_to_merge_at_max_space_in_pool = 536870912"
    assert merges in rows(store, text)[0]["engine_full"]
    round_of(store, NO_LIMIT)
    assert b"max_bytes_to_merge" not in rows(store, text)[0]["engine_full"]


def test_bound_of_merges_follows_the_disk(store: FilledStore) -> None:
    disk = [8 << 30]
    retention = Retention(store, Limits(0, 0, 1, 0), free_bytes=lambda: disk[0])
    text = (
        "select extract(engine_full, 'max_space_in_pool = ([0-9]+)') as size "
        "from system.tables where database = currentDatabase() and name = 'spans'"
    )
    for free, size in ((8 << 30, b"536870912"), (16 << 30, b"1073741824")):
        disk[0] = free
        retention.round()
        assert rows(store, text)[0]["size"] == size


def test_table_of_somebody_else_is_left_alone(store: FilledStore) -> None:
    fill(store, 40, 0)
    confirm(store)
    for text in (
        "create table backup (receive_day Date) engine = MergeTree "
        "partition by receive_day order by tuple()",
        "insert into backup select receive_day from spans",
    ):
        store.run(Statement("test", text, frozenset()), {})
    round_of(store, Limits(14, 0, 0, 0))
    assert kept(store) == [(0, 50)]
    assert kept(store, "backup") == [(40, 50), (0, 50)]


def test_day_ahead_of_the_clock_is_said_once_and_hides_no_day(store: FilledStore) -> None:
    fill(store, 40, 0, -300)
    almost = Evidence(minutes={TODAY: MINUTES_OF_AN_HOUR - 1}, revision=7)
    store.write_meta("retention_evidence", almost.to_text(), version=almost.revision)
    said: list[str] = []
    retention = Retention(
        store,
        Limits(14, 0, 0, 0),
        free_bytes=None,
        log=said.append,
        now_ns=lambda: NOW_NS + DAY_NS // 2,
    )
    retention.round()
    retention.round()
    assert len(said) == 1
    assert "2027-09-18, is 300 days ahead of the clock, 2026-11-22" in said[0]
    assert counters.snapshot()["clew_store_days_ahead"] == 300
    # The clock is right again, and so is the journal: age goes on.
    store.take(build.request(build.span()), segment=bytes([9]) * 16)
    retention.round()
    assert [ago for ago, _ in kept(store)] == [0, -300]
    tomorrow = Retention(
        store, NO_LIMIT, free_bytes=None, now_ns=lambda: NOW_NS + 300 * DAY_NS - 10**9
    )
    tomorrow.round()  # a second before midnight: a clock that was set back a little
    assert counters.snapshot()["clew_store_days_ahead"] == 0


def test_replaced_parts_go_early_while_the_disk_is_short(store: FilledStore) -> None:
    fill(store, 0)
    disk = [0]
    retention = Retention(
        store, Limits(0, 0, 10_000, 5_000), free_bytes=lambda: disk[0], now_ns=lambda: NOW_NS
    )
    text = (
        "select extract(engine_full, 'old_parts_lifetime = ([0-9]+)') as seconds "
        "from system.tables where database = currentDatabase() and name != 'meta'"
    )
    for free, seconds in ((10_000, b"480"), (9_999, b"10"), (12_499, b"10"), (12_500, b"480")):
        disk[0] = free
        retention.round()
        assert {row["seconds"] for row in rows(store, text)} == {seconds}


def test_a_round_a_minute_makes_an_hour_of_sixty() -> None:
    assert MINUTES_OF_AN_HOUR * EVERY_S == 3_600


def test_every_partitioned_table_is_known(store: FilledStore) -> None:
    text = (
        "select name from system.tables "
        "where database = currentDatabase() and partition_key != 'receive_day'"
    )
    assert [row["name"] for row in rows(store, text)] == [b"meta"]
