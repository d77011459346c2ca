"""`clew search`: traces as a table, the newest first; with `--tail` those that come."""

from __future__ import annotations

import re
import shlex
import sys
import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clew.cli import tail
from clew.cli.options import DEFAULT_API, ApiAddress, ApiKey, Ca, Json, api_option
from clew.cli.output import Column, Screen, note, table, write_document
from clew.cli.queried import queried
from clew.cli.units import format_duration, format_time, parse_duration

if TYPE_CHECKING:
    from clew.cli.client import Api

# Most traces that the API puts into one page.
PAGE = 1000
HEADER = (
    Column("STARTED"),
    Column("TRACE"),
    Column("DURATION", right=True),
    Column("SPANS", right=True),
    Column("MATCHED", right=True),
    Column("ERRORS", right=True),
    Column("ROOT", gives_way=True),
)
# Below this the root would have no room: counts of spans go, and the date of today; beside values
# that the query asks for, duration and errors too.
NARROW = 120
_LEFT_OUT = ("SPANS", "MATCHED")

Since = Annotated[
    str | None,
    typer.Option("--since", metavar="DURATION", help="From this long ago on, e.g. 15m or 1w."),
]
Start = Annotated[
    str | None,
    typer.Option(
        "--start",
        metavar="TIME",
        help="From then on: a date (its midnight in UTC), RFC 3339, or a number since 1970: "
        "seconds in 10 digits, ms in 13, µs in 16, ns in 19.",
    ),
]
End = Annotated[
    str | None, typer.Option("--end", metavar="TIME", help="Until then; now if left out.")
]


def command(
    query: Annotated[
        str,
        typer.Argument(
            metavar="QUERY",
            help="TraceQL, e.g. '{ status = error && duration > 1s }', also a filter without "
            "braces, e.g. 'service.name = checkout', or a trace id.",
        ),
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most traces to print.")] = 20,
    since: Since = None,
    start: Start = None,
    end: End = None,
    cursor: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="Go on where a search ended; it says with which cursor. The query stays the same, "
            "the time comes with the cursor.",
        ),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--tail", help="Print traces as they come in, until Ctrl-C.")
    ] = False,
    api: ApiAddress = DEFAULT_API,
    api_key: ApiKey = None,
    ca: Ca = None,
    json: Json = False,
) -> None:
    """Find traces and print a table.

    Without a query all of them; in the last hour, unless told otherwise.

    Example: clew search 'service.name = checkout' --since 15m
    """
    if cursor is not None and (since, start, end) != (None, None, None):
        raise typer.BadParameter("--cursor brings its time along; leave --since/--start/--end out")
    if follow:
        if (since, start, end, cursor) != (None, None, None, None):
            raise typer.BadParameter("--tail begins now; leave --since/--start/--end/--cursor out")
        tail.run(query, api, json)
        return
    parameters = {"q": query, **time_range(since, start, end)}
    if cursor is not None:
        parameters["cursor"] = cursor
    from clew.cli.client import Api

    with Api(api) as client:
        answer = pages(client, parameters, limit)
    if json:
        write_document(answer)
        return
    if answer["traces"]:
        show(Screen.of(sys.stdout), answer["traces"], time.time_ns())
    else:
        note(nothing_found(query, parameters))
    if answer["nextCursor"]:
        command = ["clew", "search", *([query] if query else []), "--limit", str(limit)]
        command += ["--cursor", answer["nextCursor"]]
        note(f"there may be more: {shlex.join(command)}{api_option(api)}")


def pages(client: Api, parameters: dict[str, str], limit: int) -> dict[str, Any]:
    """The pages of a search as one answer of at most `limit` traces.

    A page also ends when the time for one search is over, even without a trace.
    """
    traces: list[dict[str, Any]] = []
    end = None
    while True:
        size = min(PAGE, limit - len(traces))
        page = client.get("/api/v1/search", {**parameters, "limit": str(size)})
        traces += page["traces"]
        end = end or page["covered"]["endTimeUnixNano"]
        if page["nextCursor"] is None or len(traces) >= limit:
            covered = {**page["covered"], "endTimeUnixNano": end}
            return {**page, "traces": traces, "covered": covered}
        parameters = {"q": parameters["q"], "cursor": page["nextCursor"]}


def time_range(since: str | None, start: str | None, end: str | None) -> dict[str, str]:
    """`start` and `end` for the API, which reads times itself; what nobody gave is left out."""
    if since is not None and start is not None:
        raise typer.BadParameter("--since and --start both say where to begin; give one of them")
    if since is not None:
        try:
            seconds, ns = divmod(max(0, time.time_ns() - parse_duration(since)), 10**9)
            # As seconds: a number of nanoseconds is told by its 19 digits, and old ones have fewer.
            start = f"{seconds}.{ns:09d}"
        except ValueError as error:
            raise typer.BadParameter(f"--since: {error}") from None
    given = {"start": start, "end": end}
    return {name: midnight(text) for name, text in given.items() if text is not None}


def midnight(text: str) -> str:
    """A date alone as its first moment in UTC; other text as it is."""
    return f"{text}T00:00:00Z" if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) else text


def show(screen: Screen, traces: list[dict[str, Any]], now_ns: int) -> None:
    """The table, in a form for this width."""
    fields, values = queried(traces)
    header = [*HEADER, *(Column(field, gives_way=True) for field in fields)]
    rows = [[*as_row(trace), *cells] for trace, cells in zip(traces, values, strict=True)]
    if screen.width is None or screen.width >= NARROW:
        table(screen, header, rows)
        return
    today = format_time(now_ns)[:10]
    left_out = (*_LEFT_OUT, "DURATION", "ERRORS") if fields else _LEFT_OUT
    shown = [index for index, column in enumerate(header) if column.title not in left_out]
    for row in rows:
        row[0] = row[0][11:19] if row[0].startswith(today) else row[0][5:16]
    table(
        screen,
        [header[index] for index in shown],
        [[row[index] for index in shown] for row in rows],
    )


def as_row(trace: dict[str, Any]) -> list[str]:
    """One line of the table."""
    return [
        format_time(int(trace["startTimeUnixNano"])),
        trace["traceId"],
        format_duration(int(trace["durationNanos"])),
        str(trace["spanCount"]),
        str(sum(one["matched"] for one in trace["spanSets"])),
        str(trace["errorCount"] or "-"),
        f"{trace['rootServiceName']} {trace['rootName']}",
    ]


def nothing_found(query: str, parameters: dict[str, str]) -> str:
    """What to try when the answer is empty."""
    if re.fullmatch(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{16}", query.strip()):
        return (
            f"there is no trace {query.strip().lower()}, at any time; if it is new, ask again: "
            "spans can be read about two seconds after they were sent"
        )
    told = any(name in parameters for name in ("start", "end", "cursor"))
    searched = "in the time asked for" if told else "in the last hour"
    if query:
        return f"no trace matches {query!r} {searched}; clew services lists what has sent spans"
    return f"no trace {searched}; send one with clew send, or look further back with --since 1d"
