"""What the store and the ledger know around a trace."""

from __future__ import annotations

from dataclasses import dataclass

from clew.query.language import TraceId
from clew.query.ledger import Knocks, ledger
from clew.query.search import first_page, search
from clew.query.services import Service, services
from clew.query.trace_summary import Summary
from clew.store import Reader

MOST_KNOCKS = 1000


@dataclass(frozen=True)
class Evidence:
    """`knocks` were turned away from `start_ns` to `end_ns`; `arrived` is what came in then."""

    summary: Summary | None
    start_ns: int
    end_ns: int
    knocks: tuple[Knocks, ...] = ()
    arrived: tuple[Service, ...] = ()


def gather(reader: Reader, trace_id: str, start_ns: int, end_ns: int) -> Evidence:
    """For the time from `start_ns` to `end_ns`; what is stored is found whatever the time."""
    page = search(reader, TraceId(trace_id), first_page(start_ns, end_ns), 1, 0)
    if page.traces:
        return Evidence(page.traces[0].summary, start_ns, end_ns)
    knocks = tuple(ledger(reader, None, start_ns, end_ns, MOST_KNOCKS))
    return Evidence(None, start_ns, end_ns, knocks, tuple(services(reader, start_ns, end_ns)))
