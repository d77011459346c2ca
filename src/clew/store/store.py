"""The store of spans: written by one ingest loop, read through `reader()`.

What it promises: an insert is there whole or not at all, is on disk when the call returns, and can
be counted by segment afterwards, so that the caller never has to trust, only to look.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from threading import Lock
from typing import Self

import pyarrow as pa

from clew.sql import Statement, load
from clew.store.engine import Parameters, WritingEngine
from clew.store.errors import StoreError
from clew.store.opening import Place, place
from clew.store.reader import QUERIES, STREAMS, Reader, query_settings, stream_settings
from clew.store.upgrade import Report, prepare

# Tables whose rows carry their segment. The others may be inserted twice and stay the same.
SEGMENT_TABLES = ("spans",)
IDEMPOTENT_TABLES = ("trace_ranges", "attribute_index")
# Idempotent too, and no part of what finds spans.
OTHER_TABLES = ("ledger",)

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class DetachedPart:
    """A piece of a table that the engine has put aside: its rows are in no answer."""

    table: str
    name: str
    reason: str
    bytes_on_disk: int


class Store:
    """Owns the engine. One thread writes; `reader()` serves any number."""

    def __init__(self, writer: WritingEngine, reader: Reader, where: Place) -> None:
        self._writer = writer
        self._reader = reader
        self._where = where
        self._lock = Lock()
        self._columns = self._read_columns()

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        memory_bytes: int,
        url: str = "",
        reserve_bytes: int = 0,
        report: Report = lambda what: None,
    ) -> Self:
        """Open or create the store in this directory, or on the ClickHouse server that `url` names.

        The engine keeps within `memory_bytes`; on a server each query keeps within its share.
        An older Clew's data is upgraded first, and `report` is told how far that is; that leaves
        `reserve_bytes` of our own disk free.
        Raises `UnusableError` when waiting does not help: a newer Clew wrote the data, a server
        refuses the account; else `StoreError` when it cannot be opened.
        """
        where = place(path, memory_bytes, url)
        where.prepare()
        writer = where.writer()
        try:
            prepare(writer, str(where), report, where.room(reserve_bytes))
            queries, streams = query_settings(memory_bytes), stream_settings(memory_bytes)
            reader = Reader(
                [where.reader(queries) for _ in range(QUERIES)],
                [where.reader(streams) for _ in range(STREAMS)],
            )
            return cls(writer, reader, where)
        except BaseException:
            writer.close()
            raise

    @property
    def trouble(self) -> str | None:
        """Why the engine cannot be reached now, in words; None when nothing is known against it."""
        return self._where.trouble

    def look(self) -> None:
        """Find out whether `trouble` is over, or has begun; takes at most two seconds."""
        self._where.look()

    def insert(self, table: str, batch: pa.RecordBatch) -> None:
        """Add a batch of one receive day. After it all rows are durable; on error none is there."""
        expected = self._columns.get(table, frozenset())
        if expected != set(batch.schema.names):
            difference = ", ".join(sorted(expected ^ set(batch.schema.names)))
            raise StoreError(f"the batch does not fit table {table}: it differs in {difference}")
        if batch.num_rows:
            with self._lock:
                self._writer.insert(table, batch)

    def stored_rows(self, segments: Sequence[bytes]) -> dict[bytes, dict[str, int]]:
        """How many rows of each segment every countable table holds; 0 when none.

        First it waits until no earlier insert can add to them; see `WritingEngine.settle`.
        """
        rows = {segment: dict.fromkeys(SEGMENT_TABLES, 0) for segment in segments}
        asked = ",".join(segment.hex() for segment in segments)
        if segments:
            with self._lock:
                self._writer.settle()
        for table in SEGMENT_TABLES if segments else ():
            statement = load("store/count_segments", table=table)
            for row in self._query(statement, {"segments": asked}).to_pylist():
                rows[row["segment"]][table] = row["rows"]
        return rows

    def delete_segment(self, segment: bytes, receive_day: int, table: str) -> None:
        """Remove the rows of a segment; on return they are gone for good.

        The engine rewrites the parts that hold the segment instead of masking its rows: what is
        left is what an insert would have left, and no later merge has to remember the mask.
        """
        if table not in SEGMENT_TABLES:
            raise StoreError(f"rows of table {table} carry no segment")
        day = (_EPOCH + timedelta(days=receive_day)).isoformat()
        with self._lock:
            guard = self._writer.guard
            statement = guard.load("store/delete_segment", table=table)
            values: Parameters = {"segment": segment.hex(), "receive_day": day, **guard.parameters}
            self._writer.command(statement, values)

    def delete_rows(self, name: str, parameters: Parameters, **fragments: str) -> None:
        """Begin a deletion by the statement of this name, and do not wait for its end.

        What earlier writers had sent is there or void by then, and it does nothing once another
        process writes.
        """
        with self._lock:
            self._writer.settle()
            guard = self._writer.guard
            statement = guard.load(name, **fragments)
            self._writer.command(statement, {**parameters, **guard.parameters})

    def detached_parts(self) -> list[DetachedPart]:
        """Parts that the engine found broken and put aside, most often after a loss of power."""
        rows = self._query(load("store/detached_parts"), {}).to_pylist()
        return [
            DetachedPart(
                row["table"].decode(),
                row["name"].decode(),
                row["reason"].decode(),
                row["bytes_on_disk"],
            )
            for row in rows
        ]

    def read_meta(self, key: str) -> str | None:
        """A fact about the store itself."""
        rows = self._query(load("store/read_meta"), {"key": key}).to_pylist()
        return rows[0]["value"].decode() if rows else None

    def write_meta(self, key: str, value: str, *, version: int) -> None:
        """Keep a fact; of several under one key that with the highest version counts."""
        self.run(load("store/write_meta"), {"key": key, "value": value, "version": version})

    def run(self, statement: Statement, parameters: Parameters) -> None:
        """Run a statement that answers nothing on the writer's connection."""
        with self._lock:
            self._writer.command(statement, parameters)

    def reader(self) -> Reader:
        """The read-only connections of this store."""
        return self._reader

    def close(self) -> None:
        """Close all connections. Call it when neither writer nor readers are at work."""
        self._reader.close()
        self._writer.close()

    def _query(self, statement: Statement, parameters: Parameters) -> pa.Table:
        with self._lock:
            return self._writer.query(statement, parameters)

    def _read_columns(self) -> dict[str, frozenset[str]]:
        columns: defaultdict[str, set[str]] = defaultdict(set)
        for row in self._writer.query(load("store/columns"), {}).to_pylist():
            columns[row["table"].decode()].add(row["name"].decode())
        return {table: frozenset(names) for table, names in columns.items()}
