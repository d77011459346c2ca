"""Read-only access to the store for worker threads.

Each connection may read and nothing else: no insert, no change of settings, no table function that
reaches files or the network, and every query ends within limits of time, memory and rows.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from queue import Empty, LifoQueue

import pyarrow as pa

from clew.sql import Statement
from clew.store.engine import Engine
from clew.store.errors import StoreError

QUERIES = 4
STREAMS = 4
QUERY_SECONDS = 10
# A stream lasts as long as its reader takes for it; blocks are small because they wait in memory.
STREAM_SECONDS = 300
STREAM_BLOCK_ROWS = 1024

RESULT_ROWS = 1_000_000
_WAIT_SECONDS = 15


def query_settings(memory_bytes: int) -> dict[str, str | int]:
    """Settings of a connection that may only read, a fair share of the engine's memory each."""
    share = memory_bytes // (2 * QUERIES)
    return {
        "max_execution_time": QUERY_SECONDS,
        "timeout_overflow_mode": "throw",
        "max_memory_usage": share,
        # Sorting a very large trace goes through the disk before it meets that limit.
        "max_bytes_before_external_sort": share // 4,
        "max_result_rows": RESULT_ROWS,
        "result_overflow_mode": "throw",
        "max_threads": 2,
        # Every other change of a setting is refused after this one.
        "readonly": 1,
    }


def stream_settings(memory_bytes: int) -> dict[str, str | int]:
    """The same for a connection whose answers are read block by block."""
    own = {"max_execution_time": STREAM_SECONDS, "max_block_size": STREAM_BLOCK_ROWS}
    return {**own, **{k: v for k, v in query_settings(memory_bytes).items() if k not in own}}


class Reader:
    """Two pools of read-only connections; safe to use from any number of threads.

    Streams have connections of their own: who reads slowly must not keep others from asking.
    """

    def __init__(self, queries: Sequence[Engine], streams: Sequence[Engine]) -> None:
        self.queries = len(queries)
        self.streams = len(streams)
        self._engines = [*queries, *streams]
        self._for_queries = _pool(queries)
        self._for_streams = _pool(streams)

    def query(self, statement: Statement, **parameters: str | int) -> pa.Table:
        """All rows of the answer."""
        with _taken(self._for_queries) as engine:
            return engine.query(statement, parameters)

    def stream(self, statement: Statement, **parameters: str | int) -> Iterator[pa.Table]:
        """The answer block by block; it keeps a connection until it is read out or closed."""
        with _taken(self._for_streams) as engine:
            yield from engine.stream(statement, parameters)

    def close(self) -> None:
        """Close the connections; wait for none, the caller has stopped asking."""
        for engine in self._engines:
            engine.close()


def _pool(engines: Sequence[Engine]) -> LifoQueue[Engine]:
    # Last in, first out: the connection used last has warm memory.
    pool: LifoQueue[Engine] = LifoQueue()
    for engine in engines:
        pool.put(engine)
    return pool


@contextmanager
def _taken(pool: LifoQueue[Engine]) -> Iterator[Engine]:
    try:
        engine = pool.get(timeout=_WAIT_SECONDS)
    except Empty:
        message = f"all connections to the store were in use for {_WAIT_SECONDS} s"
        raise StoreError(message, transient=True) from None
    try:
        yield engine
    finally:
        pool.put(engine)
