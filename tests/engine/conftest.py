"""An empty store for each test: the real engine, in a directory or a database.

Every test runs on both engines; `@pytest.mark.embedded_only(WHY)` leaves the server out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from clew.sql import Statement
from clew.store import Store
from clew.store.upgrade import prepare
from tests import build
from tests.clickhouse import ClickHouse, require
from tests.flow.server import free_ports

MEMORY_BYTES = 1 << 30


class FilledStore(Store):
    """A store with a short way in for requests."""

    def take(
        self,
        *requests: ExportTraceServiceRequest,
        segment: bytes = build.SEGMENT,
        receive_day: int = build.RECEIVE_DAY,
    ) -> None:
        """Store requests as one segment."""
        message = ExportTraceServiceRequest()
        for request in requests:
            message.MergeFrom(request)
        spans, trace_ranges, index = build.batches(
            message, segment=segment, receive_day=receive_day
        )
        self.insert("trace_ranges", trace_ranges)
        self.insert("attribute_index", index)
        self.insert("spans", spans)


@dataclass
class Home:
    """Where the store of one test is: it may be opened, closed and opened again."""

    path: Path
    url: str = ""
    server: ClickHouse | None = None

    def open(self) -> FilledStore:
        """The store, created when it is not there."""
        return FilledStore.open(self.path, memory_bytes=MEMORY_BYTES, url=self.url)


class Kept:
    """One embedded store for test after test: opening costs more than emptying.

    The engine serves one folder a process, so it is closed before another is opened.
    """

    def __init__(self, path: Path) -> None:
        self._home = Home(path)
        self._store: FilledStore | None = None

    def empty(self) -> FilledStore:
        """The store as if it were new."""
        if self._store is None:
            self._store = self._home.open()
        listed = Statement("tables", "show tables", frozenset())
        for row in self._store._writer.query(listed, {}).to_pylist():
            text = f"drop table {row['name'].decode()} sync"
            self._store.run(Statement("drop", text, frozenset()), {})
        prepare(self._store._writer, "a test", lambda what: None)
        return self._store

    def close(self) -> None:
        """Make way for another folder."""
        if self._store is not None:
            self._store.close()
            self._store = None


@pytest.fixture(scope="session")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """The embedded store of tests that need only a store."""
    one = Kept(tmp_path_factory.mktemp("kept") / "store")
    yield one
    one.close()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "embedded_only(why): the test is about chDB alone")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine" in metafunc.fixturenames:
        alone = metafunc.definition.get_closest_marker("embedded_only")
        metafunc.parametrize("engine", ["embedded"] if alone else ["embedded", "server"])


@pytest.fixture(scope="session")
def clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    """One server for all tests; each has a database of its own."""
    require()
    server = ClickHouse(tmp_path_factory.mktemp("clickhouse"), free_ports(1)[0])
    server.start()
    yield server
    server.kill()


@pytest.fixture
def home(engine: str, kept: Kept, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Home]:
    """An empty place for a store."""
    if engine == "embedded":
        kept.close()
        yield Home(tmp_path / "store")
        return
    server: ClickHouse = request.getfixturevalue("clickhouse")
    database = server.new_database()
    yield Home(tmp_path / "store", server.url(database), server)
    server.ask(f"drop database if exists {database} sync")


@pytest.fixture
def store(engine: str, kept: Kept, request: pytest.FixtureRequest) -> Iterator[FilledStore]:
    if engine == "embedded" and "home" not in request.fixturenames:
        yield kept.empty()
        return
    home: Home = request.getfixturevalue("home")
    opened = home.open()
    yield opened
    opened.close()
