"""Who knocked at the intake and was turned away, and why."""

from dataclasses import dataclass

from clew.query.bounds import seconds
from clew.query.rows import records, text
from clew.sql import load
from clew.store import Reader


@dataclass(frozen=True)
class Knocks:
    """Knocks that are alike: how many, the first and the last of them in the range asked about."""

    reason: str
    status: int
    protocol: str
    address: str
    port: int
    user_agent: str
    key_prefix: str
    headers: tuple[str, ...]
    detail: str
    sentence: str
    count: int
    first_ns: int
    last_ns: int


def ledger(
    reader: Reader, reason: str | None, start_ns: int, end_ns: int, most: int
) -> list[Knocks]:
    """What was seen last in the range, both ends included, the newest first."""
    parameters: dict[str, str | int] = {}
    part = "query/part/everything"
    if reason is not None:
        part, parameters["reason"] = "query/part/of_reason", reason
    table = reader.query(
        load(
            "query/ledger",
            seconds=load("query/part/seconds").text,
            reason=load(part).text,
        ),
        **parameters,
        **seconds(start_ns, end_ns),
        first_ns=start_ns,
        last_ns=end_ns,
        limit=most,
    )
    return [
        Knocks(
            text(row["reason"]),
            row["status"],
            text(row["protocol"]),
            text(row["address"]),
            row["port"],
            text(row["user_agent"]),
            text(row["key_prefix"]),
            tuple(text(name) for name in row["last_headers"]),
            text(row["last_detail"]),
            text(row["last_sentence"]),
            row["knocks"],
            row["first"],
            row["last"],
        )
        for row in records(table)
    ]
