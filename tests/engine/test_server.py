"""What is special about a ClickHouse server: it outlives its clients, and it may refuse them."""

import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from clew.settings import ServerAddress
from clew.sql import Statement, load
from clew.store import Store, StoreError, UnusableError
from clew.store import server as server_module
from clew.store.server import Server
from tests import build
from tests.clickhouse import PASSWORD, USER, ClickHouse
from tests.engine.conftest import MEMORY_BYTES, Home
from tests.engine.test_upgrade import FIRST_DAY, old_store
from tests.flow.server import free_ports

MAY_NOT_WRITE = 395


def open_store(url: str) -> Store:
    return Store.open(Path("unused"), memory_bytes=MEMORY_BYTES, url=url)


def test_insert_of_an_earlier_writer_fails_however_late_it_comes(clickhouse: ClickHouse) -> None:
    url = clickhouse.url(clickhouse.new_database())
    earlier, later = open_store(url), open_store(url)
    spans, _, _ = build.batches(build.request(build.span()))
    with pytest.raises(StoreError, match="another Clew writes to this database now") as raised:
        earlier.insert("spans", spans)
    assert raised.value.code == MAY_NOT_WRITE
    assert raised.value.transient
    assert later.stored_rows([build.SEGMENT]) == {build.SEGMENT: {"spans": 0}}
    # Who looks is the writer again: both can go on, none of them twice.
    assert earlier.stored_rows([build.SEGMENT]) == {build.SEGMENT: {"spans": 0}}
    earlier.insert("spans", spans)
    assert earlier.stored_rows([build.SEGMENT]) == {build.SEGMENT: {"spans": 1}}


def test_removal_of_an_earlier_writer_removes_nothing(clickhouse: ClickHouse) -> None:
    url = clickhouse.url(clickhouse.new_database())
    earlier, later = open_store(url), open_store(url)
    spans, _, _ = build.batches(build.request(build.span()))
    later.insert("spans", spans)
    earlier.delete_segment(build.SEGMENT, build.RECEIVE_DAY, "spans")
    assert later.stored_rows([build.SEGMENT]) == {build.SEGMENT: {"spans": 1}}


@pytest.mark.timeout(90)
def test_segment_whose_sender_was_killed_is_stored_exactly_once(clickhouse: ClickHouse) -> None:
    """In a small process, for it forks; more rounds: `python -m tests.flow.server_kills`."""
    command = [sys.executable, "-m", "tests.flow.server_kills", "--rounds", "8"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=80)
    result = json.loads(done.stdout or "{}")
    assert result.get("wrong") == 0, done.stderr + done.stdout
    assert result["found"], "no insert went on after its sender had died"


def leave_failing_removal(clickhouse: ClickHouse, database: str, condition: str) -> None:
    text = f"alter table spans delete where throwIf(kind >= 0, 'bad disk') = 0 and {condition}"
    with pytest.raises(AssertionError, match="bad disk"):
        clickhouse.ask(text, database, mutations_sync="1")


def test_removal_by_somebody_else_that_never_ends_holds_nobody_up(clickhouse: ClickHouse) -> None:
    url = clickhouse.url(database := clickhouse.new_database())
    store = open_store(url)
    spans, _, _ = build.batches(build.request(build.span()))
    store.insert("spans", spans)
    leave_failing_removal(clickhouse, database, "true")
    store.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server_module, "SETTLE_SECONDS", 0)
        opened = open_store(url)
    assert opened.stored_rows([build.SEGMENT]) == {build.SEGMENT: {"spans": 1}}
    opened.close()


def test_own_removal_that_fails_is_waited_for_and_its_reason_told(clickhouse: ClickHouse) -> None:
    url = clickhouse.url(database := clickhouse.new_database())
    store = open_store(url)
    spans, _, _ = build.batches(build.request(build.span()))
    store.insert("spans", spans)
    guard = load("store/part/newest_writer").text.replace("{writer:String}", "'earlier'")
    leave_failing_removal(clickhouse, database, f"({guard}) is not null")
    store.close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(server_module, "SETTLE_SECONDS", 0)
        with pytest.raises(StoreError, match=r"has been at spans .* says: .*bad disk") as raised:
            open_store(url)
    assert raised.value.transient


