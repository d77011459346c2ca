"""A store that Clew 0.1 wrote is brought up to date, whenever the process dies on the way."""

import signal
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from clew.sql import Statement, load
from clew.store import StoreError, upgrade
from clew.store.engine import Parameters
from clew.store.opening import place
from clew.store.upgrade import prepare
from tests import build
from tests.engine.conftest import MEMORY_BYTES, FilledStore, Home

VERSION_1 = Path(__file__).parent / "version_1"
DAYS = 3
SPANS_A_DAY = 40
OTHER = bytes([255]) * 16
FIRST_DAY = build.RECEIVE_DAY - DAYS + 1

# Every statement of the upgrade that changes something, and the last ones of opening.
POINTS = [
    ("upgrade/2/rename_spans", 1),
    ("upgrade/2/rename_spans!", 1),
    ("upgrade/2/hasten_removal!", 1),
    ("upgrade/2/hasten_removal!", 2),
    ("upgrade/2/copy_day", 1),
    ("upgrade/2/copy_day!", 2),
    ("upgrade/2/drop_day!", 1),
    ("upgrade/2/drop_day!", 1),
    ("upgrade/2/keep_replaced!", 1),
    ("upgrade/2/drop_old", 1),
    ("upgrade/2/drop_old!", 1),
]


def statement(text: str) -> Statement:
    return Statement("test", text, frozenset())


def old_store(home: Home, days: int = DAYS) -> None:
    """What Clew 0.1 leaves: its tables, spans of several receive days, and its version."""
    where = place(home.path, MEMORY_BYTES, home.url)
    where.prepare()
    engine = where.writer()
    for name in ("meta", "spans", "trace_ranges"):
        engine.command(statement((VERSION_1 / f"{name}.sql").read_text()), {})
    engine.settle()
    for day in range(FIRST_DAY, FIRST_DAY + days):
        # Of several minutes, so that the old order is another one.
        made = [
            build.span(
                span_id=n,
                start_ns=build.START_NS + n * 31 * build.SECOND_NS,
                attrs={"n": n, "day": str(day)},
                trace_id=bytes([n % 7]) * 16,
            )
            for n in range(1, SPANS_A_DAY + 1)
        ]
        spans, ranges, _ = build.batches(
            build.request(*made), segment=bytes([day % 251]) * 16, receive_day=day
        )
        engine.insert("trace_ranges", ranges)
        engine.insert("spans", spans)
    version = {"key": "schema_version", "value": "1", "version": 1}
    engine.command(load("store/write_meta"), version)
    engine.close()


def ask(store: FilledStore, text: str) -> list[dict[str, object]]:
    return store.reader().query(statement(text)).to_pylist()


def expect_all(store: FilledStore) -> None:
    kept = "select count() as n, uniqExact(segment, span_id) as spans from spans"
    assert ask(store, kept) == [{"n": DAYS * SPANS_A_DAY, "spans": DAYS * SPANS_A_DAY}]
    whole = (
        "select countIf(attr_str['day'] = toString(toUInt32(receive_day))"
        " and attr_int['n'] = reinterpretAsUInt64(reverse(span_id))) as n from spans"
    )
    assert ask(store, whole) == [{"n": DAYS * SPANS_A_DAY}]
    tables = (
        "select name, sorting_key from system.tables"
        " where database = currentDatabase() and name like 'spans%'"
    )
    assert ask(store, tables) == [{"name": b"spans", "sorting_key": b"time, trace_id"}]
    newest = date(1970, 1, 1) + timedelta(build.RECEIVE_DAY)
    assert store.read_meta("attribute_index_from") == str(newest + timedelta(1))
    assert store.read_meta("schema_version") == "3"
    assert store.read_meta("upgrading_from") == ""
    lifetime = (
        "select extract(create_table_query, 'old_parts_lifetime = \\\\d+') as found"
        " from system.tables where database = currentDatabase() and name = 'spans'"
    )
    assert ask(store, lifetime) == [{"found": b"old_parts_lifetime = 480"}]


def test_old_store_is_upgraded_and_says_how_far_it_is(home: Home) -> None:
    old_store(home)
    said: list[str] = []
    store = FilledStore.open(home.path, memory_bytes=MEMORY_BYTES, url=home.url, report=said.append)
    expect_all(store)
    store.take(build.request(build.span()), segment=OTHER)
    assert store.stored_rows([OTHER]) == {OTHER: {"spans": 1}}
    store.close()
    assert said == [
        f"upgrading the schema, day {n} of {DAYS} ({SPANS_A_DAY} spans)" for n in (1, 2, 3)
    ]


def test_old_store_without_spans_has_an_index_from_its_start(home: Home) -> None:
    old_store(home, days=0)
    store = home.open()
    assert store.read_meta("attribute_index_from") is None
    assert store.read_meta("schema_version") == "3"
    store.close()


def test_new_store_is_not_upgraded(home: Home) -> None:
    said: list[str] = []
    for _ in range(2):
        FilledStore.open(
            home.path, memory_bytes=MEMORY_BYTES, url=home.url, report=said.append
        ).close()
    assert said == []


