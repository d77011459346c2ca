"""The traces with the newest spans that meet a condition, in one window of time."""

from dataclasses import dataclass

from clew.query.bounds import seconds
from clew.query.compile import Condition
from clew.query.cursor import Cursor
from clew.query.rows import records
from clew.query.windows import MAX_SECOND, Window
from clew.sql import load
from clew.store import Reader

# More seconds than this are not named one by one.
_MAX_SECONDS = 10_000


@dataclass(frozen=True)
class Candidate:
    """A trace, and the start of its newest span in the window that meets the condition."""

    trace_id: bytes
    newest_ns: int


def newest(
    reader: Reader, matching: Condition, after: Cursor, window: Window, most: int
) -> list[Candidate]:
    """At most so many that stand after the cursor, the newest first."""
    if window.seconds == []:
        return []
    part, where = "query/part/seconds", seconds(window.first_ns, window.last_ns)
    listed = window.seconds
    if listed is not None and sum(last - first + 1 for first, last in listed) <= _MAX_SECONDS:
        each = (second for first, last in listed for second in range(first, last + 1))
        part, where = "query/part/each_second", {"each_second": ",".join(map(str, each))}
    first = matching.first or Condition("")
    statement = load(
        "query/search_newest",
        first=load("query/part/first", condition=first.text).text if first.text else "",
        condition=matching.text,
        seconds=load(part).text,
    )
    table = reader.query(
        statement,
        **matching.parameters,
        **first.parameters,
        **where,
        first_ns=window.first_ns,
        last_ns=window.last_ns,
        after_ns=after.newest_ns,
        after_id=after.trace_id.hex(),
        limit=most,
    )
    return [Candidate(**row) for row in records(table)]


def newest_second(reader: Reader, first: int, last: int) -> int | None:
    """The newest second in this range with spans of any kind."""
    statement = load("query/search_newest_second", seconds=load("query/part/seconds").text)
    bounds = {"first_second": min(first, MAX_SECOND), "last_second": min(last, MAX_SECOND)}
    rows = records(reader.query(statement, **bounds))
    return rows[0]["second"] if rows else None
