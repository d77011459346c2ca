"""How much the store holds, and within which limits it answers."""

from dataclasses import dataclass
from datetime import date

from clew.query.rows import records, text
from clew.sql import load
from clew.store import Reader
from clew.store.reader import QUERY_SECONDS, RESULT_ROWS, STREAM_SECONDS

SPANS = "spans"


@dataclass(frozen=True)
class Table:
    """A table's live data. Days are receive days; None: it has no rows, or is not kept by day."""

    name: str
    rows: int
    bytes: int
    parts: int
    oldest_day: date | None
    newest_day: date | None


@dataclass(frozen=True)
class QueryLimits:
    """How many questions are answered at once, and how long and large an answer may become."""

    queries: int
    streams: int
    query_seconds: int
    stream_seconds: int
    rows: int


def tables(reader: Reader) -> list[Table]:
    """Tables that hold anything, by name."""
    zero = date(1970, 1, 1)
    return [
        Table(
            text(row["table"]),
            row["row_count"],
            row["bytes"],
            row["parts"],
            *(day if day != zero else None for day in (row["oldest_day"], row["newest_day"])),
        )
        for row in records(reader.query(load("query/status_tables")))
    ]


def limits(reader: Reader) -> QueryLimits:
    """The limits of this reader's connections."""
    return QueryLimits(reader.queries, reader.streams, QUERY_SECONDS, STREAM_SECONDS, RESULT_ROWS)
