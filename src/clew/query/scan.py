"""The hits of a query, one after the other, from the end of a range to its start."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from time import monotonic
from typing import Literal

from clew.query.candidates import Candidate, newest, newest_second
from clew.query.cursor import Cursor
from clew.query.evaluate import OutOfTimeError
from clew.query.finder import Finder, Hit, TooLargeError
from clew.query.windows import GROWTH, Window, Windows, Worthwhile
from clew.store import Reader, StoreError

# Ids compare as bytes, so a page without a cursor begins after the greatest.
LAST_ID = b"\xff" * 16


class Scan:
    """To be read once. `position` is what has been passed by then.

    It ends early, and `limited_by` says so, when the time is over, or when the engine cannot go on
    within its limits. Only if nothing at all could be looked at, it raises `StoreError`.
    """

    def __init__(
        self, reader: Reader, finder: Finder, worthwhile: Worthwhile, after: Cursor, seconds: float
    ) -> None:
        self.position = after
        self.limited_by: Literal["time", "memory"] | None = None
        self._reader, self._finder, self._after = reader, finder, after
        self._windows = Windows(
            after.start_ns, after.newest_ns, worthwhile, partial(newest_second, reader)
        )
        self._found = self._hits = 0
        self._seconds, self._deadline = seconds, monotonic() + seconds

    def hits(self) -> Iterator[Hit]:
        window = None
        while self.limited_by is None:
            began = monotonic()
            try:
                window = self._windows.current()
                if window is None:
                    return
                yield from self._within(window)
            except StoreError as error:
                self._failed(error, window)
            except TooLargeError:
                self.limited_by = "memory"
            except OutOfTimeError:
                self.limited_by = "time"
            else:
                self._windows.done(
                    window,
                    monotonic() - began,
                    found=self._found > 0,
                    enough=self._finder.wanted / self._hits if self._hits else GROWTH,
                )
                if window.first_ns > self._after.start_ns and self.limited_by is None:
                    self.position = replace(
                        self.position, newest_ns=window.first_ns - 1, trace_id=LAST_ID
                    )
                    self._look_at_clock()

    def _within(self, window: Window) -> Iterator[Hit]:
        finder = self._finder
        self._found = self._hits = 0
        while self.limited_by is None:
            asked = finder.ask_for
            found = newest(self._reader, finder.matching, self.position, window, asked)
            self._found += len(found)
            at = 0
            while at < len(found) and self.limited_by is None:
                portion = found[at : at + finder.portion]
                at += len(portion)
                finder.deadline = self._deadline_of(portion)
                try:
                    hits = finder.hits(portion)
                except (TooLargeError, OutOfTimeError) as error:
                    if len(portion) > 1:
                        at -= len(portion)
                        finder.portion = 1
                        continue
                    # One that is too large, or has had time enough: the next page goes on after it,
                    # or it would never come further.
                    if isinstance(error, TooLargeError) or self.position == self._after:
                        last = portion[-1]
                        self.position = replace(
                            self.position, newest_ns=last.newest_ns, trace_id=last.trace_id
                        )
                    raise
                for one in portion:
                    if (hit := hits.get(one.trace_id)) is not None:
                        self._hits += 1
                        yield hit
                    self.position = replace(
                        self.position, newest_ns=one.newest_ns, trace_id=one.trace_id
                    )
                if at < len(found) or len(found) == asked:
                    self._look_at_clock()
            if len(found) < asked:
                return

    def _deadline_of(self, portion: list[Candidate]) -> float:
        """Several share half of the time that is left; the rest is for them one by one.

        The first of a page gets half of the time in any case, as it may be passed over after that.
        """
        now = monotonic()
        if len(portion) > 1:
            return now + (self._deadline - now) / 2
        first = self.position == self._after
        return max(self._deadline, now + self._seconds / 2) if first else self._deadline

    def _look_at_clock(self) -> None:
        if monotonic() > self._deadline:
            self.limited_by = "time"

    def _failed(self, error: StoreError, window: Window | None) -> None:
        """Go on with half of the window, or end here; raise when there is nothing to show."""
        if not (error.timeout or error.memory):
            raise error
        passed = self.position != self._after
        late = monotonic() > self._deadline
        if window is None or (passed and late) or not self._windows.failed(window):
            if not passed:
                raise error
            self.limited_by = "memory" if error.memory else "time"
