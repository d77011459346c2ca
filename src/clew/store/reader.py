"""Read-only access to the store for worker threads.

Each connection may read and nothing else: no insert, no change of settings, no table function that
reaches files or the network, and every query ends within limits of time, memory and rows.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, LifoQueue

import pyarrow as pa

from clew.sql import Statement
from clew.store.engine import Engine
from clew.store.errors import StoreError

READ_SECONDS = 10
_WAIT_SECONDS = 15
_RESULT_ROWS = 1_000_000


def reader_settings(memory_bytes: int, connections: int) -> dict[str, str | int]:
    """Settings of a connection that may only read, a fair share of the engine's memory each."""
    share = memory_bytes // (2 * connections)
    return {
        "max_execution_time": READ_SECONDS,
        "timeout_overflow_mode": "throw",
        "max_memory_usage": share,
        # Sorting a very large trace goes through the disk before it meets that limit.
        "max_bytes_before_external_sort": share // 4,
        "max_result_rows": _RESULT_ROWS,
        "result_overflow_mode": "throw",
        "max_threads": 2,
        # A block of an answer stays small, and with it what a streamed trace holds in memory.
        "max_block_size": 8192,
        # Last, because nothing can be set after it.
        "readonly": 1,
    }


class Reader:
    """A pool of read-only connections; safe to use from any number of threads."""

    def __init__(self, connect: Callable[[], Engine], connections: int) -> None:
        self.connections = connections
        self._engines: list[Engine] = []
        # Last in, first out: the connection used last has warm memory.
        self._free: LifoQueue[Engine] = LifoQueue()
        for _ in range(connections):
            engine = connect()
            self._engines.append(engine)
            self._free.put(engine)

    def query(self, statement: Statement, **parameters: str | int) -> pa.Table:
        """All rows of the answer."""
        with self._connection() as engine:
            return engine.query(statement, parameters)

    def stream(self, statement: Statement, **parameters: str | int) -> Iterator[pa.Table]:
        """The answer block by block; it keeps a connection until it is read out or closed."""
        with self._connection() as engine:
            yield from engine.stream(statement, parameters)

    def close(self) -> None:
        """Close the connections; wait for none, the caller has stopped asking."""
        for engine in self._engines:
            engine.close()

    @contextmanager
    def _connection(self) -> Iterator[Engine]:
        try:
            engine = self._free.get(timeout=_WAIT_SECONDS)
        except Empty:
            message = f"all {self.connections} connections are in use for {_WAIT_SECONDS} s"
            raise StoreError(message, transient=True) from None
        try:
            yield engine
        finally:
            self._free.put(engine)
