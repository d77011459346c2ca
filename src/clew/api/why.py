"""`/api/v1/why/{trace}`: why a trace is not to be seen."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

from anyio import to_thread
from fastapi import Path as PathParameter
from fastapi import Query

from clew.api.ask import Ask
from clew.api.errors import invalid
from clew.api.health import Facts, Status
from clew.api.searches import Time
from clew.api.times import FORMS, MAX_NS, parse_time
from clew.api.why_types import WhyAnswer, WhyFact
from clew.query.why import Evidence, Fact, Given, Why, gather, judge, parse_given
from clew.query.why.verdict import Situation

_AROUND_NS = 15 * 60 * 1_000_000_000
_RECENT_NS = 3600 * 1_000_000_000
# Clocks of senders may be a little ahead.
_AHEAD_NS = 60 * 1_000_000_000
_MOST_LETTERS = 1000
_MOST_SHOWN = 3

GivenTrace = Annotated[
    str,
    PathParameter(
        description="A trace id, a traceparent, or the header of B3, Jaeger or X-Ray.",
        examples=["00-5b8efff798038103d269b633813fc60c-eee19b7ec3c1b174-01"],
    ),
]
When = Annotated[
    Time | None,
    Query(
        description=f"When the trace should have come: {FORMS}. Left out: the time that the form "
        "of the id tells, else the last hour."
    ),
]


def endpoint(
    ask: Ask, status: Status, now_ns: Callable[[], int]
) -> Callable[..., Awaitable[WhyAnswer]]:
    """The handler."""

    async def get_why(trace: GivenTrace, time: When = None) -> WhyAnswer:
        """Stored, stored in part, waiting, refused, over a limit, not sampled, or never arrived."""
        try:
            given = parse_given(trace)
        except ValueError as error:
            hint = "Give the 32 hex digits of a trace id, or a whole traceparent."
            raise invalid("trace", str(error), hint) from None
        now = now_ns()
        asked = None if time is None else parse_time("time", time)
        came = given.time_ns if asked is None else asked
        start, end = (
            (now - _RECENT_NS, now + _AHEAD_NS)
            if came is None
            else (max(0, came - _AROUND_NS), min(MAX_NS, came + _AROUND_NS))
        )
        found = await ask(gather, given.trace_id, start, end)
        facts = status.facts()
        _, checks = status.ready()
        letters = await to_thread.run_sync(
            dead_letters, facts.settings.data_dir / "journal" / "dead-letter", given.trace_id
        )
        why = judge(given, found, _situation(facts, checks, now, asked, letters))
        return _answer(given, found, why)

    return get_why


def dead_letters(folder: Path, trace_id: str) -> tuple[str, ...]:
    """Why spans of the trace were put aside, as the newest files of the folder say."""
    if not folder.is_dir():
        return ()
    reasons = []
    for file in sorted(folder.glob("*.json"), reverse=True)[:_MOST_LETTERS]:
        try:
            letter = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError):
            continue
        if letter.get("trace_id") == trace_id:
            reasons.append(f"A span of it could not be stored: {letter.get('reason')}")
    return tuple(reasons[:_MOST_SHOWN])


def _situation(
    facts: Facts, checks: dict[str, str], now: int, asked: int | None, letters: tuple[str, ...]
) -> Situation:
    backlog = facts.figures.get("clew_store_backlog_segments", 0)
    intake = checks.get("intake", "ok")
    return Situation(
        retention_days=facts.settings.retention_days,
        now_ns=now,
        asked_time_ns=asked,
        backlog_s=facts.figures.get("clew_store_backlog_seconds", 0) if backlog else None,
        refusing=intake if intake.startswith("refusing") else "",
        dead_letters=letters,
        backlog_known="clew_store_backlog_segments" in facts.figures,
    )


def _answer(given: Given, found: Evidence, why: Why) -> WhyAnswer:
    return WhyAnswer(
        trace_id=given.trace_id,
        form=given.form,
        sampled=given.sampled,
        verdict=why.verdict,
        sentence=why.sentence,
        hint=why.hint,
        facts=[_fact(one) for one in why.facts],
        span_count=found.summary.span_count if found.summary else 0,
        missing_parent_count=found.summary.orphan_count if found.summary else 0,
        start_time_unix_nano=str(found.start_ns),
        end_time_unix_nano=str(found.end_ns),
    )


def _fact(one: Fact) -> WhyFact:
    return WhyFact(
        kind=one.kind,
        sentence=one.sentence,
        count=one.count,
        first=None if one.first_ns is None else str(one.first_ns),
        last=None if one.last_ns is None else str(one.last_ns),
    )
