"""What goes so that the store keeps its limits: pure functions of the parts that there are."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

# A store at its limit loses a piece at a time; without a bound one part would be nearly all of it.
PIECES = 16
LEAST_MERGE = 64 << 20
MOST_MERGE = 128 << 30


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
    """These parts go: a whole receive day of all tables, or one part of its spans.

    `bytes` is what that frees, at once; what finds the spans of such a part stays for a while.
    """

    day: date
    parts: tuple[Part, ...]
    whole_day: bool

    @property
    def spans(self) -> int:
        return sum(part.rows for part in self.parts if part.table == "spans")

    @property
    def bytes(self) -> int:
        return sum(part.bytes for part in self.parts)


def too_old(parts: Collection[Part], today: date | None, days: int) -> list[Removal]:
    """Whole days before the last `days` full ones; a span is kept for at least so long."""
    if not days or today is None:
        return []
    return [one for one in whole_days(parts) if one.day < today - timedelta(days=days)]


def oldest_first(parts: Collection[Part], excess: int) -> list[Removal]:
    """What goes so that `excess` bytes become free, and no more than that takes.

    Whole days, and of the last one only the oldest parts of `spans` if those are enough: what finds
    them goes with the rest of the day. The newest part of the newest day's spans stays, whatever
    the limit is; so does what is newer, which belongs to spans that are not there yet.
    """
    removals: list[Removal] = []
    days = whole_days(parts)
    newest = newest_day(parts) or max((one.day for one in days), default=date.max)
    for day in days:
        if excess <= 0 or day.day > newest:
            break
        spans = [part for part in day.parts if part.table == "spans"]
        pieces: list[Removal] = []
        wanted = excess
        for part in spans[:-1]:
            if wanted > 0:
                pieces.append(Removal(day.day, (part,), whole_day=False))
                wanted -= part.bytes
        chosen = pieces if wanted <= 0 or day.day == newest else [day]
        removals.extend(chosen)
        excess -= sum(one.bytes for one in chosen)
    return removals


def day_in_pieces(
    parts: Collection[Part], removals: Collection[Removal], excess: int
) -> date | None:
    """The day that loses spans but not what finds them: that may be worth a cleaning."""
    for removal in removals:
        if not removal.whole_day:
            return removal.day
    return newest_day(parts) if excess > sum(one.bytes for one in removals) else None


def newest_day(parts: Iterable[Part]) -> date | None:
    """The newest receive day that has spans."""
    return max((part.day for part in parts if part.is_live and part.table == "spans"), default=None)


def whole_days(parts: Iterable[Part]) -> list[Removal]:
    """Live parts by receive day, oldest first; within a day in the order of their blocks."""
    live = sorted(
        (part for part in parts if part.is_live), key=lambda part: (part.day, part.last_block)
    )
    return [
        Removal(day, tuple(of_day), whole_day=True)
        for day, of_day in groupby(live, key=lambda part: part.day)
    ]


def live_bytes(parts: Iterable[Part]) -> int:
    """What counts against the cap: all tables, without what merges have replaced."""
    return sum(part.bytes for part in parts if part.is_live)


def above_cap(size: int, limits: Limits) -> int:
    """How many bytes must go from a store of this size: a twentieth more than it is too large by.

    Without that, a store at its cap would lose a piece every minute, and each drop ends the merges
    of its partition.
    """
    cap = limits.max_bytes
    return size - cap + cap // 20 if cap and size > cap else 0


def shortage(free: int, replaced: int, limits: Limits, held: int = 0) -> int:
    """How many bytes must become free; 0 when there is room.

    When there is not, it is a tenth of the limit more than is lacking, for the same reason as in
    `above_cap`. Replaced parts go by themselves within minutes, so a large merge costs no data; but
    once half of the way to the reserve is gone, there is no time for that. `held` bytes are dropped
    already and go when their readers end: they are as good as free.
    """
    wanted = limits.free_bytes
    is_urgent = free < (wanted + limits.reserve_bytes) // 2
    room = free + held + (0 if is_urgent else replaced)
    return wanted - room + wanted // 10 if room < wanted else 0


def merge_size(budget: int) -> int:
    """How large merges may make a part, when the store may take `budget` bytes: a power of two."""
    wanted = min(max(budget // PIECES, LEAST_MERGE), MOST_MERGE)
    return 1 << (wanted.bit_length() - 1)
