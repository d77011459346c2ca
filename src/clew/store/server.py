"""A ClickHouse server over HTTP. The only module that knows clickhouse-connect.

An insert can outlive the process that sent it, and can even begin after that process has died: it
lies in a socket's buffer while the server is busy. So each write carries its writer's name and does
nothing unless that is the newest name in `meta`; `settle` enters a new name and waits until what
began before has ended. See docs/decisions/0006.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import re
import time
import uuid
from collections.abc import Iterator
from typing import Any

import clickhouse_connect
import pyarrow as pa
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from clickhouse_connect.driver.httputil import get_pool_manager
from urllib3.exceptions import HTTPError

from clew.settings import ServerAddress
from clew.sql import Statement, load
from clew.store.engine import OUTPUT, EngineSettings, Guard, Parameters
from clew.store.errors import StoreError, UnusableError, classify

CONNECT_SECONDS = 5
# Between two signs of life; a long statement sends its progress.
READ_SECONDS = 30
WRITE_SECONDS = 120
SETTLE_SECONDS = 30

_NETWORK = 210
# What `throwIf` raises, and what it says in `store/part/rows_in_request`.
_THROWN = 395
_ANOTHER_WRITER = "another Clew writes to this database now"
# Wrong password, unknown user or database, no right to it: no waiting helps.
_REFUSED = frozenset({81, 192, 193, 194, 497, 516})
_LOOK_EVERY_S = 0.05
_TAIL_BYTES = 1 << 13
_BUFFER_BYTES = 1 << 18
_ARROW = {"X-ClickHouse-Format": "ArrowStream"}
# A stream has one dictionary a column, which grows with every block: memory without a bound.
_PLAIN_WORDS: EngineSettings = {"output_format_arrow_low_cardinality_as_dictionary": 0}
# The engine's own words, without what the client puts around them.
_SAID = re.compile(r"Code: \d+\. .*?(?= \(for url |\s\d+ \w+\s+__exception__|$)", re.DOTALL)

# What goes wrong is raised, and logged by those who know what it means.
logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)


class Server:
    """A server and what is known about reaching it; makes the connections of one store."""

    def __init__(self, address: ServerAddress) -> None:
        self.address = address
        self.trouble: str | None = None
        self._clients: dict[int, Client] = {}

    def __str__(self) -> str:
        return str(self.address)

    def prepare(self) -> None:
        """Log in and create the database when it is missing.

        `UnusableError` when the server refuses the account or the database.
        """
        engine = ServerEngine(self, {}, WRITE_SECONDS, database=None)
        name = {"name": self.address.database}
        try:
            if not engine.query(load("store/find_database"), name).num_rows:
                engine.command(load("store/create_database"), name)
        except StoreError as error:
            if error.code not in _REFUSED:
                raise
            raise UnusableError(
                f"the ClickHouse server at {self.address.origin} refuses user "
                f"{self.address.user!r} and database {self.address.database!r}: {error}; "
                "correct --store",
                error.code,
            ) from error

    def writer(self) -> ServerEngine:
        """The connection that writes."""
        return ServerEngine(self, {}, WRITE_SECONDS, database=self.address.database)

    def reader(self, settings: EngineSettings) -> ServerEngine:
        """A connection whose every request has these settings."""
        return ServerEngine(self, settings, READ_SECONDS, database=self.address.database)

    def room(self, reserve_bytes: int) -> None:
        """See `Place`. The disk is the server's."""

    def look(self) -> None:
        """Ask for a sign of life; `trouble` says what came of it. Takes at most two seconds."""
        client = self._clients.get(READ_SECONDS) or self._clients.get(WRITE_SECONDS)
        if client is not None:
            alive = client.ping(timeout=2)
            self.trouble = None if alive else f"cannot reach {self.address}"

    def client(self, seconds: int) -> Client:
        """The HTTP client with this time limit; it serves any number of threads."""
        if seconds not in self._clients:
            self._clients[seconds] = clickhouse_connect.get_client(
                interface="https" if self.address.is_https else "http",
                host=self.address.host,
                port=self.address.port,
                username=self.address.user,
                password=self.address.password,
                client_name="clew",
                compress=False,
                connect_timeout=CONNECT_SECONDS,
                send_receive_timeout=seconds,
                query_retries=0,
                # A session would allow one request at a time.
                autogenerate_session_id=False,
                # Its own: no proxy of the environment stands between Clew and its store.
                pool_mgr=get_pool_manager(maxsize=16),
            )
        return self._clients[seconds]

    def close(self) -> None:
        """Close all connections; closing twice is fine."""
        for client in self._clients.values():
            client.close_connections()