def test_account_of_the_address_is_used(clickhouse: ClickHouse) -> None:
    url = clickhouse.url(clickhouse.new_database(), user=USER, password=PASSWORD)
    open_store(url).close()


@pytest.mark.parametrize(("user", "password"), [(USER, "wrong"), ("nobody", "secret")])
def test_refused_account_is_named_without_its_password(
    clickhouse: ClickHouse, user: str, password: str
) -> None:
    with pytest.raises(UnusableError, match=r"refuses user .* correct --store") as raised:
        open_store(clickhouse.url("other", user=user, password=password))
    assert str(clickhouse.port) in str(raised.value)
    assert password not in str(raised.value)


def test_server_that_is_not_there_is_transient_and_named(clickhouse: ClickHouse) -> None:
    (port,) = free_ports(1)
    with pytest.raises(StoreError, match=f"cannot reach http://127.0.0.1:{port}/x") as raised:
        open_store(f"http://someone:secret@127.0.0.1:{port}/x")
    assert raised.value.transient
    assert not isinstance(raised.value, UnusableError)
    assert "secret" not in str(raised.value)


def test_stream_that_fails_late_says_what_the_server_said(clickhouse: ClickHouse) -> None:
    store = open_store(clickhouse.url(clickhouse.new_database()))
    late = "select throwIf(number = 500000, 'too late') from numbers(600000)"
    with pytest.raises(StoreError, match="too late") as raised:
        list(store.reader().stream(Statement("test", late, frozenset())))
    assert raised.value.code == MAY_NOT_WRITE
    assert not raised.value.transient
    assert "__exception__" not in str(raised.value)


def test_stream_that_is_left_ends_on_the_server(clickhouse: ClickHouse) -> None:
    store = open_store(clickhouse.url(database := clickhouse.new_database()))
    endless = "select number from numbers(1000000000000)"
    blocks = store.reader().stream(Statement("test", endless, frozenset()))
    next(blocks)
    blocks.close()
    running = f"select count() from system.processes where current_database = '{database}'"
    while clickhouse.ask(running) != "0\n":
        pass  # the test's own time limit bounds it


def test_trouble_is_known_while_the_server_is_away(tmp_path: Path) -> None:
    server = ClickHouse(tmp_path / "server", free_ports(1)[0])
    server.start()
    store = open_store(server.url("clew"))
    store.look()
    assert store.trouble is None
    server.kill()
    store.look()
    assert store.trouble == f"cannot reach http://127.0.0.1:{server.port}/clew"
    with pytest.raises(StoreError) as raised:
        store.stored_rows([build.SEGMENT])
    assert raised.value.transient
    server.start()
    store.look()
    assert store.trouble is None
    assert store.stored_rows([build.SEGMENT]) == {build.SEGMENT: {"spans": 0}}
    store.close()
    server.kill()


def test_server_store_needs_no_engine_of_its_own(clickhouse: ClickHouse) -> None:
    url = clickhouse.url(clickhouse.new_database())
    program = (
        "import sys; from pathlib import Path; from clew.store import Store;"
        "Store.open(Path('unused'), memory_bytes=1 << 30, url=sys.argv[1]);"
        "print([name for name in sys.modules if 'chdb' in name])"
    )
    command = [sys.executable, "-c", program, url]
    assert subprocess.run(command, capture_output=True, text=True).stdout == "[]\n"


def test_address_keeps_its_password_to_itself() -> None:
    server = Server(ServerAddress.parse("http://me:secret@host/clew", "--store"))
    assert "secret" not in f"{server} {server.address} {server.address!r}"


def test_account_of_the_guide_may_do_what_clew_does(clickhouse: ClickHouse, tmp_path: Path) -> None:
    clickhouse.ask("create database guide")
    url = clickhouse.url("guide", user="guide")
    old_store(Home(tmp_path, url), days=1)
    store = open_store(url)
    spans, _, _ = build.batches(build.request(build.span()))
    store.insert("spans", spans)
    store.delete_segment(build.SEGMENT, build.RECEIVE_DAY, "spans")
    assert store.stored_rows([build.SEGMENT]) == {build.SEGMENT: {"spans": 0}}
    day = date(1970, 1, 1) + timedelta(FIRST_DAY)
    store.run(load("store/retention_drop_day", table="spans"), {"day": str(day)})
    assert store.detached_parts() == []
    store.close()
    clickhouse.ask("drop database guide sync")
