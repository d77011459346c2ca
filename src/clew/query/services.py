"""The services that have sent spans."""

from dataclasses import dataclass

from clew.query.bounds import seconds
from clew.query.rows import records, text
from clew.sql import load
from clew.store import Reader

MAX_SERVICES = 10_000


@dataclass(frozen=True)
class Service:
    """A service and what it sent in the range asked about."""

    name: str
    span_count: int
    error_count: int


def services(reader: Reader, start_ns: int, end_ns: int) -> list[Service]:
    """Services with a span that starts in the range, both ends included, by name."""
    table = reader.query(
        load("query/services", seconds=load("query/part/seconds").text),
        **seconds(start_ns, end_ns),
        first_ns=start_ns,
        last_ns=end_ns,
        limit=MAX_SERVICES,
    )
    return [
        Service(text(row["service"]), row["span_count"], row["error_count"])
        for row in records(table)
    ]