class ServerEngine:
    """One way to the server; satisfies `WritingEngine`."""

    def __init__(
        self, server: Server, settings: EngineSettings, seconds: int, *, database: str | None
    ) -> None:
        self._server = server
        self._seconds = seconds
        # Limits and `readonly` go with every request: the server applies all settings of a request
        # together, and then refuses any other change.
        self._settings = {**OUTPUT, **settings, **({"database": database} if database else {})}
        # Write statements have ids of this form, so that they are found in the list of processes.
        self._prefix = f"clew:{database}:"
        self._writer = ""
        self._is_settled = False

    @property
    def guard(self) -> Guard:
        """See `WritingEngine`."""
        return Guard(load("store/part/newest_writer"), {"writer": self._writer})

    def query(self, statement: Statement, parameters: Parameters) -> pa.Table:
        """See `Engine`."""
        statement.check(parameters)
        with self._errors():
            data = self._client().raw_query(
                statement.text, dict(parameters), dict(self._settings), transport_settings=_ARROW
            )
        return pa.ipc.open_stream(data).read_all() if data else pa.table({})

    def stream(self, statement: Statement, parameters: Parameters) -> Iterator[pa.Table]:
        """See `Engine`."""
        statement.check(parameters)
        with self._errors():
            response: Any = self._client().raw_stream(
                statement.text,
                dict(parameters),
                {**self._settings, **_PLAIN_WORDS},
                transport_settings=_ARROW,
            )
        body = _Body(response)
        try:
            with self._errors(body):
                batches = pa.ipc.open_stream(io.BufferedReader(body, _BUFFER_BYTES))
            while True:
                with self._errors(body):
                    try:
                        block = batches.read_next_batch()
                    except StopIteration:
                        return
                yield _with_dictionaries(block)
        finally:
            # An answer that was not read to its end: the server sees it and cancels the query.
            response.close()

    def command(self, statement: Statement, parameters: Parameters) -> None:
        """See `WritingEngine`."""
        self._write(statement, parameters, f"{statement.name}:{uuid.uuid4().hex}", None)

    def insert(self, table: str, batch: pa.RecordBatch) -> None:
        """See `WritingEngine`. The id of the query is the same when the insert is repeated."""
        columns = ",\n    ".join(batch.schema.names)
        rows = self.guard.load("store/part/rows_in_request", columns=columns).text
        statement = load("store/insert", table=table, columns=columns, rows=rows)
        body = _arrow_stream(batch)
        if "segment" in batch.schema.names:
            name = batch.column("segment")[0].as_py().hex()
        else:
            name = hashlib.blake2b(body, digest_size=16).hexdigest()
        self._write(statement, self.guard.parameters, f"{table}:{name}", body)

    def settle(self) -> None:
        """See `WritingEngine`."""
        if self._is_settled:
            return
        self._writer = uuid.uuid4().hex
        self.command(load("store/claim"), {"writer": self._writer})
        deadline = time.monotonic() + SETTLE_SECONDS
        ask = load("store/running_writes")
        while running := self.query(ask, {"prefix": self._prefix}).to_pylist():
            if time.monotonic() > deadline:
                reasons = [row["reason"].decode() for row in running if row["reason"]]
                failing = f"; the server says: {reasons[0]}" if reasons else ""
                raise StoreError(
                    f"{self._server.address} has been at {running[0]['id'].decode()} and "
                    f"{len(running) - 1} other writes of an earlier Clew for {SETTLE_SECONDS} s; "
                    f"Clew waits until they have ended{failing}",
                    transient=True,
                )
            time.sleep(_LOOK_EVERY_S)
        self._is_settled = True

    def close(self) -> None:
        """See `Engine`."""
        self._server.close()

    def _client(self) -> Client:
        return self._server.client(self._seconds)

    def _write(
        self, statement: Statement, parameters: Parameters, name: str, body: bytes | None
    ) -> None:
        statement.check(parameters)
        settings = {**self._settings, "query_id": self._prefix + name}
        try:
            with self._errors():
                # The body begins right behind the name of its format.
                text = statement.text.rstrip()
                self._client().command(text, dict(parameters), body, settings)
        except BaseException:
            # Whatever it was: nobody has seen the end of it.
            self._is_settled = False
            raise

    def _errors(self, body: _Body | None = None) -> _Errors:
        return _Errors(self._server, body)


