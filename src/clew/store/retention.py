"""What is removed, and when: whole receive days by age, by size, and before the disk is full.

Age is counted in receive days, never in the spans' own times, and not from the clock alone: see
`Evidence`. Size counts live parts of all tables; the oldest day goes first, or its oldest spans
when that is enough. The same happens when the disk has less free than `free_bytes`; that rule is
off when the disk is not ours (a remote server).

A drop frees the disk at once (measured: 8 ms, bytes gone when it returns). Parts that merges had
replaced stay for 8 minutes more; when the disk is short they go within half a minute, and before
live ones while there is time for that.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, date, datetime, timedelta
from typing import Any

from clew import counters
from clew.settings import rough_size
from clew.sql import load
from clew.store.errors import StoreError
from clew.store.evidence import Evidence
from clew.store.leftovers import Leftovers
from clew.store.removals import (
    Limits,
    Part,
    Removal,
    above_cap,
    day_in_pieces,
    live_bytes,
    merge_size,
    newest_day,
    oldest_first,
    shortage,
    too_old,
)
from clew.store.store import IDEMPOTENT_TABLES, OTHER_TABLES, SEGMENT_TABLES, Store

_TABLES = (*SEGMENT_TABLES, *IDEMPOTENT_TABLES, *OTHER_TABLES)
EVERY_S = 60.0
# A fast sender fills a gibibyte in less than a minute.
LOOK_EVERY_S = 5.0
# How long replaced parts stay: as the schema says, and when the disk is short.
REPLACED_S = 480
TIGHT_REPLACED_S = 10
# A reader keeps a dropped part on disk for 300 s at most; then the engine takes a while to notice.
HELD_S = 360.0
# A clock that is set back by less, around midnight, is no news.
AHEAD = timedelta(hours=1)
# Marks a drop of a part that a merge has replaced meanwhile; the next round sees the new one.
_NO_SUCH_PART = 232
# Spans age by the days on which spans came; an idle store keeps them. The ledger of such a store
# goes on by itself: health checks alone may write it for years.
_EVIDENCE = {"spans": "retention_evidence", "ledger": "retention_evidence_ledger"}


class Retention:
    """Keeps the store within its limits until `stop` is set. One instance a store.

    A day is never dropped between the inserts of one segment: `turn` is held by whoever is at work.
    What the journal still holds cannot be stored twice by a drop: a segment that was stored before
    its day was dropped is, when it is looked up again, found missing, inserted into the expired day
    and dropped with it by the next round; a part holds all rows of a segment or none.
    """

    def __init__(
        self,
        store: Store,
        limits: Limits,
        *,
        free_bytes: Callable[[], int] | None,
        turn: AbstractContextManager[Any] | None = None,
        log: Callable[[str], None] = lambda text: None,
        now_ns: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._limits = limits
        self._free_bytes = free_bytes
        self._turn = nullcontext() if turn is None else turn
        self._log = log
        self._now_ns = now_ns
        self._monotonic = monotonic
        self._leftovers = Leftovers(store, self._turn)
        self._evidence: dict[str, Evidence] = {}
        # The day ahead of the clock that was said.
        self._ahead: date | None = None
        # Not known before the first round; then 0 when merges are not bounded.
        self._merge_size: int | None = None
        # (table, name) of dropped parts that a reader may hold, and when they were dropped.
        self._dropped: dict[tuple[str, str], float] = {}
        # None: not known, an earlier process may have ended in the middle.
        self._is_tight: bool | None = None

    def run(self, stop: threading.Event) -> None:
        """A round at once, then every minute; between them an eye on the free space."""
        while not stop.is_set():
            self._attempt(self.round, stop)
            next_round = time.monotonic() + EVERY_S
            while not stop.wait(LOOK_EVERY_S) and time.monotonic() < next_round:
                self._attempt(self._look_at_disk, stop)

    def _attempt(
        self, work: Callable[[threading.Event | None], None], stop: threading.Event
    ) -> None:
        try:
            work(stop)
        except (StoreError, OSError) as error:
            self._report_failure(error)

    def _report_failure(self, error: Exception) -> None:
        counters.add("clew_store_retention_errors_total")
        self._log(f"retention: {error}; it is tried again within {EVERY_S:g} s")

    def round(self, stop: threading.Event | None = None) -> None:
        """One look at the store, and the removals that follow from it."""
        parts = self._parts()
        now = datetime.fromtimestamp(self._now_ns() / 1e9, UTC)
        self._bound_merges(parts)
        today = self._observe("spans", parts, now.date()).today(now.date())
        by_ledger = self._observe("ledger", parts, now.date()).today(now.date())
        self._say_ahead(newest_day(parts), now)
        parts = self._remove_old(parts, today, stop)
        latest = max((day for day in (today, by_ledger) if day), default=None)
        entries = [part for part in parts if part.table == "ledger"]
        others = [part for part in parts if part.table != "ledger"]
        parts = others + self._remove_old(entries, latest, stop)
        parts = self._keep_below_cap(parts, stop)
        parts = self._make_room(parts, stop)
        _report(parts, today)

    def _remove_old(
        self, parts: list[Part], today: date | None, stop: threading.Event | None
    ) -> list[Part]:
        old = too_old(parts, today, self._limits.days)
        why = f"older than {self._limits.days} days before {today}"
        return self._remove(parts, old, "age", why, stop)

    def _keep_below_cap(self, parts: list[Part], stop: threading.Event | None) -> list[Part]:
        excess = above_cap(live_bytes(parts), self._limits)
        removals = oldest_first(parts, excess)
        why = f"the store is above {rough_size(self._limits.max_bytes)}"
        # What costs no spans goes first.
        if day := day_in_pieces(parts, removals, excess):
            parts = self._delete_leftovers(day, parts, "size", why, stop)
            removals = oldest_first(parts, above_cap(live_bytes(parts), self._limits))
        return self._remove(parts, removals, "size", why, stop)

    def _delete_leftovers(
        self,
        day: date,
        parts: list[Part],
        reason: str,
        why: str,
        stop: threading.Event | None,
    ) -> list[Part]:
        room = self._free_bytes() - self._limits.free_bytes if self._free_bytes else None
        try:
            if not self._leftovers.delete(day, parts, room, stop):
                return parts
        except StoreError as error:
            # The limits hold all the same: then spans go without it.
            self._report_failure(error)
            return parts
        left = self._parts()
        size = sum(_finders(one, day) for one in parts) - sum(_finders(one, day) for one in left)
        counters.add("clew_store_removed_bytes_total", max(size, 0), reason=reason)
        self._log(
            f"retention: removed from {day} what finds spans that are gone: "
            f"{rough_size(max(size, 0))}; {why}"
        )
        return left

    def _look_at_disk(self, stop: threading.Event | None) -> None:
        if self._free_bytes and self._free_bytes() < self._limits.free_bytes:
            self._make_room(self._parts(), stop)

    def _make_room(self, parts: list[Part], stop: threading.Event | None) -> list[Part]:
        if not self._free_bytes:
            return parts
        if self._dropped:
            parts = self._parts()
        free = self._free_bytes()
        self._keep_replaced(parts, free)
        held = self._held(parts)
        replaced = sum(part.bytes for part in parts if not part.is_live) - held
        short = shortage(free, replaced, self._limits, held)
        wanted = rough_size(self._limits.free_bytes)
        why = f"the disk has {rough_size(free)} free, less than {wanted}"
        removals = oldest_first(parts, short)
        day = day_in_pieces(parts, removals, short)
        parts = self._remove(parts, removals, "disk", why, stop)
        # A deletion needs room first, a drop makes it.
        if day:
            parts = self._delete_leftovers(day, parts, "disk", why, stop)
        counters.put("clew_store_disk_free_bytes", self._free_bytes())
        return parts

    def _held(self, parts: Collection[Part]) -> int:
        """Bytes of dropped parts that are still on disk."""
        now = self._monotonic()
        still = {(part.table, part.name): part.bytes for part in parts if not part.is_live}
        self._dropped = {
            key: since
            for key, since in self._dropped.items()
            if key in still and now - since < HELD_S
        }
        return sum(still[key] for key in self._dropped)

    def _parts(self) -> list[Part]:
        listed = load("store/retention_parts")
        found = self._store.reader().query(listed, tables=",".join(_TABLES))
        rows = found.to_pylist()
        return [
            Part(
                row["table"].decode(),
                row["name"].decode(),
                row["day"],
                bool(row["is_live"]),
                row["rows"],
                row["bytes"],
                row["last_block"],
            )
            for row in rows
        ]

    def _keep_replaced(self, parts: Collection[Part], free: int) -> None:
        """Replaced parts go early rather than live ones; merges are synced, so none is needed."""
        wanted = self._limits.free_bytes
        is_tight = free < (wanted * 5 // 4 if self._is_tight else wanted)
        if is_tight != self._is_tight and parts:
            seconds = str(TIGHT_REPLACED_S if is_tight else REPLACED_S)
            for table in _TABLES:
                name = "store/retention_keep_replaced"
                self._store.run(load(name, table=table, seconds=seconds), {})
            self._is_tight = is_tight

    def _bound_merges(self, parts: Collection[Part]) -> None:
        """What the store may take changes with the settings and the disk; the table remembers."""
        budget = self._limits.max_bytes
        if self._free_bytes and self._limits.free_bytes:
            room = sum(part.bytes for part in parts) + self._free_bytes()
            budget = min(budget, room) if budget else room
        size = merge_size(budget) if budget else 0
        if size == self._merge_size:
            return
        if size:
            self._store.run(load("store/retention_merge_size", bytes=str(size)), {})
        else:
            self._store.run(load("store/retention_any_merge_size"), {})
        self._merge_size = size

    def _observe(self, table: str, parts: Collection[Part], clock: date) -> Evidence:
        if table not in self._evidence:
            text = self._store.read_meta(_EVIDENCE[table])
            self._evidence[table] = Evidence.from_text(text) if text else Evidence()
        evidence = self._evidence[table]
        # A day ahead of the clock stays the newest for long: it would hide the days that come.
        own = [part for part in parts if part.table == table and part.is_live and part.day <= clock]
        if own:
            newest = max(part.day for part in own)
            last_block = max(part.last_block for part in own if part.day == newest)
            if evidence.observe(newest, last_block, clock):
                name = _EVIDENCE[table]
                self._store.write_meta(name, evidence.to_text(), version=evidence.revision)
        return evidence

    def _say_ahead(self, newest: date | None, now: datetime) -> None:
        """Spans were received at a time that has not come yet: the clock is wrong, or was."""
        ahead = newest if newest and newest > (now + AHEAD).date() else None
        days = (ahead - now.date()).days if ahead else 0
        counters.put("clew_store_days_ahead", days)
        if ahead and ahead != self._ahead:
            self._log(
                f"retention: the newest receive day, {ahead}, is {days} days ahead of the clock, "
                f"{now.date()}: one of them is wrong; see `A day ahead of the clock` in the guide "
                "to retention"
            )
        self._ahead = ahead

    def _remove(
        self,
        parts: list[Part],
        removals: Iterable[Removal],
        reason: str,
        why: str,
        stop: threading.Event | None,
    ) -> list[Part]:
        """Removes them one after the other; what is left of `parts`."""
        gone: set[Part] = set()
        for removal in removals:
            if stop is not None and stop.is_set():
                break
            dropped: list[Part] = []
            try:
                with self._turn:
                    for part in self._drop(removal):
                        dropped.append(part)
            finally:
                self._account(removal, dropped, reason, why)
            gone.update(dropped)
        return [part for part in parts if part not in gone]

    def _account(self, removal: Removal, dropped: Collection[Part], reason: str, why: str) -> None:
        """Says and counts what is gone, also when the engine failed before the rest of a day."""
        if not dropped:
            return
        now = self._monotonic()
        self._dropped.update({(part.table, part.name): now for part in dropped})
        spans = sum(part.rows for part in dropped if part.table == "spans")
        size = live_bytes(dropped)
        counters.add("clew_store_removed_spans_total", spans, reason=reason)
        counters.add("clew_store_removed_bytes_total", size, reason=reason)
        what = "" if removal.whole_day else "a part of "
        if all(part.table == "ledger" for part in dropped):
            what = "the ledger of "
        self._log(
            f"retention: removed {what}{removal.day}: {spans} spans, {rough_size(size)}; {why}"
        )

    def _drop(self, removal: Removal) -> Iterator[Part]:
        """Yields what is gone, at once.

        Spans go first: what finds them may be left over after a kill, never the other way.
        """
        if not removal.whole_day:
            (part,) = removal.parts
            if self._drop_part(part):
                yield part
            return
        tables = sorted({part.table for part in removal.parts}, key=lambda name: name != "spans")
        for table in tables:
            statement = load("store/retention_drop_day", table=table)
            self._store.run(statement, {"day": removal.day.isoformat()})
            yield from (part for part in removal.parts if part.table == table)

    def _drop_part(self, part: Part) -> bool:
        statement = load("store/retention_drop_part", table=part.table)
        try:
            self._store.run(statement, {"part": part.name})
        except StoreError as error:
            if error.code != _NO_SUCH_PART:
                raise
            return False
        return True


def _finders(part: Part, day: date) -> int:
    is_one = part.is_live and part.day == day and part.table != "spans"
    return part.bytes if is_one else 0


def _report(parts: Collection[Part], today: date | None) -> None:
    live = [part for part in parts if part.is_live]
    counters.put("clew_store_bytes", sum(part.bytes for part in live))
    replaced = [part for part in parts if not part.is_live]
    counters.put("clew_store_replaced_bytes", sum(part.bytes for part in replaced))
    oldest = min((part.day for part in live), default=None)
    counters.put("clew_store_oldest_day_seconds", _seconds(oldest))
    counters.put("clew_store_retention_today_seconds", _seconds(today))


def _seconds(day: date | None) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() if day else 0
