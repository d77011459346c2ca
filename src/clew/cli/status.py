"""`clew status`"""

from __future__ import annotations

import sys
from typing import Any

import typer

from clew.cli.options import DEFAULT_API, ApiAddress, ApiKey, Ca, Json
from clew.cli.output import Screen, printable, write_json
from clew.cli.units import format_duration
from clew.settings import rough_size


def command(
    api: ApiAddress = DEFAULT_API, api_key: ApiKey = None, ca: Ca = None, json: Json = False
) -> None:
    """Show whether Clew works, what comes in, and what it keeps.

    Exit status 1 when it cannot be reached or is not ready.
    """
    from clew.cli.client import Api

    with Api(api) as client:
        answer = client.get("/api/v1/status")
    if json:
        import orjson

        write_json(orjson.dumps(answer, option=orjson.OPT_INDENT_2))
    else:
        show(Screen.of(sys.stdout), answer)
    if not answer["ready"]:
        raise typer.Exit(1)


def show(screen: Screen, answer: dict[str, Any]) -> None:
    """A headline and a line a part; parts of a line are apart by ` · `."""
    ready = answer["ready"]
    word = screen.paint("ready" if ready else "not ready", "green" if ready else "red")
    up = format_duration(answer["uptimeSeconds"] * 10**9)
    screen.write(f"clew {printable(answer['version'])} is {word}, up {up}")
    for name, parts in lines(answer):
        middle = " · " if screen.unicode else "; "
        text = printable(middle.join(part for part in parts if part))
        is_bad = name in answer["checks"] and answer["checks"][name] != "ok"
        shown = screen.paint(text, "red") if is_bad else text
        screen.write(f"  {screen.paint(f'{name:<9}', 'bold')}  {shown}")


def lines(answer: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """Name and parts of every line; an empty part is left out."""
    intake, journal, store = answer["intake"], answer["journal"], answer["store"]
    disk, query = answer["disk"], answer["query"]
    each = store["bytesPerSpan"]
    span_bytes = f", {each:g} bytes each" if each is not None else ""
    days = f"{store['oldestDay']} to {store['newestDay']}" if store["oldestDay"] else ""
    return [
        (
            "intake",
            [
                intake["state"],
                f"{intake['accepted']['total']:,} spans taken, "
                f"{intake['accepted']['perSecond']:,g}/s",
                _turned_away("rejected", intake["rejected"], intake["rejectedByReason"]),
                _turned_away("refused", intake["refused"], intake["refusedByReason"]),
            ],
        ),
        *((name, [answer["checks"][name]]) for name in ("tls", "keys") if name in answer["checks"]),
        (
            "journal",
            [
                f"{rough_size(journal['bytes'])} of {rough_size(journal['maxBytes'])}",
                f"{_counted(journal['backlogSegments'], 'segment')} waiting, "
                f"for {journal['backlogSeconds']:.1f} s"
                if journal["backlogSegments"]
                else "nothing waits",
                f"searchable after {journal['lagSeconds']:.1f} s",
            ],
        ),
        (
            "store",
            [
                f"{_counted(store['spanCount'], 'span')} in {rough_size(store['bytes'])}"
                + span_bytes,
                days,
                _counted(store["parts"], "part"),
                f"{_counted(store['detachedParts'], 'part')} cannot be read"
                if store["detachedParts"]
                else "",
                f"{_counted(store['deadLetters'], 'dead letter')}" if store["deadLetters"] else "",
            ],
        ),
        (
            "disk",
            [
                "free space not known yet"
                if disk["freeBytes"] is None
                else f"{rough_size(disk['freeBytes'])} free",
                f"reserve {rough_size(disk['reserveBytes'])}",
            ],
        ),
        ("retention", _retention(answer["retention"])),
        (
            "queries",
            [
                f"{query['queries']} at once, {query['querySeconds']} s each",
                f"{query['streams']} whole traces at once",
            ],
        ),
    ]


def _retention(retention: dict[str, Any]) -> list[str]:
    counted = retention["countedFrom"]
    since = f"counted from {counted}" if counted else "counted once an hour of data has come"
    removed = [
        f"{spans:,} spans by {reason}, {rough_size(retention['removedBytes'].get(reason, 0))}"
        for reason, spans in retention["removedSpans"].items()
    ]
    return [
        f"{_counted(retention['days'], 'day')}, {since}" if retention["days"] else "for ever",
        f"newest day is {_counted(retention['daysAhead'], 'day')} ahead of the clock"
        if retention["daysAhead"]
        else "",
        f"at most {rough_size(retention['storeMaxBytes'])}" if retention["storeMaxBytes"] else "",
        f"oldest goes below {rough_size(retention['freeBytes'])} free"
        if retention["freeBytes"]
        else "",
        f"removed since the start: {'; '.join(removed) or 'nothing'}",
    ]


def _turned_away(word: str, rate: dict[str, Any], reasons: dict[str, int]) -> str:
    if not rate["total"]:
        return f"0 {word}"
    why = ", ".join(f"{reason} {count:,}" for reason, count in reasons.items())
    return f"{rate['total']:,} {word}, {rate['perSecond']:,g}/s ({why})"


def _counted(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
