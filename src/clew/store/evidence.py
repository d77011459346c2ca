"""Which day it is, by the data that came: a clock that is wrong must not make everything old."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date

MINUTES_OF_AN_HOUR = 60


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
