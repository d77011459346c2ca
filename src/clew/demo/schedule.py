"""What is planted when, in seconds since the shop opened; `planted` tells the whole story."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Window:
    """Something that happens again and again: from `starts_s` for `lasts_s` in every `every_s`."""

    every_s: float
    starts_s: float
    lasts_s: float

    def holds(self, elapsed_s: float) -> bool:
        return 0 <= elapsed_s % self.every_s - self.starts_s < self.lasts_s


CANARY = Window(every_s=600, starts_s=120, lasts_s=180)
STAMPEDE = Window(every_s=240, starts_s=40, lasts_s=20)
BANK_OUTAGE = Window(every_s=420, starts_s=70, lasts_s=30)

# Jobs run when their time comes, not at random: (first, then every), seconds.
REPORT = (15.0, 300.0)
RECOUNT = (5.0, 30.0)

# A day of the shop; it opens at the mean rate, in the morning.
DAY_S = 1200.0


def tide(elapsed_s: float) -> float:
    """How busy it is, against the mean: 0.4 at night, 1.6 in the evening."""
    return 1 + 0.6 * math.sin(2 * math.pi * elapsed_s / DAY_S)
