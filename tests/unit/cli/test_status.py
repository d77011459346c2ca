"""What `clew status` shows for an answer of the API."""

from __future__ import annotations

import io
from typing import Any

from clew.cli.output import Screen
from clew.cli.status import show


def answer(**changes: Any) -> dict[str, Any]:
    """A server that works."""
    return {
        "version": "1.2.3",
        "uptimeSeconds": 7_260,
        "ready": True,
        "checks": {"intake": "ok", "store": "ok", "api": "ok"},
        "intake": {
            "state": "ok",
            "accepted": {"total": 1_234_567, "perSecond": 1_240.0},
            "rejected": {"total": 12, "perSecond": 0.2},
            "refused": {"total": 0, "perSecond": 0.0},
            "rejectedByReason": {"bad_id": 12},
            "refusedByReason": {},
        },
        "journal": {
            "bytes": 12 << 20,
            "maxBytes": 8 << 30,
            "backlogSegments": 1,
            "backlogSeconds": 0.7,
            "lagSeconds": 1.1,
        },
        "store": {
            "spanCount": 12_345_678,
            "bytes": 690 << 20,
            "bytesPerSpan": 58.6,
            "parts": 43,
            "oldestDay": "2026-11-10",
            "newestDay": "2026-11-22",
            "detachedParts": 0,
            "deadLetters": 0,
        },
        "disk": {"freeBytes": 65 << 30, "reserveBytes": 1 << 30},
        "retention": {
            "days": 14,
            "storeMaxBytes": 0,
            "freeBytes": 2 << 30,
            "countedFrom": "2026-11-22",
            "daysAhead": 0,
            "removedSpans": {"age": 2_000},
            "removedBytes": {"age": 1 << 20},
        },
        "query": {"queries": 4, "streams": 4, "querySeconds": 10},
        **changes,
    }


def shown(document: dict[str, Any], *, colour: bool = False) -> str:
    stream = io.StringIO()
    show(Screen(stream, colour=colour, unicode=True, width=None), document)
    return stream.getvalue()


def test_working_server_is_told_in_seven_lines() -> None:
    assert shown(answer()).splitlines() == [
        "clew 1.2.3 is ready, up 2 h 01 m",
        "  intake     ok · 1,234,567 spans taken, 1,240/s · 12 rejected, 0.2/s (bad_id 12) · "
        "0 refused",
        "  journal    12.0 MiB of 8.0 GiB · 1 segment waiting, for 0.7 s · searchable after 1.1 s",
        "  store      12,345,678 spans in 690.0 MiB, 58.6 bytes each · 2026-11-10 to 2026-11-22 · "
        "43 parts",
        "  disk       65.0 GiB free · reserve 1.0 GiB",
        "  retention  14 days, counted from 2026-11-22 · oldest goes below 2.0 GiB free · "
        "removed since the start: 2,000 spans by age, 1.0 MiB",
        "  queries    4 at once, 10 s each · 4 whole traces at once",
    ]


def test_refusing_intake_stands_out() -> None:
    state = "refusing: 1.2 GiB free on the disk, reserve 2.0 GiB"
    refusing = answer(ready=False, checks={"intake": state, "store": "ok"})
    refusing["intake"]["state"] = state
    text = shown(refusing, colour=True)
    assert "not ready" in text
    assert f"\033[31m{state}" in text


def test_day_ahead_of_the_clock_is_told() -> None:
    wrong = answer()
    wrong["retention"]["daysAhead"] = 300
    assert "2026-11-22 · newest day is 300 days ahead of the clock · oldest" in shown(wrong)


def test_empty_server_has_no_days_and_no_size_of_a_span() -> None:
    empty = answer()
    empty["store"] |= {
        "spanCount": 0,
        "bytes": 669,
        "bytesPerSpan": None,
        "oldestDay": None,
        "newestDay": None,
        "parts": 1,
        "detachedParts": 2,
        "deadLetters": 1,
    }
    empty["disk"]["freeBytes"] = None
    empty["retention"] |= {"days": 0, "freeBytes": 0, "removedSpans": {}, "storeMaxBytes": 1 << 30}
    lines = shown(empty).splitlines()
    assert lines[3].endswith(
        "0 spans in 669 bytes · 1 part · 2 parts cannot be read · 1 dead letter"
    )
    assert "not known yet" in lines[4]
    assert lines[5].split("  ")[-1].strip() == (
        "for ever · at most 1.0 GiB · removed since the start: nothing"
    )
