"""A store in memory, and segments to fill it with: the write path without an engine."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests import segments


class MemoryTables:
    """Inserts are atomic, as the engine's are."""

    def __init__(self) -> None:
        tables = ("spans", "trace_ranges", "attribute_index", "ledger")
        self.rows: dict[str, list[bytes]] = {table: [] for table in tables}
        self.names: dict[bytes, list[str]] = {}
        self.inserts = 0
        self.fail: Callable[[str, int], None] = lambda table, rows: None
        self.refuse: Callable[[str, pa.RecordBatch], None] = lambda table, batch: None

    def insert(self, table: str, batch: pa.RecordBatch) -> None:
        self.inserts += table == "spans"
        self.fail(table, batch.num_rows)
        self.refuse(table, batch)
        column = {"trace_ranges": "trace_id", "attribute_index": "batch"}.get(table, "segment")
        rows = batch.column(column).to_pylist()
        self.rows[table] += rows
        if table == "spans":
            self.names.setdefault(rows[0], []).extend(batch.column("name").to_pylist())

    def stored_rows(self, asked: list[bytes]) -> dict[bytes, dict[str, int]]:
        return {segment: {"spans": self.rows["spans"].count(segment)} for segment in asked}

    def delete_segment(self, segment: bytes, receive_day: int, table: str) -> None:
        self.rows[table] = [row for row in self.rows[table] if row != segment]
        self.names.pop(segment, None)

    def all_names(self) -> list[str]:
        """Of all stored spans."""
        return sorted(itertools.chain(*self.names.values()))


_numbers = itertools.count(1)


class Killed(BaseException):
    """Stands for SIGKILL: nothing may catch it."""


def body(spans: int, *names: str) -> bytes:
    request = ExportTraceServiceRequest()
    added = request.resource_spans.add().scope_spans.add().spans
    for n, name in enumerate(names or ["work"] * spans):
        added.add(trace_id=uuid.uuid4().bytes, span_id=(n + 1).to_bytes(8, "big"), name=name)
    return request.SerializeToString()


def put(journal: Path, *spans: int, damage: int | None = None, version: int = 1) -> bytes:
    """A sealed segment with one record for each number of spans; its id."""
    return _put(journal, [(body(n), n) for n in spans], damage, version)


def put_named(journal: Path, *records: list[str]) -> bytes:
    """A sealed segment with spans of these names; its id."""
    return _put(journal, [(body(0, *names), len(names)) for names in records])


def _put(
    journal: Path, records: list[tuple[bytes, int]], damage: int | None = None, version: int = 1
) -> bytes:
    segment_id = uuid.UUID(int=next(_numbers) << 80).bytes
    sealed = segments.sealed(*records)
    content = bytearray(segments.segment(*sealed, segment_id=segment_id, version=version))
    if damage is not None:
        content[damage] ^= 0xFF
    segments.write(journal, bytes(content), segment_id)
    return segment_id
