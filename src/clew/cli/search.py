"""`clew search`: traces as a table, the newest first."""

from __future__ import annotations

import sys
import time
from typing import Annotated, Any

import typer

from clew.cli.options import DEFAULT_API, ApiAddress, Json
from clew.cli.output import Column, Screen, note, table, write_json
from clew.cli.units import format_duration, format_time, parse_duration

HEADER = (
    Column("STARTED"),
    Column("TRACE"),
    Column("DURATION", right=True),
    Column("SPANS", right=True),
    Column("ERRORS", right=True),
    Column("ROOT", gives_way=True),
)
# Below this the root would have no room: the count of spans goes, and the date of today.
NARROW = 110

Since = Annotated[
    str | None, typer.Option("--since", metavar="DURATION", help="From this long ago on, e.g. 15m.")
]
Start = Annotated[
    str | None,
    typer.Option(
        "--start",
        metavar="TIME",
        help="From then on: RFC 3339, or seconds or nanoseconds since 1970.",
    ),
]
End = Annotated[
    str | None, typer.Option("--end", metavar="TIME", help="Until then; now if left out.")
]


def command(
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help="E.g. 'service.name = checkout'.")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most traces to print.")] = 20,
    since: Since = None,
    start: Start = None,
    end: End = None,
    api: ApiAddress = DEFAULT_API,
    json: Json = False,
) -> None:
    """Find traces and print a table.

    Without a query all of them; in the last hour, unless told otherwise.

    Example: clew search 'service.name = checkout' --since 15m
    """
    parameters = {"q": query, "limit": str(limit), **time_range(since, start, end)}
    import orjson

    from clew.cli.client import Api

    with Api(api) as client:
        body = client.get("/api/v1/search", parameters)
    if json:
        write_json(body)
        return
    answer = orjson.loads(body)
    if not answer["traces"]:
        note(nothing_found(query, parameters))
        return
    show(Screen.of(sys.stdout), answer["traces"], time.time_ns())
    if answer.get("nextCursor"):
        note(f"there may be more; see further back with --end {_oldest(answer)}, or use --limit")


def time_range(since: str | None, start: str | None, end: str | None) -> dict[str, str]:
    """`start` and `end` for the API, which reads times itself; what nobody gave is left out."""
    if since is not None and start is not None:
        raise typer.BadParameter("--since and --start both say where to begin; give one of them")
    if since is not None:
        try:
            start = str(max(0, time.time_ns() - parse_duration(since)))
        except ValueError as error:
            raise typer.BadParameter(f"--since: {error}") from None
    given = {"start": start, "end": end}
    return {name: text for name, text in given.items() if text is not None}


def show(screen: Screen, traces: list[dict[str, Any]], now_ns: int) -> None:
    """The table, in a form for this width."""
    rows = [as_row(trace) for trace in traces]
    if screen.width is None or screen.width >= NARROW:
        table(screen, HEADER, rows)
        return
    today = format_time(now_ns)[:10]
    table(
        screen,
        [column for column in HEADER if column.title != "SPANS"],
        [
            [started[11:19] if started.startswith(today) else started[5:16], *ids, errors, root]
            for started, *ids, _, errors, root in rows
        ],
    )


def as_row(trace: dict[str, Any]) -> list[str]:
    """One line of the table."""
    return [
        format_time(int(trace["startTimeUnixNano"])),
        trace["traceId"],
        format_duration(int(trace["durationNanos"])),
        str(trace["spanCount"]),
        str(trace["errorCount"] or "-"),
        f"{trace['rootServiceName']} {trace['rootName']}",
    ]


def nothing_found(query: str, parameters: dict[str, str]) -> str:
    """What to try when the answer is empty."""
    searched = "in the time asked for" if "start" in parameters else "in the last hour"
    if query:
        return f"no trace matches {query!r} {searched}; clew services lists what has sent spans"
    return f"no trace {searched}; send one with clew send, or look further back with --since 1d"


def _oldest(answer: dict[str, Any]) -> str:
    oldest_ns = min(int(trace["startTimeUnixNano"]) for trace in answer["traces"])
    return format_time(oldest_ns).replace(" ", "T")
