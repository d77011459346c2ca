"""The pool of connections, with engines that only pretend."""

from collections.abc import Iterator
from threading import Barrier, Thread

import pyarrow as pa
import pytest

from clew.sql import Statement
from clew.store.engine import Parameters
from clew.store.errors import StoreError
from clew.store.reader import Reader, query_settings, stream_settings

ASK = Statement("test", "select 1", frozenset())


class FakeEngine:
    """Counts its callers and refuses two at once."""

    def __init__(self, meet: Barrier | None = None) -> None:
        self.busy = False
        self.calls = 0
        self.closed = False
        self._meet = meet

    def query(self, statement: Statement, parameters: Parameters) -> pa.Table:
        assert not self.busy
        self.busy = True
        if self._meet:
            self._meet.wait(10)
        self.busy = False
        self.calls += 1
        return pa.table({"n": [1]})

    def stream(self, statement: Statement, parameters: Parameters) -> Iterator[pa.Table]:
        yield pa.table({"n": [1]})
        raise StoreError("broken")

    def command(self, statement: Statement, parameters: Parameters) -> None:
        raise AssertionError("a reader commands nothing")

    def insert(self, table: str, batch: pa.RecordBatch) -> None:
        raise AssertionError("a reader inserts nothing")

    def close(self) -> None:
        self.closed = True


def test_every_connection_serves_one_caller_at_a_time() -> None:
    meet = Barrier(3)
    engines = [FakeEngine(meet) for _ in range(3)]
    reader = Reader(engines, [])
    threads = [Thread(target=reader.query, args=(ASK,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [engine.calls for engine in engines] == [1, 1, 1]


def test_connection_comes_back_after_an_error() -> None:
    reader = Reader([FakeEngine()], [FakeEngine()])
    for _ in range(3):
        with pytest.raises(StoreError, match="broken"):
            list(reader.stream(ASK))
    assert reader.query(ASK).num_rows == 1


def test_connections_are_closed() -> None:
    engines = [FakeEngine(), FakeEngine()]
    Reader(engines[:1], engines[1:]).close()
    assert all(engine.closed for engine in engines)


def test_nothing_can_be_set_after_readonly() -> None:
    assert list(query_settings(1 << 30))[-1] == "readonly"
    assert list(stream_settings(1 << 30))[-1] == "readonly"


def test_streams_have_connections_of_their_own() -> None:
    reader = Reader([FakeEngine()], [FakeEngine()])
    stream = reader.stream(ASK)
    assert next(stream).num_rows == 1
    assert reader.query(ASK).num_rows == 1
