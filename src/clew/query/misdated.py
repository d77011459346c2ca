"""Spans that arrived lately and whose own times are elsewhere: no search of the last minutes finds
them, and their sender's clock may be wrong.
"""

from collections.abc import Collection
from dataclasses import dataclass

from clew.query.rows import records, text
from clew.sql import load
from clew.store import Reader

_DAY_S = 86_400
_LOOKED_AT = 10_000


@dataclass(frozen=True)
class Misdated:
    """Spans of one service, counted up to some thousands. Times are Unix nanoseconds."""

    service: str
    spans: int
    first_start_ns: int
    last_start_ns: int


def misdated(
    reader: Reader, since_ns: int, start_ns: int, end_ns: int, but_for: Collection[str], most: int
) -> list[Misdated]:
    """
    Of the segments begun since `since_ns`, spans that do not start in the range, but for those of
    some services, whose names have no comma; most first.
    """
    since_ms = since_ns // 1_000_000
    table = reader.query(
        load("query/misdated"),
        # Segments have ids of version 7, which begin with their time.
        first_segment=(since_ms << 80).to_bytes(16, "big").hex(),
        # The intake's clock may have been another day's when it stamped them.
        first_second=max(0, since_ms // 1000 - _DAY_S),
        first_ns=start_ns,
        last_ns=end_ns,
        **{"except": ",".join(but_for)},
        most=_LOOKED_AT,
        limit=most,
    )
    return [
        Misdated(text(row["service"]), row["spans"], row["first_start_ns"], row["last_start_ns"])
        for row in records(table)
    ]
