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

from clew.sql import Statement, load, schema
from clew.store.embedded import Embedded, server_settings
from clew.store.engine import Engine, Parameters
from clew.store.errors import SchemaError, StoreError
from clew.store.reader import QUERIES, STREAMS, Reader, query_settings, stream_settings

SCHEMA_VERSION = 1
# Tables whose rows carry their segment. The others may be inserted twice and stay the same.
SEGMENT_TABLES = ("spans",)
IDEMPOTENT_TABLES = ("trace_ranges",)

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

    def __init__(self, writer: Engine, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader
        self._lock = Lock()
        self._columns = self._read_columns()

    @classmethod
    def open(cls, path: Path, *, memory_bytes: int) -> Self:
        """Open or create the store in this directory; the engine keeps within `memory_bytes`.

        Raises `SchemaError` when a newer Clew wrote it, and `StoreError` when it cannot be opened.
        """
        server = server_settings(memory_bytes)
        path.mkdir(parents=True, exist_ok=True)
        writer = Embedded(path, server)
        try:
            _prepare(writer, path)
            queries = {**server, **query_settings(memory_bytes)}
            streams = {**server, **stream_settings(memory_bytes)}
            reader = Reader(
                [Embedded(path, queries) for _ in range(QUERIES)],
                [Embedded(path, streams) for _ in range(STREAMS)],
            )
            return cls(writer, reader)
        except BaseException:
            writer.close()
            raise

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
        """How many rows of each segment every countable table holds; 0 when none."""
        rows = {segment: dict.fromkeys(SEGMENT_TABLES, 0) for segment in segments}
        asked = ",".join(segment.hex() for segment in segments)
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
        statement = load("store/delete_segment", table=table)
        with self._lock:
            self._writer.command(statement, {"segment": segment.hex(), "receive_day": day})

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


def _prepare(engine: Engine, path: Path) -> None:
    """Create what is missing; refuse data of a newer version before anything is touched."""
    meta, *tables = schema()
    engine.command(meta, {})
    rows = engine.query(load("store/read_meta"), {"key": "schema_version"}).to_pylist()
    found = int(rows[0]["value"]) if rows else None
    if found is not None and found > SCHEMA_VERSION:
        raise SchemaError(
            f"the store in {path} has schema version {found}, this Clew knows up to "
            f"{SCHEMA_VERSION}: start the newer Clew that wrote it, or use another data directory"
        )
    for table in tables:
        engine.command(table, {})
    if found is None:
        version: Parameters = {
            "key": "schema_version",
            "value": str(SCHEMA_VERSION),
            "version": SCHEMA_VERSION,
        }
        engine.command(load("store/write_meta"), version)
