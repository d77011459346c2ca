"""The operations of services: span names with their kind."""

from dataclasses import dataclass

from clew.query.bounds import seconds
from clew.query.rows import records, text
from clew.sql import load
from clew.store import Reader

KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
STATUSES = ("unset", "ok", "error")


@dataclass(frozen=True)
class Operation:
    """Spans of one service with one name and kind; `kind` is a word, or the number of none."""

    service: str
    name: str
    kind: str
    span_count: int
    error_count: int


def operations(
    reader: Reader, service: str | None, kind: str | None, start_ns: int, end_ns: int, most: int
) -> list[Operation]:
    """Operations with spans that start in the range, both included, most frequent first."""
    parameters: dict[str, str | int] = {}
    parts = {"service": "query/part/everything", "kind": "query/part/everything"}
    if service is not None:
        parts["service"], parameters["service"] = "query/part/of_service", service
    if kind is not None:
        parts["kind"], parameters["kind"] = "query/part/of_kind", KINDS.index(kind)
    table = reader.query(
        load(
            "query/operations",
            seconds=load("query/part/seconds").text,
            **{name: load(part).text for name, part in parts.items()},
        ),
        **parameters,
        **seconds(start_ns, end_ns),
        first_ns=start_ns,
        last_ns=end_ns,
        limit=most,
    )
    return [
        Operation(
            text(row["service"]),
            text(row["name"]),
            word(KINDS, row["kind"]),
            row["span_count"],
            row["error_count"],
        )
        for row in records(table)
    ]


def word(words: tuple[str, ...], number: int) -> str:
    """The word of a number in an open enumeration; a number without one as it is."""
    return words[number] if 0 <= number < len(words) else str(number)
