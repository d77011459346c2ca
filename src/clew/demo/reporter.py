"""Says what changes, and now and then how it goes: what was asked for and what was reached."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from clew.demo.sender import Answer, Tally

SAY_EVERY_S = 10.0


class Refused(Exception):
    """The very first request was not taken; sending more would not help."""


class Counted(Protocol):
    """The shop, as far as its numbers go."""

    tally: Tally
    stories: int
    skipped: int

    @property
    def unsent(self) -> int: ...


class Reporter:
    """Judges answers and counts."""

    def __init__(self, url: str, shop: Counted, say: Callable[[str], None], rate: float) -> None:
        self._url = url
        self._shop = shop
        self._say = say
        self._rate = rate
        self._trouble = ""
        self._heard = False
        self._said_s = 0.0
        self._opened_s = self._now_s = 0.0
        self._closed_s: float | None = None

    def opened(self, opened_s: float, now_s: float) -> None:
        """Rates are over the time since `opened_s`, which may be long ago."""
        self._opened_s, self._said_s, self._now_s = opened_s, now_s, now_s

    def closed(self, now_s: float) -> None:
        """No more stories; rates are over the time until now."""
        self._closed_s = now_s

    def hear(self, answers: list[Answer], now_s: float) -> None:
        """Judges answers; `Refused` if the first one ever is no success."""
        for answer in answers:
            if answer.trouble and not self._heard:
                raise Refused(
                    f"{self._url} {answer.trouble}; start Clew with clew serve, or see --endpoint"
                )
            self._heard = True
            if answer.trouble != self._trouble:
                again = " and is asked again" if answer.again else ""
                self._say(
                    f"{self._url} {answer.trouble}{again}"
                    if answer.trouble
                    else f"{self._url} takes spans"
                )
                self._trouble = answer.trouble
        self._now_s = now_s
        if now_s - self._said_s >= SAY_EVERY_S:
            self._said_s = now_s
            self.summary()

    def summary(self, *, last: bool = False) -> None:
        """How it goes; at the end also what could not be sent any more."""
        shop, tally = self._shop, self._shop.tally
        over_s = max((self._closed_s or self._now_s) - self._opened_s, 0.001)
        counts = [
            (tally.rejected, "rejected"),
            (tally.dropped, "dropped because a queue was full"),
            (shop.unsent if last else 0, "not sent before the shop closed"),
        ]
        lost = "".join(f", {number} {word}" for number, word in counts if number)
        late = f"; {shop.skipped} arrivals skipped, the shop was too slow" if shop.skipped else ""
        reached = f"{shop.stories / over_s:.1f} a second; {self._rate:g} asked for"
        self._say(f"{shop.stories} traces ({reached}), {tally.accepted} spans accepted{lost}{late}")
