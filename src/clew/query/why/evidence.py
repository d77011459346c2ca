"""What the store and the ledger know around a trace."""

from __future__ import annotations

from dataclasses import dataclass

from clew.query.bounds import of_traces, trace_ranges
from clew.query.language import TraceId
from clew.query.ledger import Knocks, ledger
from clew.query.rows import records, text
from clew.query.search import first_page, search
from clew.query.services import Service, services
from clew.query.trace_summary import Summary
from clew.sql import load
from clew.store import Reader

MOST_KNOCKS = 1000


@dataclass(frozen=True)
class Evidence:
    """`knocks` were turned away from `start_ns` to `end_ns`; `arrived` is what came in then.

    `orphans`: service → how many of its spans name a parent that is not stored.
    """

    summary: Summary | None
    start_ns: int
    end_ns: int
    knocks: tuple[Knocks, ...] = ()
    arrived: tuple[Service, ...] = ()
    orphans: tuple[tuple[str, int], ...] = ()


def gather(reader: Reader, trace_id: str, start_ns: int, end_ns: int) -> Evidence:
    """For the time from `start_ns` to `end_ns`; what is stored is found whatever the time."""
    page = search(reader, TraceId(trace_id), first_page(start_ns, end_ns), 1, 0)
    if page.traces:
        summary = page.traces[0].summary
        orphans = _orphans(reader, trace_id) if summary.orphan_count else ()
        return Evidence(summary, start_ns, end_ns, orphans=orphans)
    knocks = tuple(ledger(reader, None, start_ns, end_ns, MOST_KNOCKS))
    return Evidence(None, start_ns, end_ns, knocks, tuple(services(reader, start_ns, end_ns)))


def _orphans(reader: Reader, trace_id: str) -> tuple[tuple[str, int], ...]:
    traces, parameters = of_traces(trace_ranges(reader, [bytes.fromhex(trace_id)]))
    table = reader.query(load("query/why_orphans", traces=traces), **parameters)
    return tuple((text(row["service"]), row["span_count"]) for row in records(table))
