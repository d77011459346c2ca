"""The ledger in the store: added up, asked for, and the same when a segment is inserted twice."""

import os
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pytest

from clew import _kernel
from clew.query.ledger import ledger
from clew.sql import Statement
from clew.store.evidence import MINUTES_OF_AN_HOUR, Evidence
from clew.store.removals import Limits
from clew.store.retention import Retention
from tests import build
from tests.engine.api import Client, app, client, status
from tests.engine.conftest import FilledStore

__all__ = ["app", "client", "status"]

AT = build.START_NS
ENTRY: dict[str, Any] = {
    "receive_day": build.RECEIVE_DAY,
    "segment": build.SEGMENT,
    "reason": "wrong_path",
    "status": 404,
    "protocol": "http1",
    "address": "10.0.0.1",
    "port": 4318,
    "user_agent": "curl/8",
    "key_prefix": "kf_01234",
    "headers": ["accept", "host"],
    "detail": "POST /x1",
    "sentence": "send traces to /v1/traces",
    "first_ns": AT,
    "last_ns": AT,
    "count": 1,
}


def take(store: FilledStore, *entries: dict[str, Any], segment: bytes = build.SEGMENT) -> None:
    rows = [
        {
            **ENTRY,
            "n": n,
            "segment": segment,
            **entry,
            "time": entry.get("last_ns", AT) // build.SECOND_NS,
        }
        for n, entry in enumerate(entries)
    ]
    schema = pa.schema(_kernel.ledger_schema())
    store.insert("ledger", pa.RecordBatch.from_pylist(rows, schema=schema))


def test_flushes_of_one_kind_are_added_up_and_the_newest_comes_first(store: FilledStore) -> None:
    take(store, {"count": 3}, {"reason": "malformed", "last_ns": AT + 5})
    take(
        store,
        {"detail": "POST /x27", "last_ns": AT + 9, "count": 4},
        {"address": "10.0.0.2", "last_ns": AT + 1},
        segment=bytes(16),
    )
    found = ledger(store.reader(), None, AT, AT + 9, 10)
    assert [(one.reason, one.address, one.detail, one.count) for one in found] == [
        ("wrong_path", "10.0.0.1", "POST /x27", 7),
        ("malformed", "10.0.0.1", "POST /x1", 1),
        ("wrong_path", "10.0.0.2", "POST /x1", 1),
    ]
    assert (found[0].first_ns, found[0].last_ns) == (AT, AT + 9)
    assert len(ledger(store.reader(), "malformed", AT, AT + 9, 10)) == 1
    assert ledger(store.reader(), None, AT + 10, AT + 20, 10) == []


def test_segment_that_is_inserted_twice_counts_once(store: FilledStore) -> None:
    for _ in range(2):
        take(store, {"count": 3})
    assert [one.count for one in ledger(store.reader(), None, AT, AT, 10)] == [3]


def test_days_of_the_ledger_go_with_their_spans(store: FilledStore) -> None:
    old = build.RECEIVE_DAY - 40
    for day in (old, build.RECEIVE_DAY):
        segment = bytes([day % 251]) * 16
        store.take(build.request(build.span()), segment=segment, receive_day=day)
        take(store, {"receive_day": day, "address": str(day)}, segment=segment)
    today = date(1970, 1, 1) + timedelta(days=build.RECEIVE_DAY)
    store.write_meta("retention_evidence", Evidence(confirmed=today).to_text(), version=1)
    now_ns = build.RECEIVE_DAY * 86_400 * build.SECOND_NS
    Retention(store, Limits(14, 0, 0, 0), free_bytes=None, now_ns=lambda: now_ns).round()
    found = ledger(store.reader(), None, AT, AT, 10)
    assert [one.address for one in found] == [str(build.RECEIVE_DAY)]


def test_api_lists_the_entries(store: FilledStore, client: Client) -> None:
    take(store, {"count": 2}, {"reason": "malformed"})
    answer = client.get("/api/v1/ledger", reason="wrong_path", limit=1).json()
    assert answer == {
        "entries": [
            {
                "reason": "wrong_path",
                "status": 404,
                "protocol": "http1",
                "address": "10.0.0.1",
                "port": 4318,
                "userAgent": "curl/8",
                "keyPrefix": "kf_01234",
                "headers": ["accept", "host"],
                "detail": "POST /x1",
                "count": 2,
                "first": str(AT),
                "last": str(AT),
                "sentence": "send traces to /v1/traces",
            }
        ],
        "complete": True,
    }
    assert client.get("/api/v1/ledger", limit=1).json()["complete"] is False
    assert client.get("/api/v1/ledger", reason="none").json()["entries"] == []


def ledger_days(store: FilledStore) -> list[int]:
    text = (
        "select toInt32(toRelativeDayNum(receive_day)) as day from ledger group by day order by day"
    )
    found = store.reader().query(Statement("test", text, frozenset())).to_pylist()
    return [row["day"] - build.RECEIVE_DAY for row in found]


def after_an_hour_of_knocks(store: FilledStore) -> None:
    """Rounds of retention, between them a knock of today."""
    now_ns = build.RECEIVE_DAY * 86_400 * 10**9 + 43_200 * 10**9
    retention = Retention(
        store, Limits(14, 0, 0, 0), free_bytes=None, now_ns=lambda: now_ns, log=lambda text: None
    )
    for minute in range(MINUTES_OF_AN_HOUR + 1):
        take(store, {}, segment=bytes([minute]) * 16)
        retention.round()


def test_ledger_of_a_store_without_spans_goes_with_its_days(store: FilledStore) -> None:
    for ago in (40, 15, 14):
        take(store, {"receive_day": build.RECEIVE_DAY - ago}, segment=bytes([200 + ago]) * 16)
    take(store, {})
    Retention(store, Limits(14, 0, 0, 0), free_bytes=None).round()
    assert ledger_days(store) == [-40, -15, -14, 0]  # no hour of data yet
    after_an_hour_of_knocks(store)
    assert ledger_days(store) == [-14, 0]


def test_knocks_make_no_span_old(store: FilledStore) -> None:
    store.take(build.request(build.span()), receive_day=build.RECEIVE_DAY - 40)
    take(store, {"receive_day": build.RECEIVE_DAY - 40})
    after_an_hour_of_knocks(store)
    assert ledger_days(store) == [0]
    counted = Statement("test", "select count() as n from spans", frozenset())
    assert store.reader().query(counted).to_pylist() == [{"n": 1}]


@pytest.mark.embedded_only("its memory is bounded most")
def test_ledger_answers_after_a_flood_of_knocks_that_are_all_different(store: FilledStore) -> None:
    for second in range(80):
        many = (
            {
                "address": f"10.{second}.{n // 256}.{n % 256}",
                "user_agent": os.urandom(60).hex(),
                "detail": os.urandom(60).hex(),
                "headers": [os.urandom(8).hex() for _ in range(20)],
                "last_ns": AT + second * build.SECOND_NS + n,
            }
            for n in range(1_000)
        )
        take(store, *many, segment=second.to_bytes(16, "big"))
    for most in (100, 10_000):
        found = ledger(store.reader(), None, AT, AT + 100 * build.SECOND_NS, most)
        assert len(found) == most
        assert found[0].last_ns == AT + 79 * build.SECOND_NS + 999
        assert len(found[0].headers) == 20
