"""`/api/v1/status`: figures of all processes and of the store in one answer."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, date, datetime
from importlib.metadata import version

from clew import counters
from clew.api import status_types as types
from clew.api.ask import Ask
from clew.api.health import Facts, Status
from clew.query.status import SPANS, QueryLimits, Table, limits, tables

# Outcomes of spans that have a rate.
RATED = {
    "accepted": "clew_intake_spans_accepted_total",
    "rejected": "clew_intake_spans_rejected_total",
    "refused": "clew_intake_spans_refused_total",
}


def endpoint(ask: Ask, status: Status) -> Callable[..., Awaitable[types.StatusAnswer]]:
    """The handler."""

    async def get_status() -> types.StatusAnswer:
        """Whether it works, what comes in, what is kept and what was removed."""
        found = await ask(tables)
        allowed = await ask(limits)
        return describe(status.facts(), status.ready(), found, allowed)

    return get_status


def describe(
    facts: Facts, ready: tuple[bool, dict[str, str]], found: list[Table], allowed: QueryLimits
) -> types.StatusAnswer:
    """The answer."""
    figures, settings = facts.figures, facts.settings
    is_ready, checks = ready
    free = figures.get("clew_journal_disk_free_bytes")
    return types.StatusAnswer(
        version=version("clew"),
        uptime_seconds=int(facts.uptime_s),
        ready=is_ready,
        checks=checks,
        intake=_intake(facts, checks.get("intake", "starting")),
        journal=types.JournalStatus(
            bytes=int(figures.get("clew_journal_bytes", 0)),
            max_bytes=settings.journal_max_bytes,
            backlog_segments=int(figures.get("clew_store_backlog_segments", 0)),
            backlog_seconds=figures.get("clew_store_backlog_seconds", 0),
            lag_seconds=figures.get("clew_store_lag_seconds", 0),
        ),
        store=_store(figures, found),
        disk=types.DiskStatus(
            free_bytes=None if free is None else int(free),
            reserve_bytes=settings.disk_reserve_bytes,
        ),
        retention=types.RetentionStatus(
            days=settings.retention_days,
            store_max_bytes=settings.store_max_bytes,
            # The disk of a server is not looked at.
            free_bytes=0 if settings.store else settings.retention_free_bytes,
            counted_from=_day(figures.get("clew_store_retention_today_seconds", 0)),
            days_ahead=int(figures.get("clew_store_days_ahead", 0)),
            removed_spans=_counts(figures, "clew_store_removed_spans_total"),
            removed_bytes=_counts(figures, "clew_store_removed_bytes_total"),
        ),
        query=types.QueryStatus(
            queries=allowed.queries,
            streams=allowed.streams,
            query_seconds=allowed.query_seconds,
            stream_seconds=allowed.stream_seconds,
            row_limit=allowed.rows,
        ),
    )


def _intake(facts: Facts, state: str) -> types.IntakeStatus:
    accepted, rejected, refused = (
        types.Rate(
            total=int(counters.total(facts.figures, metric)),
            per_second=round(facts.rates.get(name, 0), 1),
        )
        for name, metric in RATED.items()
    )
    return types.IntakeStatus(
        state=state,
        accepted=accepted,
        rejected=rejected,
        refused=refused,
        rejected_by_reason=_counts(facts.figures, RATED["rejected"]),
        refused_by_reason=_counts(facts.figures, RATED["refused"]),
    )


def _store(figures: Mapping[str, float], found: list[Table]) -> types.StoreStatus:
    spans = next((table for table in found if table.name == SPANS), None)
    size = sum(table.bytes for table in found)
    count = spans.rows if spans else 0
    return types.StoreStatus(
        span_count=count,
        bytes=size,
        bytes_per_span=round(size / count, 1) if count else None,
        parts=sum(table.parts for table in found),
        oldest_day=spans.oldest_day if spans else None,
        newest_day=spans.newest_day if spans else None,
        tables=[
            types.TableStatus(
                name=table.name, row_count=table.rows, bytes=table.bytes, parts=table.parts
            )
            for table in found
        ],
        replaced_bytes=int(figures.get("clew_store_replaced_bytes", 0)),
        detached_parts=int(figures.get("clew_store_detached_parts", 0)),
        dead_letters=int(
            counters.total(figures, "clew_store_dead_letters_total")
            + counters.total(figures, "clew_journal_dead_letters_total")
        ),
    )


def _counts(figures: Mapping[str, float], name: str) -> dict[str, int]:
    return {label: int(n) for label, n in sorted(counters.by_label(figures, name).items()) if label}


def _day(seconds: float) -> date | None:
    return datetime.fromtimestamp(seconds, UTC).date() if seconds else None
