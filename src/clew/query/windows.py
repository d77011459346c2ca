"""A range of time, looked through in windows from its end to its start.

Windows grow as long as they are cheap: a busy store answers from the last seconds, a quiet one
after a few. A window that is too expensive for the engine is tried again in halves. Where it can be
known which seconds are worth a look, only they count; stretches without any spans are skipped.
"""

from collections.abc import Callable
from dataclasses import dataclass

SECOND_NS = 1_000_000_000
MAX_SECOND = 2**32 - 1  # what lies after it is counted there
FIRST_WINDOW_NS = 2 * SECOND_NS
GROWTH = 4
# Windows grow while one takes less than the first, and shrink when one takes more than the second.
FAST_SECONDS, SLOW_SECONDS = 0.3, 1.2
# The index is asked after the first window, about so much at first, then more: what is frequent is
# found before that.
INDEXED_FROM_NS = FIRST_WINDOW_NS
FIRST_HORIZON_NS, HORIZON_GROWTH = 900 * SECOND_NS, 8

# Sorted, disjoint, both ends included.
SecondRanges = list[tuple[int, int]]
# The seconds from a first to a last one in which there may be something; None: not known.
Worthwhile = Callable[[int, int], SecondRanges | None]
# The newest second between two in which there are spans at all; None: there are none.
NewestSecond = Callable[[int, int], int | None]


@dataclass(frozen=True)
class Window:
    """Both ends are included. `seconds`: the only ones to look at; None: all, empty: none."""

    first_ns: int
    last_ns: int
    seconds: SecondRanges | None = None


class Windows:
    """`current` until it is None; after each `done` or `failed`."""

    def __init__(
        self,
        start_ns: int,
        end_ns: int,
        worthwhile: Worthwhile,
        newest_second: NewestSecond | None = None,
    ) -> None:
        self._start, self._last = start_ns, end_ns
        self._length = FIRST_WINDOW_NS
        self._longest = end_ns - start_ns + 1
        self._worthwhile, self._newest_second = worthwhile, newest_second
        self._found_nothing = False
        self._horizon = FIRST_HORIZON_NS
        # What the index said of the seconds from `_known_from` on; at first it was not asked.
        self._known: SecondRanges | None = None
        self._known_from: int | None = None

    def current(self) -> Window | None:
        """The window to look through now; None: the whole range is done."""
        if self._last < self._start:
            return None
        wide = self._length > INDEXED_FROM_NS or self._known_from is not None
        # Later than the index can say lies no second of its own.
        if wide and self._last // SECOND_NS < MAX_SECOND:
            if (window := self._indexed()) is not None:
                return window
        last = self._last
        if self._found_nothing and self._newest_second is not None:
            second = self._newest_second(self._start // SECOND_NS, last // SECOND_NS)
            if second is None:
                return Window(self._start, last, [])
            if second < MAX_SECOND:
                last = min(last, (second + 1) * SECOND_NS - 1)
            if self._last - last > self._length:
                # Nobody knows how much there is beyond the gap.
                self._length = FIRST_WINDOW_NS
        return Window(max(self._start, last - self._length + 1), self._last)

    def done(
        self, window: Window, took_seconds: float, *, found: bool = True, enough: float = GROWTH
    ) -> None:
        """All of it has been looked at. `enough`: so many more like it will do."""
        self._last = window.first_ns - 1
        self._found_nothing = not found
        if window.seconds == []:
            return
        if took_seconds < FAST_SECONDS:
            # Half as much again, or one window more would often be needed for the last one.
            growth = min(GROWTH, max(1.5 * enough, 1 / GROWTH))
            self._length = max(SECOND_NS, min(int(self._length * growth), self._longest))
        elif took_seconds > SLOW_SECONDS:
            self._length = max(FIRST_WINDOW_NS, self._length // 2)

    def failed(self, window: Window) -> bool:
        """It was too expensive; False when it cannot be made smaller."""
        # With a gap, or with seconds that count, the window is longer than what is looked at.
        length = min(self._length, window.last_ns - window.first_ns + 1)
        if length <= SECOND_NS:
            return False
        self._length = self._longest = max(SECOND_NS, length // 2)
        return True

    def _indexed(self) -> Window | None:
        """The window whose seconds worth a look are as long as a window may be."""
        last = self._last // SECOND_NS
        if self._known_from is None:
            self._length = FIRST_WINDOW_NS
        if self._known_from is None or last < self._known_from:
            first_ns = max(self._start, self._last - self._horizon + 1)
            self._horizon *= HORIZON_GROWTH
            self._known = self._worthwhile(first_ns // SECOND_NS, last)
            self._known_from = first_ns // SECOND_NS
        if self._known is None:
            return None
        chosen: SecondRanges = []
        left = max(1, self._length // SECOND_NS)
        for first, end in reversed(self._known):
            end = min(end, last)
            if end < first:
                continue
            if not left:
                # The window ends after the next second that has to be looked at.
                return Window((end + 1) * SECOND_NS, self._last, chosen[::-1])
            begin = max(first, end - left + 1)
            chosen.append((begin, end))
            left -= end - begin + 1
            if begin > first:
                return Window(begin * SECOND_NS, self._last, chosen[::-1])
        first_ns = max(self._start, self._known_from * SECOND_NS)
        return Window(first_ns, self._last, chosen[::-1])
