"""What finds spans that are gone: rows of the attribute index and of trace ranges.

A day that goes whole takes them along. A day that loses parts of its spans keeps them, and they
count against the cap; here they are deleted, once they are a good share. Nothing that a span which
is there, or which an insert has begun to store, is found by ever goes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from contextlib import AbstractContextManager
from datetime import date
from typing import Any

from clew.sql import Statement, load
from clew.store.errors import StoreError
from clew.store.removals import Part, live_bytes
from clew.store.store import IDEMPOTENT_TABLES, Store

# A deletion rewrites what stays, so it waits until so much can go.
LEAST_SHARE = 1 / 3
# Below this share of the store it is not even looked at.
LEAST_OF_STORE = 1 / 20
# Trace ids that a deletion of ranges keeps in memory: some 100 MB.
MOST_TRACES = 1_000_000
WAIT_S = 60.0
LOOK_EVERY_S = 0.1
_TABLES = ",".join(IDEMPOTENT_TABLES)


class Leftovers:
    """Deletes them, a day at a time. `turn` is held while a deletion begins."""

    def __init__(self, store: Store, turn: AbstractContextManager[Any]) -> None:
        self._store = store
        self._turn = turn

    def delete(
        self,
        day: date,
        parts: Collection[Part],
        room: int | None,
        stop: threading.Event | None,
    ) -> bool:
        """Delete those of a day if that is worth it; whether it was tried and is over.

        `room` bytes of disk may be written; None: any number. It waits for a minute at most; a
        deletion that takes longer goes on by itself.
        """
        own = live_bytes(part for part in parts if part.day == day and part.table != "spans")
        if own < LEAST_OF_STORE * live_bytes(parts):
            return False
        if room is not None and own * (1 - LEAST_SHARE) > room:
            return False
        self._give_up_failed()
        if self._running() or self._share(day) < LEAST_SHARE:
            return False
        self._begin(day, parts)
        return self._wait(stop)

    def _share(self, day: date) -> float:
        batches = load("store/part/batches_of_day").text
        statement = load("store/leftovers_share", batches=batches)
        # A large day takes longer than a query may.
        (found,) = self._read(statement, day=day.isoformat())
        return float(found["stale"] / found["rows"]) if found["rows"] else 0.0

    def _begin(self, day: date, parts: Collection[Part]) -> None:
        """Holding `turn`: rows that are there without their spans wait for none, or come again."""
        rows = sum(part.rows for part in parts if part.table == "spans" and part.day == day)
        share = f"{min(0.05, MOST_TRACES / max(rows, 1)):.9f}"
        first = load("store/leftovers_first_second", share=share)
        (found,) = self._read(first, day=day.isoformat())
        with self._turn:
            self._store.delete_rows(
                "store/leftovers_delete_index",
                {"day": day.isoformat()},
                batches=load("store/part/batches_of_day").text,
            )
            self._store.delete_rows(
                "store/leftovers_delete_ranges",
                {"day": day.isoformat(), "second": found["second"]},
            )

    def _wait(self, stop: threading.Event | None) -> bool:
        deadline = time.monotonic() + WAIT_S
        waiter = stop or threading.Event()
        while running := self._running():
            if failure := next((why for why in running if why), ""):
                self._give_up_failed()
                raise StoreError(f"what finds removed spans could not be deleted: {failure}")
            if time.monotonic() > deadline or waiter.wait(LOOK_EVERY_S):
                return False
        return True

    def _running(self) -> list[str]:
        """Why each deletion that is not over has failed so far; empty: it has not."""
        found = self._read(load("store/leftovers_running"), tables=_TABLES)
        return [row["failure"].decode() for row in found]

    def _give_up_failed(self) -> None:
        if any(self._running()):
            self._store.run(load("store/leftovers_give_up"), {"tables": _TABLES})

    def _read(self, statement: Statement, **parameters: str | int) -> list[dict[str, Any]]:
        blocks = self._store.reader().stream(statement, **parameters)
        return [row for block in blocks for row in block.to_pylist()]
