"""Clew on a ClickHouse server, which comes late and dies meanwhile."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clickhouse import PASSWORD, USER, ClickHouse, require
from tests.engine.conftest import Home
from tests.engine.test_upgrade import DAYS, old_store
from tests.flow.kill_rounds import SPANS_A_REQUEST, senders
from tests.flow.server import Clew, free_ports

DATABASE = "flow"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ClickHouse]:
    require()
    server = ClickHouse(tmp_path / "clickhouse", free_ports(1)[0])
    yield server
    if server.process is not None:
        server.kill()


@pytest.fixture
def clew(server: ClickHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Clew]:
    monkeypatch.setenv("CLEW_STORE", server.url(DATABASE, user=USER, password=PASSWORD))
    clew = Clew(tmp_path / "data", tmp_path / "log")
    clew.start()
    yield clew
    assert clew.process is not None
    if clew.process.poll() is None:
        clew.stop()


def checks(clew: Clew) -> dict[str, str]:
    """What /readyz says of each part; empty while nobody answers."""
    try:
        return dict(json.loads(clew.get("/readyz")[1])["checks"])
    except OSError:
        return {}


def wait_for(clew: Clew, store: str) -> None:
    deadline = time.monotonic() + 30
    while (found := checks(clew)).get("store") != store or found["intake"] != "ok":
        assert time.monotonic() < deadline, (found, clew.log.read_text()[-2000:])
        time.sleep(0.05)


@pytest.mark.timeout(120)
def test_server_that_comes_late_and_dies_loses_and_doubles_nothing(
    clew: Clew, server: ClickHouse
) -> None:
    away = f"cannot reach http://127.0.0.1:{server.port}/{DATABASE}"
    deadline = time.monotonic() + 30
    while not checks(clew).get("store", "").startswith(away) or checks(clew)["intake"] != "ok":
        assert time.monotonic() < deadline, clew.log.read_text()[-2000:]
        time.sleep(0.05)
    with senders(clew.ports[1], seed=11) as running:
        server.start()
        clew.wait_ready()
        for _ in range(2):
            server.kill()
            wait_for(clew, away)
            assert clew.get("/api/v1/services")[0] == 503
            server.start()
            clew.wait_ready()
    clew.wait_drained()
    pid = clew.children()["store"]
    assert "chdb" not in Path(f"/proc/{pid}/maps").read_text()
    trace = running[0].acknowledged[0].hex()
    assert clew.get(f"/api/v1/traces/{trace}")[1].count('"spanId"') == SPANS_A_REQUEST
    status, found = clew.get("/api/v1/search?limit=5")
    assert (status, len(json.loads(found)["traces"])) == (200, 5)
    clew.stop()
    owed = {trace.hex() for sender in running for trace in sender.acknowledged}
    assert len(owed) > 50
    rows = server.ask(
        "select lower(hex(trace_id)), count(), uniqExact(span_id) from spans group by trace_id",
        DATABASE,
    )
    stored = {line.split("\t")[0]: line.split("\t")[1:] for line in rows.splitlines()}
    assert {trace: stored.get(trace) for trace in owed} == {key: ["20", "20"] for key in owed}
    said = clew.log.read_text()
    assert PASSWORD not in said
    assert os.environ["CLEW_STORE"] not in said


def test_refused_account_ends_clew_at_its_start(
    server: ClickHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.start()
    monkeypatch.setenv("CLEW_STORE", server.url(DATABASE, user=USER, password="wrong"))
    clew = Clew(tmp_path / "data", tmp_path / "log")
    clew.start()
    assert clew.process is not None
    assert clew.process.wait(30) == 1
    assert "refuses user 'clew'" in clew.log.read_text()


def test_store_of_an_older_clew_is_upgraded_at_the_start(
    server: ClickHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.start()
    url = server.url(DATABASE)
    old_store(Home(tmp_path, url))
    monkeypatch.setenv("CLEW_STORE", url)
    clew = Clew(tmp_path / "data", tmp_path / "log")
    clew.start()
    clew.wait_ready()
    assert clew.get(f"/api/v1/traces/{(bytes([1]) * 16).hex()}")[0] == 200
    clew.stop()
    assert f"store: upgrading the schema, day {DAYS} of {DAYS}" in clew.log.read_text()
