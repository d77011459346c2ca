"""The newest spans that match, as a range of time: for answers from a sample that says how large.

As in a search, a range is looked through from its end in windows that grow.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from time import monotonic
from typing import Literal

from clew.query.bounds import Parameters, seconds
from clew.query.compile import Condition
from clew.query.index import Index
from clew.query.per_span import SpanQuery
from clew.query.windows import SECOND_NS, Window, Windows
from clew.sql import load
from clew.store import Reader, StoreError

SECONDS = 4.0
# More seconds than this are not named one by one.
_MAX_SECONDS = 10_000
LAST_SECOND = 2**32 - 1  # spans that start later have it too

Limited = Literal["limit", "time", "memory"] | None


@dataclass(frozen=True)
class Newest:
    """The spans that match and start in this range, both ends included, are the newest `spans`.

    `seconds`: the only ones in which they start; None: too many to be named.
    """

    start_ns: int
    end_ns: int
    spans: int
    limited_by: Limited
    seconds: tuple[int, ...] | None

    def where(self) -> tuple[str, Parameters]:
        """The condition that reads only what lies there, and its parameters."""
        if self.seconds is None:
            return load("query/part/seconds").text, seconds(self.start_ns, self.end_ns)
        return _each_second(self.seconds)


def newest(reader: Reader, query: SpanQuery, start_ns: int, end_ns: int, most: int) -> Newest:
    """The range of the newest `most` spans; of those that start with the last of them, all.

    Raises `StoreError` only if nothing could be looked at.
    """
    matching = query.condition(reader)
    windows = Windows(start_ns, end_ns, Index(reader, query.scalar).seconds)
    deadline = monotonic() + SECONDS
    found: list[int] = []
    from_ns = end_ns + 1

    def answer(from_ns: int, limited_by: Limited) -> Newest:
        each = {min(start // SECOND_NS, LAST_SECOND) for start in found}
        named = tuple(sorted(each)) if len(each) <= _MAX_SECONDS else None
        return Newest(from_ns, end_ns, len(found), limited_by, named)

    while (window := windows.current()) is not None:
        began = monotonic()
        if from_ns <= end_ns and began > deadline:
            return answer(from_ns, "time")
        try:
            found += _starts(reader, matching, window, most - len(found) + 1)
        except StoreError as error:
            if not (error.timeout or error.memory):
                raise
            if not windows.failed(window):
                if from_ns > end_ns:
                    raise
                return answer(from_ns, "memory" if error.memory else "time")
            continue
        if len(found) > most:
            found.pop()
            return answer(found[-1], "limit")
        from_ns = window.first_ns
        windows.done(window, monotonic() - began)
    return answer(start_ns, None)


def _starts(reader: Reader, matching: Condition, window: Window, most: int) -> list[int]:
    """Starts of the newest matching spans of a window, the newest first."""
    listed = window.seconds
    if listed == []:
        return []
    text, where = load("query/part/seconds").text, seconds(window.first_ns, window.last_ns)
    if listed is not None and sum(last - first + 1 for first, last in listed) <= _MAX_SECONDS:
        text, where = _each_second(
            second for first, last in listed for second in range(first, last + 1)
        )
    table = reader.query(
        load("query/newest_spans", condition=matching.text, seconds=text),
        **matching.parameters,
        **where,
        first_ns=window.first_ns,
        last_ns=window.last_ns,
        limit=most,
    )
    # An answer without rows may come without columns.
    starts: list[int] = table.column("start_ns").to_pylist() if table.num_rows else []
    return starts


def _each_second(listed: Iterable[int]) -> tuple[str, Parameters]:
    return load("query/part/each_second").text, {"each_second": ",".join(map(str, listed))}
