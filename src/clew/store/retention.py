"""What is removed, and when: whole receive days by age, by size, and before the disk is full.

Age is counted in receive days, never in the spans' own times, and not from the clock alone: see
`Evidence`. Size counts live parts of all tables; the oldest day goes first, and of the newest day,
when it is too large by itself, the oldest parts of `spans`. The same happens when the disk has less
free than `free_bytes`; that rule is off when the disk is not ours (a remote server).

A drop frees the disk at once (measured: 8 ms, bytes gone when it returns). Parts that merges had
replaced stay for 8 minutes more; when the disk is short they go within half a minute, and before
live ones while there is time for that.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any

from clew import counters
from clew.settings import rough_size
from clew.sql import load
from clew.store.errors import StoreError
from clew.store.store import IDEMPOTENT_TABLES, OTHER_TABLES, SEGMENT_TABLES, Store

EVERY_S = 60.0
# A fast sender fills a gibibyte in less than a minute.
LOOK_EVERY_S = 5.0
# How long replaced parts stay: as the schema says, and when the disk is short.
REPLACED_S = 480
TIGHT_REPLACED_S = 10
MINUTES_OF_AN_HOUR = 60
# A reader keeps a dropped part on disk; none reads for longer than this.
HELD_S = 300.0
# A store at its limit loses a piece at a time; without a bound one part would be nearly all of it.
PIECES = 16
LEAST_MERGE = 64 << 20
MOST_MERGE = 128 << 30
# Marks a drop of a part that a merge has replaced meanwhile; the next round sees the new one.
_NO_SUCH_PART = 232
_EVIDENCE = "retention_evidence"


@dataclass(frozen=True)
class Part:
    """A part of a table on disk. Blocks are numbered in the order of their inserts."""

    table: str
    name: str
    day: date
    is_live: bool
    rows: int
    bytes: int
    last_block: int


@dataclass(frozen=True)
class Limits:
    """What may stay. 0: no limit."""

    days: int
    max_bytes: int
    free_bytes: int
    reserve_bytes: int


@dataclass(frozen=True)
class Removal:
    """These parts go: a whole receive day of all tables, or one part of its spans."""

    day: date
    parts: tuple[Part, ...]
    whole_day: bool

    @property
    def spans(self) -> int:
        return sum(part.rows for part in self.parts if part.table == "spans")

    @property
    def bytes(self) -> int:
        return sum(part.bytes for part in self.parts)


@dataclass
class Evidence:
    """Which day it is, by the data: the newest receive day with an hour of data behind it.

    A clock that jumps ahead must not make everything old. So a day counts only after data of that
    day, or of later ones, has arrived in 60 different minutes while the clock said that same day;
    the journal never lowers receive days, so after a jump back the days differ and nothing counts.
    Minutes are those of the retention loop, which no clock can shorten. They outlive the process,
    so that a Clew that runs for minutes a day gets there as well. Without new data no time passes:
    an idle store keeps what it has.
    """

    confirmed: date | None = None
    minutes: dict[date, int] = field(default_factory=dict)
    revision: int = 0
    _seen: tuple[date, int] | None = None

    def observe(self, newest: date, last_block: int, clock: date) -> bool:
        """A look at the newest receive day, once a minute; whether something was learnt."""
        grew = self._seen is not None and self._seen != (newest, last_block)
        self._seen = (newest, last_block)
        if not grew or newest != clock or (self.confirmed and newest <= self.confirmed):
            return False
        self.minutes[newest] = self.minutes.get(newest, 0) + 1
        total = 0
        for day in sorted(self.minutes, reverse=True):
            total += self.minutes[day]
            if total >= MINUTES_OF_AN_HOUR:
                self.confirmed = day
                self.minutes = {one: n for one, n in self.minutes.items() if one > day}
                break
        self.revision += 1
        return True

    def today(self, clock: date) -> date | None:
        """The day that age is counted from: never ahead of the clock; None: not known yet."""
        return min(self.confirmed, clock) if self.confirmed else None

    def to_text(self) -> str:
        """For the table of facts; `from_text` is its inverse."""
        return json.dumps(
            {
                "confirmed": self.confirmed.isoformat() if self.confirmed else None,
                "minutes": {day.isoformat(): n for day, n in self.minutes.items()},
                "revision": self.revision,
            }
        )

    @classmethod
    def from_text(cls, text: str) -> Evidence:
        read = json.loads(text)
        return cls(
            date.fromisoformat(read["confirmed"]) if read["confirmed"] else None,
            {date.fromisoformat(day): n for day, n in read["minutes"].items()},
            read["revision"],
        )


def too_old(parts: Collection[Part], today: date | None, days: int) -> list[Removal]:
    """Whole days before the last `days` full ones; a span is kept for at least so long."""
    if not days or today is None:
        return []
    return [one for one in whole_days(parts) if one.day < today - timedelta(days=days)]


def oldest_first(parts: Collection[Part], excess: int) -> list[Removal]:
    """What goes so that `excess` bytes become free, as few days as that takes.

    The newest part of the newest day's spans stays, whatever the limit is.
    """
    removals: list[Removal] = []
    days = whole_days(parts)
    spans = [part for part in days[-1].parts if part.table == "spans"] if days else []
    pieces = [Removal(part.day, (part,), whole_day=False) for part in spans[:-1]]
    for removal in [*days[:-1], *pieces]:
        if excess <= 0:
            break
        removals.append(removal)
        excess -= removal.bytes
    return removals


def whole_days(parts: Iterable[Part]) -> list[Removal]:
    """Live parts by receive day, oldest first; within a day in the order of their blocks."""
    live = sorted(
        (part for part in parts if part.is_live), key=lambda part: (part.day, part.last_block)
    )
    return [
        Removal(day, tuple(of_day), whole_day=True)
        for day, of_day in groupby(live, key=lambda part: part.day)
    ]


def shortage(free: int, replaced: int, limits: Limits, held: int = 0) -> int:
    """How many bytes must become free; negative when there is room.

    Replaced parts go by themselves within minutes, so a large merge costs no data; but once half of
    the way to the reserve is gone, there is no time for that. `held` bytes are dropped already and
    go when their readers end: they are as good as free.
    """
    if not limits.free_bytes:
        return 0
    is_urgent = free < (limits.free_bytes + limits.reserve_bytes) // 2
    return limits.free_bytes - free - held - (0 if is_urgent else replaced)


def merge_size(budget: int) -> int:
    """How large merges may make a part, when the store may take `budget` bytes: a power of two."""
    wanted = min(max(budget // PIECES, LEAST_MERGE), MOST_MERGE)
    return 1 << (wanted.bit_length() - 1)


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
        self._evidence: Evidence | None = None
        # Not known before the first round; then 0 when merges are not bounded.
        self._merge_size: int | None = None
        # (table, name) of dropped parts that a reader may hold: when, and whether for the disk.
        self._dropped: dict[tuple[str, str], tuple[float, bool]] = {}
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
            counters.add("clew_store_retention_errors_total")
            self._log(f"retention: {error}; it is tried again within {EVERY_S:g} s")

    def round(self, stop: threading.Event | None = None) -> None:
        """One look at the store, and the removals that follow from it."""
        parts = self._parts()
        clock = datetime.fromtimestamp(self._now_ns() / 1e9, UTC).date()
        self._bound_merges(parts)
        today = self._observe(parts, clock).today(clock)
        old = too_old(parts, today, self._limits.days)
        why = f"older than {self._limits.days} days before {today}"
        parts = self._remove(parts, old, "age", why, stop)
        if self._limits.max_bytes:
            excess = sum(part.bytes for part in parts if part.is_live) - self._limits.max_bytes
            why = f"the store is above {rough_size(self._limits.max_bytes)}"
            parts = self._remove(parts, oldest_first(parts, excess), "size", why, stop)
        parts = self._make_room(parts, stop)
        _report(parts, today)

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
        held, must_wait = self._held(parts)
        replaced = sum(part.bytes for part in parts if not part.is_live) - held
        short = 0 if must_wait else shortage(free, replaced, self._limits, held)
        wanted = rough_size(self._limits.free_bytes)
        why = f"the disk has {rough_size(free)} free, less than {wanted}"
        parts = self._remove(parts, oldest_first(parts, short), "disk", why, stop)
        counters.put("clew_store_disk_free_bytes", self._free_bytes())
        return parts

    def _held(self, parts: Collection[Part]) -> tuple[int, bool]:
        """Bytes of dropped parts still on disk, and whether one of them was to make room there."""
        now = self._monotonic()
        still = {(part.table, part.name): part.bytes for part in parts if not part.is_live}
        self._dropped = {
            key: (since, for_disk)
            for key, (since, for_disk) in self._dropped.items()
            if key in still and now - since < HELD_S
        }
        must_wait = any(for_disk for _, for_disk in self._dropped.values())
        return sum(still[key] for key in self._dropped), must_wait

    def _parts(self) -> list[Part]:
        tables = ",".join((*SEGMENT_TABLES, *IDEMPOTENT_TABLES, *OTHER_TABLES))
        found = self._store.reader().query(load("store/retention_parts"), tables=tables)
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
            for table in sorted({part.table for part in parts}):
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

    def _observe(self, parts: Collection[Part], clock: date) -> Evidence:
        if self._evidence is None:
            text = self._store.read_meta(_EVIDENCE)
            self._evidence = Evidence.from_text(text) if text else Evidence()
        evidence = self._evidence
        spans = [part for part in parts if part.table == "spans" and part.is_live]
        if spans:
            newest = max(part.day for part in spans)
            last_block = max(part.last_block for part in spans if part.day == newest)
            if evidence.observe(newest, last_block, clock):
                self._store.write_meta(_EVIDENCE, evidence.to_text(), version=evidence.revision)
        return evidence

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
            with self._turn:
                removed = self._drop_day(removal) if removal.whole_day else self._drop_part(removal)
            if not removed:
                continue
            gone.update(removal.parts)
            dropped = (self._monotonic(), reason == "disk")
            self._dropped.update({(part.table, part.name): dropped for part in removal.parts})
            counters.add("clew_store_removed_spans_total", removal.spans, reason=reason)
            counters.add("clew_store_removed_bytes_total", removal.bytes, reason=reason)
            what = "" if removal.whole_day else "a part of "
            self._log(
                f"retention: removed {what}{removal.day}: {removal.spans} spans, "
                f"{rough_size(removal.bytes)}; {why}"
            )
        return [part for part in parts if part not in gone]

    def _drop_day(self, removal: Removal) -> bool:
        """Spans go first: what finds them may be left over after a kill, never the other way."""
        tables = sorted({part.table for part in removal.parts}, key=lambda name: name != "spans")
        for table in tables:
            statement = load("store/retention_drop_day", table=table)
            self._store.run(statement, {"day": removal.day.isoformat()})
        return True

    def _drop_part(self, removal: Removal) -> bool:
        (part,) = removal.parts
        statement = load("store/retention_drop_part", table=part.table)
        try:
            self._store.run(statement, {"part": part.name})
        except StoreError as error:
            if error.code != _NO_SUCH_PART:
                raise
            return False
        return True


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