class Stopped(Exception):
    """What a kill is for the engine: nothing comes after the statement at hand."""


class Stopping:
    """An engine whose owner dies before a statement, or after it if its name ends in `!`."""

    def __init__(self, engine: Any, name: str, nth: int) -> None:
        self._engine = engine
        self._name = name.removesuffix("!")
        self._after = name.endswith("!")
        self._left = nth

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def command(self, statement: Statement, parameters: Parameters) -> None:
        hit = statement.name == self._name
        self._left -= hit
        if hit and not self._left and not self._after:
            raise Stopped
        self._engine.command(statement, parameters)
        if hit and not self._left:
            raise Stopped


def stop_at(home: Home, name: str, nth: int = 1) -> None:
    """An upgrade that is stopped at the n-th such statement."""
    where = place(home.path, MEMORY_BYTES, home.url)
    engine = where.writer()
    with pytest.raises(Stopped):
        prepare(Stopping(engine, name, nth), str(where), print)
    engine.close()


def version_seen_by_older_clew(home: Home) -> str:
    """All that it looks at before it takes the store for its own."""
    engine = place(home.path, MEMORY_BYTES, home.url).writer()
    rows = engine.query(load("store/read_meta"), {"key": "schema_version"}).to_pylist()
    engine.close()
    return rows[0]["value"].decode()


def test_upgrade_goes_on_wherever_it_was_stopped(home: Home) -> None:
    old_store(home)
    # One store: each stop is a step further than the one before.
    for name, nth in POINTS:
        stop_at(home, name, nth)
        assert version_seen_by_older_clew(home) == "3", (name, nth)
    store = home.open()
    expect_all(store)
    store.close()


def test_store_that_is_not_touched_yet_may_go_back_to_an_older_clew(home: Home) -> None:
    old_store(home, days=DAYS - 1)
    stop_at(home, "store/write_meta!")
    assert version_seen_by_older_clew(home) == "1"
    old_store(home)
    store = home.open()
    newest = date(1970, 1, 1) + timedelta(build.RECEIVE_DAY)
    assert store.read_meta("attribute_index_from") == str(newest + timedelta(1))
    assert store.read_meta("upgrading_from") == ""
    store.close()


def test_next_upgrade_can_be_marked_after_one_that_is_done(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_store(home)
    home.open().close()
    monkeypatch.setattr(upgrade, "SCHEMA_VERSION", 4)
    stop_at(home, "store/write_meta!", 2)
    store = home.open()
    assert store.read_meta("schema_version") == "4"
    assert store.read_meta("upgrading_from") == ""
    store.close()


def test_upgrade_keeps_the_reserve_of_the_disk_and_says_what_is_missing(home: Home) -> None:
    old_store(home)
    where = place(home.path, MEMORY_BYTES, home.url)
    engine = where.writer()
    with pytest.raises(StoreError, match=r"copies the spans of .* are missing: make") as raised:
        prepare(engine, str(where), print, lambda: 1)
    assert raised.value.transient
    engine.close()
    store = home.open()
    expect_all(store)
    store.close()


@pytest.mark.embedded_only("the disk of a server is not ours")
def test_free_space_of_the_folder_counts_without_the_reserve(home: Home) -> None:
    old_store(home)
    with pytest.raises(StoreError, match="lower --disk-reserve-bytes"):
        FilledStore.open(home.path, memory_bytes=MEMORY_BYTES, reserve_bytes=1 << 60)
    store = home.open()
    expect_all(store)
    store.close()


def test_upgrade_goes_on_after_its_process_was_killed(home: Home) -> None:
    old_store(home)
    program = (
        "import os, sys; from pathlib import Path; from clew.store import Store;"
        "Store.open(Path(sys.argv[1]), memory_bytes=1 << 30, url=sys.argv[2],"
        " report=lambda said: 'day 2' in said and os.kill(os.getpid(), 9))"
    )
    command = [sys.executable, "-c", program, str(home.path), home.url]
    assert subprocess.run(command, timeout=60).returncode == -signal.SIGKILL
    store = home.open()
    expect_all(store)
    store.close()


def test_copy_that_was_left_half_is_made_again(home: Home) -> None:
    old_store(home)
    stop_at(home, "upgrade/2/copy_day")
    where = place(home.path, MEMORY_BYTES, home.url)
    engine = where.writer()
    half = "insert into spans select * from spans_v1 where receive_day = {} limit 7"
    first = f"toDate({FIRST_DAY})"
    engine.command(statement(half.format(first)), {})
    engine.close()
    store = home.open()
    expect_all(store)
    store.close()


def test_day_whose_removal_had_begun_is_not_copied_again(home: Home) -> None:
    old_store(home)
    stop_at(home, "upgrade/2/drop_day")
    where = place(home.path, MEMORY_BYTES, home.url)
    engine = where.writer()
    some = (
        f"alter table spans_v1 delete where receive_day = toDate({FIRST_DAY}) and attr_int['n'] < 9"
    )
    engine.command(statement(some + " settings mutations_sync = 2"), {})
    engine.close()
    store = home.open()
    expect_all(store)
    store.close()