class _Errors:
    """Turns what the client raises into `StoreError`, and notes whether the server was reached."""

    def __init__(self, server: Server, body: _Body | None) -> None:
        self._server = server
        self._body = body

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if error is None:
            self._server.trouble = None
        elif isinstance(error, pa.ArrowException | ClickHouseError | HTTPError | OSError):
            found = self._described(error)
            self._server.trouble = str(found) if found.code == _NETWORK else None
            raise found from error

    def _described(self, error: Exception) -> StoreError:
        # An answer that has begun ends in the middle, and the reason follows as text.
        text = self._body.rest() if self._body is not None else ""
        said = _SAID.search(text) or _SAID.search(str(error))
        if said:
            found = classify(said[0].strip())
            # The next look makes this process the writer again.
            found.transient |= found.code == _THROWN and _ANOTHER_WRITER in str(found)
            return found
        reason: BaseException = error
        while cause := reason.__cause__ or getattr(reason, "reason", None):
            if not isinstance(cause, BaseException):
                break
            reason = cause
        return StoreError(
            f"cannot reach {self._server.address}: {reason}", _NETWORK, transient=True
        )


class _Body(io.RawIOBase):
    """The body of an answer as a file; keeps its end, where the server writes what went wrong."""

    def __init__(self, response: Any) -> None:
        self._response = response
        self._tail = b""

    def readable(self) -> bool:
        """See `io.IOBase`."""
        return True

    def readinto(self, buffer: Any) -> int:
        """See `io.RawIOBase`. Takes what is there: after a break nothing of it would be left."""
        data: bytes = self._response.read1(len(buffer))
        buffer[: len(data)] = data
        self._tail = (self._tail + data[-_TAIL_BYTES:])[-_TAIL_BYTES:]
        return len(data)

    def rest(self) -> str:
        """Reads on to the end, where that is near, and gives the last of it as text."""
        with contextlib.suppress(HTTPError, OSError):
            self.readinto(bytearray(_TAIL_BYTES))
        return self._tail.decode("utf-8", "replace")


def _with_dictionaries(block: pa.RecordBatch) -> pa.Table:
    """A block whose words are in dictionaries of its own, as a whole answer has them."""
    return pa.Table.from_arrays([_words(one) for one in block.columns], names=block.schema.names)


def _words(column: pa.Array) -> pa.Array:
    if pa.types.is_binary(column.type):
        return column.dictionary_encode()
    if pa.types.is_map(column.type):
        return pa.MapArray.from_arrays(column.offsets, _words(column.keys), column.items)
    return column


def _arrow_stream(batch: pa.RecordBatch) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    data: bytes = sink.getvalue().to_pybytes()
    return data
