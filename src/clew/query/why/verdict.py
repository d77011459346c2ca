"""From evidence to a verdict: a pure function. What is not known is said, never guessed.

The ledger adds refusals up by sender, and knows no trace ids: that requests were turned away when a
trace should have come says what may have become of it, and the sentence says "may".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from clew.query.ledger import Knocks
from clew.query.why.evidence import MOST_KNOCKS, Evidence
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
    "unknown",
]
_SECOND_NS = 1_000_000_000
_DAY_NS = 86_400 * _SECOND_NS
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

    `backlog_s`: age of the oldest acknowledged spans that are not stored yet; None: there are none,
    or, if not `backlog_known`, nobody has said.
    `refusing`: why the intake takes nothing now; empty: it does.
    """

    retention_days: int
    now_ns: int
    asked_time_ns: int | None
    backlog_s: float | None
    refusing: str
    dead_letters: tuple[str, ...] = ()
    backlog_known: bool = True


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
    facts = (*_of_id(given), *letters, *_of_knocks(found.knocks), _of_arrivals(found))
    if given.sampled is False:
        return Why(
            "not_sampled",
            "Its sampled flag is 0: who began this trace decided not to record it, and sends none "
            "of its spans.",
            "Look at the sampler of the service that began it: OTEL_TRACES_SAMPLER and its ratio, "
            "or a proxy that writes traceparent.",
            facts,
        )
    if letters:
        return Why(
            "refused",
            "Spans of it came, and the store could take none of those that are known: they are put "
            "aside as dead letters.",
            "The facts say why; the files are in journal/dead-letter of the data folder.",
            facts,
        )
    began = given.time_ns if now.asked_time_ns is None else now.asked_time_ns
    kept_from = now.now_ns - now.retention_days * _DAY_NS
    if now.retention_days and began is not None and began < kept_from:
        return Why(
            "too_old",
            f"It would be of {_clock(began)}, which is older than the {now.retention_days} days "
            "that are kept: if it was here, it is removed.",
            "Keep more with retention_days; what is removed does not come back.",
            facts,
        )
    # What is so now says nothing of a trace that should have come long ago.
    if now.refusing and found.end_ns >= now.now_ns:
        return Why(
            "over_limit",
            f"Clew takes no spans now: {now.refusing}.",
            "SDKs send again for a while; see clew status.",
            facts,
        )
    if now.backlog_s is not None and found.end_ns >= now.now_ns - now.backlog_s * _SECOND_NS:
        return Why(
            "waiting",
            f"It may still come: spans that were acknowledged up to {now.backlog_s:.0f} s ago are "
            "on disk and not yet stored.",
            "Ask again in a few seconds.",
            facts,
        )
    turned_away = [one for one in found.knocks if one.reason not in _HARMLESS]
    if turned_away:
        worst = max(turned_away, key=lambda one: (one.count, one.last_ns))
        return Why(
            "over_limit" if worst.reason in _LIMITS else "refused",
            f"No span of it is stored, and between {_clock(found.start_ns)} and "
            f"{_clock(min(found.end_ns, now.now_ns))} senders were turned away: it may have been "
            f"among theirs. Most often, {_times(worst.count)} from {worst.address or 'several'}: "
            f"{worst.sentence}",
            f"clew ledger --reason {worst.reason} says who they were.",
            facts,
        )
    if not now.backlog_known:
        return Why(
            "unknown",
            "No span of it is stored; whether some wait to be stored is not known yet.",
            "The store has not said how far it is: ask again in a few seconds; see clew status.",
            facts,
        )
    return Why(
        "never_arrived",
        "No span of it is stored, none waits to be, and nobody was turned away between "
        f"{_clock(found.start_ns)} and {_clock(min(found.end_ns, now.now_ns))}: as far as this "
        "server knows, it never came.",
        "If it should have come at another time, ask with that time. Else look at the sender: "
        "does its exporter point to this server, does the process end before "
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
        f"Spans that name a parent that is not stored: {_by_service(found.orphans)}.",
        summary.orphan_count,
    )
    return Why(
        "partly_stored",
        "It is stored in part: spans name parents that are not here."
        if summary.orphan_count
        else "It is stored in part: spans of it could not be stored.",
        "The service that calls those spans sends elsewhere, is not instrumented, dropped spans, "
        "or is still running. The trace view shows where they belong.",
        (stored, *([orphans] if summary.orphan_count else []), *letters),
    )


def _of_id(given: Given) -> tuple[Fact, ...]:
    facts = []
    if given.odd:
        facts.append(Fact("form", given.odd))
    if given.time_ns is not None:
        made = f"This is {given.form}, and says that it was made at {_clock(given.time_ns)}."
        facts.append(Fact("time_in_id", made, first_ns=given.time_ns))
    return tuple(facts)


def _of_knocks(knocks: tuple[Knocks, ...]) -> tuple[Fact, ...]:
    by_reason: dict[str, list[Knocks]] = {}
    for one in knocks:
        by_reason.setdefault(one.reason, []).append(one)
    ranked = sorted(
        by_reason.values(), key=lambda alike: (alike[0].reason in _HARMLESS, -_total(alike))
    )
    facts = [
        Fact(
            alike[0].reason,
            f"{_whose(alike)}: {alike[0].sentence}",
            _total(alike),
            min(one.first_ns for one in alike),
            max(one.last_ns for one in alike),
        )
        for alike in ranked[:_MOST_FACTS]
    ]
    if len(knocks) >= MOST_KNOCKS:
        only = f"Only the {MOST_KNOCKS:,} kinds of refusals that were seen last are counted here."
        facts.append(Fact("more_refusals", only))
    return tuple(facts)


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
    )


def _counted(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"


def _by_service(orphans: tuple[tuple[str, int], ...]) -> str:
    shown = ", ".join(
        f"{count:,} of {name or '(no service.name)'}" for name, count in orphans[:_MOST_SERVICES]
    )
    more = len(orphans) - _MOST_SERVICES
    return f"{shown} and of {_counted(more, 'service')} more" if more > 0 else shown


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _clock(time_ns: int) -> str:
    return f"{datetime.fromtimestamp(time_ns // _SECOND_NS, UTC):%Y-%m-%d %H:%M} UTC"
