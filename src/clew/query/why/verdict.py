"""From evidence to a verdict: a pure function. What is not known is said, never guessed.

The ledger adds refusals up by sender, and knows no trace ids: that requests were turned away when a
trace should have come says what may have become of it, and the sentence says "may".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from clew.query.ledger import Knocks
from clew.query.why.evidence import Evidence
from clew.query.why.given import Given

Verdict = Literal[
    "stored",
    "partly_stored",
    "not_sampled",
    "too_old",
    "waiting",
    "refused",
    "over_limit",
    "never_arrived",
]
_DAY_NS = 86_400 * 1_000_000_000
# Knocks that never carried a trace, or carried it all the same.
_HARMLESS = frozenset(
    ["values_cut", "bare_connection", "silent_connection", "health_probe", "grpc_health_probe"]
)
_LIMITS = frozenset(
    [
        "rate_limit",
        "key_rate_limit",
        "too_many_connections",
        "too_many_connections_per_address",
        "memory_budget",
        "journal_full",
        "disk_reserve",
        "busy",
        "too_large",
    ]
)
_MOST_FACTS = 5
_MOST_SERVICES = 5


@dataclass(frozen=True)
class Situation:
    """What this server is like now. `dead_letters`: reasons why spans of the trace were put aside.

    `backlog_s`: age of the oldest acknowledged spans that are not stored yet; None: there are none.
    `refusing`: why the intake takes nothing now; empty: it does.
    """

    retention_days: int
    now_ns: int
    asked_time_ns: int | None
    backlog_s: float | None
    refusing: str
    dead_letters: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fact:
    """Something that is known. Times are those of what was counted."""

    kind: str
    sentence: str
    count: int | None = None
    first_ns: int | None = None
    last_ns: int | None = None


@dataclass(frozen=True)
class Why:
    """The answer; `hint` is what to do next."""

    verdict: Verdict
    sentence: str
    hint: str
    facts: tuple[Fact, ...]


def judge(given: Given, found: Evidence, now: Situation) -> Why:
    """What became of the trace, as far as this server can know."""
    letters = tuple(Fact("dead_letter", reason) for reason in now.dead_letters)
    if found.summary is not None:
        return _stored(found, letters)
    facts = (*_of_id(given, now), *letters, *_of_knocks(found.knocks), _of_arrivals(found))
    if given.sampled is False:
        return Why(
            "not_sampled",
            "Its sampled flag is 0: who began this trace decided not to record it, and sends none "
            "of its spans.",
            "Look at the sampler of the service that began it: OTEL_TRACES_SAMPLER and its ratio, "
            "or a proxy that writes traceparent.",
            facts,
        )
    kept_from = now.now_ns - now.retention_days * _DAY_NS
    if now.retention_days and now.asked_time_ns is not None and now.asked_time_ns < kept_from:
        return Why(
            "too_old",
            f"It is older than the {now.retention_days} days that are kept.",
            "Keep more with retention_days; what is removed does not come back.",
            facts,
        )
    if now.refusing:
        return Why(
            "over_limit",
            f"Clew takes no spans now: {now.refusing}.",
            "SDKs send again for a while; see clew status.",
            facts,
        )
    if now.backlog_s is not None:
        return Why(
            "waiting",
            f"It may still come: spans that were acknowledged up to {now.backlog_s:.0f} s ago are "
            "on disk and not yet stored.",
            "Ask again in a few seconds.",
            facts,
        )
    turned_away = [one for one in found.knocks if one.reason not in _HARMLESS]
    if turned_away:
        limits = [one for one in turned_away if one.reason in _LIMITS]
        worst = max(limits or turned_away, key=lambda one: (one.count, one.last_ns))
        return Why(
            "over_limit" if limits else "refused",
            "No span of it is stored, and senders were turned away at that time: it may have been "
            f"among theirs. Most often: {worst.sentence}",
            f"clew ledger --reason {worst.reason} says who they were.",
            facts,
        )
    return Why(
        "never_arrived",
        "No span of it ever arrived here, and nobody was turned away at that time.",
        "Look at the sender: does its exporter point to this server, does the process end before "
        "it has sent, was the trace sampled? The traceparent instead of the id tells the latter.",
        facts,
    )


def _stored(found: Evidence, letters: tuple[Fact, ...]) -> Why:
    summary = found.summary
    assert summary is not None
    count, services = summary.span_count, len(summary.services)
    spans = f"{_counted(count, 'span')} of {_counted(services, 'service')}"
    stored = Fact("stored", f"{spans} are stored." if count > 1 else f"{spans} is stored.", count)
    if not summary.orphan_count and not letters:
        return Why(
            "stored",
            "It is stored, and every span has its parent.",
            "If a part is missing all the same, its sender never said that it belongs to this "
            "trace: look for its spans by service and time.",
            (stored,),
        )
    orphans = Fact(
        "missing_parents",
        f"{_counted(summary.orphan_count, 'span')} name a parent that is not stored.",
        summary.orphan_count,
    )
    return Why(
        "partly_stored",
        "It is stored in part: spans name parents that never came.",
        "The service that calls those spans sends elsewhere, is not instrumented, dropped spans, "
        "or is still running. The trace view shows where they belong.",
        (stored, *([orphans] if summary.orphan_count else []), *letters),
    )


def _of_id(given: Given, now: Situation) -> tuple[Fact, ...]:
    facts = []
    if given.form.startswith("16"):
        facts.append(Fact("form", "16 hex digits are a span id, or a short trace id of Zipkin's."))
    began = _time_in(given)
    kept_from = now.now_ns - now.retention_days * _DAY_NS
    if began is not None and now.retention_days and began < kept_from:
        facts.append(
            Fact(
                "time_in_id",
                "An X-Ray id begins with its time, and this one is from before what is kept.",
                first_ns=began,
            )
        )
    return tuple(facts)


def _time_in(given: Given) -> int | None:
    if given.form != "an X-Ray trace id":
        return None
    return int(given.trace_id[:8], 16) * 1_000_000_000


def _of_knocks(knocks: tuple[Knocks, ...]) -> tuple[Fact, ...]:
    by_reason: dict[str, list[Knocks]] = {}
    for one in knocks:
        by_reason.setdefault(one.reason, []).append(one)
    ranked = sorted(
        by_reason.values(), key=lambda alike: (alike[0].reason in _HARMLESS, -_total(alike))
    )
    return tuple(
        Fact(
            alike[0].reason,
            f"{_whose(alike)}: {alike[0].sentence}",
            _total(alike),
            min(one.first_ns for one in alike),
            max(one.last_ns for one in alike),
        )
        for alike in ranked[:_MOST_FACTS]
    )


def _total(alike: list[Knocks]) -> int:
    return sum(one.count for one in alike)


def _whose(alike: list[Knocks]) -> str:
    addresses = sorted({one.address for one in alike if one.address})
    if len(addresses) == 1:
        return addresses[0]
    return f"{len(addresses)} addresses" if addresses else "senders that are added up"


def _of_arrivals(found: Evidence) -> Fact:
    count = sum(one.span_count for one in found.arrived)
    if not count:
        return Fact("arrivals", "Nothing at all was stored of that time.", 0)
    names = sorted(found.arrived, key=lambda one: -one.span_count)[:_MOST_SERVICES]
    shown = ", ".join(one.name or "(no service.name)" for one in names)
    more = len(found.arrived) - len(names)
    others = f" and {more} more" if more else ""
    return Fact(
        "arrivals",
        f"{_counted(count, 'span')} of that time came from {shown}{others}.",
        count,
        found.start_ns,
        found.end_ns,
    )


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
