"""A span that the store refuses for good, or at which its process dies, costs itself and nothing
else: the real processes, on chDB and on a ClickHouse server.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.build import request, span
from tests.clickhouse import ClickHouse, require
from tests.flow.kill_rounds import stored_spans
from tests.flow.server import Clew, free_ports
from tests.flow.test_supervision import post

DATABASE = "poison"
TRACES = 40
POINTS = (
    "store.after_pieces",
    "store.before_split",
    "store.after_split",
    "store.after_attribute_index",
    "store.after_insert",
    "store.before_dead",
    "store.after_verdict",
    "store.after_segment",
)


@pytest.fixture(params=["embedded", pytest.param("server", marks=pytest.mark.thorough)])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ClickHouse | None]:
    if request.param == "embedded":
        yield None
        return
    require()
    server = ClickHouse(tmp_path / "clickhouse", free_ports(1)[0])
    server.start()
    yield server
    server.kill()


@pytest.fixture
def clew(
    server: ClickHouse | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Clew]:
    if server is not None:
        monkeypatch.setenv("CLEW_STORE", server.url(DATABASE))
    clew = Clew(tmp_path / "data", tmp_path / "log")
    yield clew
    assert clew.process is not None
    if clew.process.poll() is None:
        clew.stop()


def spans_of(trace: int, *names: str) -> bytes:
    trace_id = trace.to_bytes(16, "big")
    spans = [span(name, trace_id=trace_id, span_id=n + 1) for n, name in enumerate(names)]
    return request(*spans).SerializeToString()


def letters(clew: Clew) -> list[dict[str, object]]:
    folder = clew.data_dir / "journal" / "dead-letter"
    return [json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))]


def until_drained(clew: Clew, letter_count: int, within_s: float) -> int:
    """Sends on, as an application does, until the poison is put aside; how many traces."""
    deadline = time.monotonic() + within_s
    sent = TRACES
    while len(letters(clew)) < letter_count or list((clew.data_dir / "journal").glob("*.pieces")):
        assert time.monotonic() < deadline, (letters(clew), clew.log.read_text()[-3000:])
        sent += 1
        assert post(clew, spans_of(sent, "work", "work")) == 200
        time.sleep(0.2)
    return sent


def check(clew: Clew, server: ClickHouse | None, sent: int) -> None:
    """Every trace is stored once, of the poisoned one the two sound spans."""
    clew.wait_drained()
    clew.stop()
    if server is None:
        stored = dict(stored_spans(clew.data_dir))
    else:
        rows = server.ask(
            "select hex(trace_id), count(), uniqExact(span_id) from spans group by trace_id",
            DATABASE,
        )
        lines = [line.split("\t") for line in rows.splitlines()]
        assert all(count == distinct for _, count, distinct in lines)
        stored = {bytes.fromhex(trace): int(count) for trace, count, _ in lines}
    assert stored == {trace.to_bytes(16, "big"): 2 for trace in range(1, sent + 1)}


def send(clew: Clew) -> None:
    """Within one segment's second, the middle one with the poison."""
    for trace in range(1, TRACES + 1):
        names = ("work", "poison", "work") if trace == TRACES // 2 else ("work", "work")
        assert post(clew, spans_of(trace, *names)) == 200


@pytest.mark.timeout(150)
def test_span_that_the_store_refuses_is_put_aside_alone_whatever_is_killed(
    clew: Clew, server: ClickHouse | None
) -> None:
    clew.start(",".join(["poison.refuse=poison", *POINTS]))
    clew.wait_ready()
    send(clew)
    sent = until_drained(clew, 1, 100)
    (letter,) = letters(clew)
    assert (letter["kind"], letter["name"], letter["count"]) == ("span", "poison", 1)
    assert letter["trace_id"] == (TRACES // 2).to_bytes(16, "big").hex()
    assert "a span is named poison" in str(letter["reason"])
    check(clew, server, sent)
    assert clew.log.read_text().count("store ended (signal SIGKILL)") == len(POINTS)


@pytest.mark.timeout(150)
def test_span_at_which_the_store_process_dies_is_put_aside_alone(
    clew: Clew, server: ClickHouse | None
) -> None:
    clew.start("poison.crash=poison")
    clew.wait_ready()
    send(clew)
    sent = until_drained(clew, 1, 120)
    (letter,) = letters(clew)
    assert (letter["kind"], letter["name"], letter["count"]) == ("span", "poison", 1)
    assert "processes died" in str(letter["reason"])
    check(clew, server, sent)
    assert clew.log.read_text().count("store ended (signal SIGSEGV)") <= 10
