"""Retention of what is in use or goes in pieces: held days, and what finds spans that are gone."""

import time
from datetime import timedelta

import pytest

from clew.query.trace import trace_json
from clew.sql import Statement, load
from clew.store.reader import STREAM_BLOCK_ROWS
from clew.store.removals import Limits
from clew.store.retention import HELD_S, Retention
from tests import build
from tests.engine.conftest import FilledStore
from tests.engine.test_retention import (
    NO_LIMIT,
    NOW_NS,
    TODAY,
    kept,
    live_bytes,
    removed,
    round_of,
    rows,
)


@pytest.mark.embedded_only("the disk of a server is not looked at")
def test_day_that_a_reader_holds_costs_no_other_day_until_more_is_short(store: FilledStore) -> None:
    many = build.request(*(build.span(span_id=n + 1) for n in range(12 * STREAM_BLOCK_ROWS)))
    for ago in (3, 2, 1, 0):
        store.take(many, segment=bytes([ago]) * 16, receive_day=build.RECEIVE_DAY - ago)
    clock, wanted = [0.0], live_bytes(store) // 2
    free = [wanted - 600]
    retention = Retention(
        store,
        Limits(0, 0, wanted, wanted - 1),  # urgent, and a reader keeps it so
        free_bytes=lambda: free[0],
        now_ns=lambda: NOW_NS,
        monotonic=lambda: clock[0],
    )
    oldest = (TODAY - timedelta(days=3)).isoformat()
    statement = Statement(
        "test", f"select * from spans where receive_day = '{oldest}'", frozenset()
    )
    blocks = store.reader().stream(statement)
    read = next(blocks).num_rows
    assert read < 12 * STREAM_BLOCK_ROWS
    for now in (0, 5, 10, HELD_S - 1):
        clock[0] = now
        retention.round()
        assert [ago for ago, _ in kept(store)] == [2, 1, 0]
    held = sum(part.bytes for part in retention._parts() if not part.is_live)
    assert held > wanted // 4
    # What is held makes no room for so much: another day is dropped beside it.
    free[0] = wanted - held - 1
    retention.round()
    assert [ago for ago, _ in kept(store)] == [1, 0]
    # The reader has all the same, and then the day leaves the disk.
    assert read + sum(block.num_rows for block in blocks) == 12 * STREAM_BLOCK_ROWS
    at_once = "alter table spans modify setting old_parts_lifetime = 0"
    store.run(Statement("test", at_once, frozenset()), {})
    deadline = time.monotonic() + 60
    while any(part.day.isoformat() == oldest and part.rows for part in retention._parts()):
        assert time.monotonic() < deadline
        # The engine looks after old parts twice a minute, and at each drop.
        store.run(load("store/retention_drop_day", table="spans"), {"day": oldest})
        time.sleep(0.1)
    assert [ago for ago, _ in kept(store)] == [1, 0]


def test_what_finds_removed_spans_goes_before_more_spans_do(store: FilledStore) -> None:
    def trace_id(number: int) -> bytes:
        return bytes([number]) * 16

    def take(number: int) -> None:
        """A trace a segment, a minute after the last one; some spans are far too late."""
        start_ns = build.START_NS + number * 60 * 10**9
        spans = [
            build.span(
                span_id=n + 1,
                trace_id=trace_id(number),
                start_ns=start_ns,
                attrs={f"k{n}": f"{number}-{n}" * 9},
            )
            for n in range(60)
        ]
        late = build.span(span_id=99, trace_id=trace_id(1 if number == 6 else number), start_ns=5)
        more = [late] if number in (5, 6) else []
        segment = (0x0193_5F1C_0000 + number).to_bytes(6, "big") + bytes([number]) * 10
        store.take(build.request(*spans, *more), segment=segment)

    def found(number: int) -> int:
        text = b"".join(trace_json(store.reader(), trace_id(number)))
        return text.count(b'"spanId"')

    store.run(Statement("test", "system stop merges spans", frozenset()), {})
    for number in range(1, 7):
        take(number)
    # The spans of segments 1 to 4 go, what finds them stays for now.
    parts = Retention(store, NO_LIMIT, free_bytes=None)._parts()
    spans = sorted(
        (part for part in parts if part.table == "spans"), key=lambda part: part.last_block
    )
    need = sum(part.bytes for part in spans[:4])
    before = live_bytes(store)
    limit = (before - need + 1) * 20 // 19
    round_of(store, Limits(0, limit, 0, 0))
    assert live_bytes(store) <= limit * 19 // 20 + 1
    assert [found(number) for number in range(1, 7)] == [1, 0, 0, 0, 61, 60]
    assert kept(store, "trace_ranges")[0][1] >= 6
    # A deletion that failed would be tried for ever, and hold up the next one.
    text = (
        "alter table trace_ranges delete where throwIf(receive_day > '1970-01-01') "
        "settings mutations_sync = 0"
    )
    store.run(Statement("test", text, frozenset()), {})
    deadline = time.monotonic() + 60
    unfinished = (
        "select latest_fail_reason as why from system.mutations "
        "where database = currentDatabase() and not is_done"
    )
    while not all(row["why"] for row in rows(store, unfinished)):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    # At the next pressure that is enough: no span is lost for it.
    size = live_bytes(store)
    count = kept(store)
    removed_before = removed("bytes", "size")
    said = round_of(store, Limits(0, size - 1, 0, 0))
    assert "what finds spans that are gone" in said[0]
    assert len(said) == 1, said
    assert kept(store) == count
    assert live_bytes(store) < size - 1
    assert removed("bytes", "size") - removed_before == size - live_bytes(store)
    assert [found(number) for number in range(1, 7)] == [1, 0, 0, 0, 61, 60]
    ids = {row["trace_id"] for row in rows(store, "select distinct trace_id from trace_ranges")}
    assert ids == {trace_id(1), trace_id(5), trace_id(6)}
    text = "select uniqExact(batch) as n, uniqExact(key) as keys from attribute_index"
    left = rows(store, text)[0]
    assert left["n"] == 2
    assert left["keys"] > 60
    assert rows(store, unfinished) == []
    # Nothing is left over: the next spans go without a rewriting.
    said = round_of(store, Limits(0, live_bytes(store) - 1, 0, 0))
    assert ["removed a part of" in one for one in said] == [True]


def test_spans_go_also_when_what_finds_them_cannot(store: FilledStore) -> None:
    for number in range(3):
        store.take(build.request(build.span()), segment=bytes([number]) * 16)
    text = "rename table attribute_index to elsewhere"
    store.run(Statement("test", text, frozenset()), {})
    said = round_of(store, Limits(0, 1, 0, 0))
    assert kept(store) == [(0, 1)]
    assert "attribute_index" in said[0]
    assert ["removed a part of" in one for one in said] == [False, True, True]
