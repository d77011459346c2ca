"""What tests ask for through the setting `fault`: a kill at a point of the code, and spans that the
store refuses or at which this process dies, by their name.
"""

from __future__ import annotations

import ctypes
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from clew.ingest.insert import FAULT_POINTS, Tables
from clew.store.errors import StoreError

POISON = "poison."
REFUSE, CRASH = f"{POISON}refuse=", f"{POISON}crash="


def arm(setting: str) -> Callable[[str], None]:
    """A function that kills this process when it is called with the point `NAME@N` for the n-th
    time.
    """
    name, _, nth = setting.partition("@")
    if not setting:
        return lambda point: None
    if name not in FAULT_POINTS:
        raise ValueError(f"unknown fault point {name!r}; the points are {', '.join(FAULT_POINTS)}")
    left = int(nth or 1)

    def fault(point: str) -> None:
        nonlocal left
        if point == name:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    return fault


@dataclass(frozen=True)
class Poisoned:
    """Tables with spans that cannot be stored."""

    tables: Tables
    refused: frozenset[str]
    deadly: frozenset[str]

    @classmethod
    def of(cls, tables: Tables, settings: list[str]) -> Tables:
        """`poison.refuse=NAME` and `poison.crash=NAME`; the tables themselves without any."""
        for setting in settings:
            if not setting.startswith((REFUSE, CRASH)):
                raise ValueError(f"fault {setting!r}: give {REFUSE}NAME or {CRASH}NAME")
        if not settings:
            return tables
        return cls(
            tables,
            frozenset(one.removeprefix(REFUSE) for one in settings if one.startswith(REFUSE)),
            frozenset(one.removeprefix(CRASH) for one in settings if one.startswith(CRASH)),
        )

    def insert(self, table: str, batch: pa.RecordBatch) -> None:
        """See `Tables`."""
        names = set(pc.unique(batch.column("name")).to_pylist()) if table == "spans" else set()
        if names & self.deadly:
            ctypes.string_at(0)  # in this thread and at once, as a defect of the engine would
        if found := names & self.refused:
            raise StoreError(f"a span is named {found.pop()}")
        self.tables.insert(table, batch)

    def stored_rows(self, segments: list[bytes]) -> dict[bytes, dict[str, int]]:
        """See `Tables`."""
        return self.tables.stored_rows(segments)

    def delete_segment(self, segment: bytes, receive_day: int, table: str) -> None:
        """See `Tables`."""
        self.tables.delete_segment(segment, receive_day, table)
