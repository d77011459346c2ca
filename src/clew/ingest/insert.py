"""One segment, or a piece of one, into the tables. `spans` goes last and is the commit mark."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from clew import _kernel, counters

FAULT_POINTS = (
    "store.before_insert",
    "store.after_ledger",
    "store.after_trace_ranges",
    "store.after_attribute_index",
    "store.after_insert",
    "store.before_pieces",
    "store.after_pieces",
    "store.before_split",
    "store.after_split",
    "store.before_dead",
    "store.after_verdict",
    "store.after_dead",
    "store.before_delete",
    "store.after_segment",
    "store.after_delete",
)


class Tables(Protocol):
    """What the write path needs of the store (`clew.store.Store` is one)."""

    def insert(self, table: str, batch: pa.RecordBatch) -> None:
        """Durable and whole when it returns; at most one block in one partition."""

    def stored_rows(self, segments: list[bytes]) -> dict[bytes, dict[str, int]]:
        """Rows per segment and table; a segment without rows may be missing."""

    def delete_segment(self, segment: bytes, receive_day: int, table: str) -> None:
        """No row of the segment is left in the table when it returns."""


@dataclass(frozen=True)
class Inserter:
    """`fault` is called at each of `FAULT_POINTS`."""

    tables: Tables
    fault: Callable[[str], None]

    def spans(self, segment: _kernel.Segment, there: int) -> None:
        """Makes all spans be there once, of which so many are there now."""
        spans = pa.record_batch(segment.spans)
        if there == spans.num_rows:
            return
        self.clear(segment, there)
        self.tables.insert("trace_ranges", pa.record_batch(segment.trace_ranges))
        self.fault("store.after_trace_ranges")
        self.tables.insert("attribute_index", pa.record_batch(segment.attribute_index))
        self.fault("store.after_attribute_index")
        self.tables.insert("spans", spans)

    def clear(self, segment: _kernel.Segment, there: int) -> None:
        """Takes out again what is there of it."""
        if there:
            counters.add("clew_store_segments_repaired_total")
            self.tables.delete_segment(segment.id, segment.receive_day, "spans")

    def ledger(self, entries: pa.RecordBatch) -> None:
        """Idempotent."""
        if entries.num_rows:
            self.tables.insert("ledger", entries)
            self.fault("store.after_ledger")
