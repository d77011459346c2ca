"""`clew tail`: traces as they come in, until it is interrupted.

It asks once a second for what started since it began, at most `OVERLAP_S` ago: spans come late.
Each trace is shown once, when its first matching span is found, with the counts of that moment.
"""

from __future__ import annotations

import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clew.cli.options import DEFAULT_API, ApiAddress, Json
from clew.cli.output import Failure, Screen, note, pad, printable
from clew.cli.units import format_duration, format_time

if TYPE_CHECKING:
    from clew.cli.client import Api

POLL_S = 1.0
OVERLAP_S = 30
# More traces than can come within the overlap, and a bound for one that runs for weeks.
MOST_SEEN = 100_000
# What came in a second is more than a terminal shows; the rest is counted.
MOST_PAGES = 5
PAGE = 200

_WIDTHS = (24, 32, -9, -6)
_TITLES = ("STARTED", "TRACE", "DURATION", "SPANS", "ROOT")


def command(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="E.g. '{ status = error }'.")] = "",
    api: ApiAddress = DEFAULT_API,
    json: Json = False,
) -> None:
    """Print traces as they come in, until Ctrl-C.

    With --json one object a line.

    Example: clew tail '{ status = error }'
    """
    run(query, api, json)


def run(query: str, api: str, json: bool) -> None:
    """The command; also `clew search --tail`."""
    from clew.cli.client import Api

    screen = Screen.of(sys.stdout)
    try:
        with Api(api) as client:
            if not json:
                note("waiting for traces; Ctrl-C ends it")
                screen.write(screen.paint(_line([*_TITLES]), "bold"))
            for trace in follow(client, query, time.sleep):
                _print(screen, trace, json)
    except KeyboardInterrupt:
        return


def follow(client: Api, query: str, sleep: Callable[[float], None]) -> Iterator[dict[str, Any]]:
    """Each trace once. A failure of the first question is raised, a later one told and outlived."""
    answer = client.get("/api/v1/search", {"q": query, "limit": "1", "spansPerSet": "0"})
    # The clock is the server's: it need not agree with this machine's.
    began_ns = asked_ns = int(answer["covered"]["endTimeUnixNano"])
    seen: OrderedDict[str, None] = OrderedDict()
    failing = False
    while True:
        sleep(POLL_S)
        start_ns = max(began_ns, asked_ns - OVERLAP_S * 10**9)
        try:
            asked_ns, found = _since(client, query, start_ns)
        except Failure as failure:
            if not failing:
                note(f"{failure}; trying again")
            failing = True
            continue
        failing = False
        for trace in reversed(found):
            if trace["traceId"] not in seen:
                yield trace
            seen[trace["traceId"]] = None
            seen.move_to_end(trace["traceId"])
        while len(seen) > MOST_SEEN:
            seen.popitem(last=False)


def _since(client: Api, query: str, start_ns: int) -> tuple[int, list[dict[str, Any]]]:
    """Until when the server looked, and the traces, the newest first."""
    seconds, ns = divmod(start_ns, 10**9)
    parameters = {"q": query, "start": f"{seconds}.{ns:09d}"}
    found: list[dict[str, Any]] = []
    end_ns = None
    for _ in range(MOST_PAGES):
        page = client.get("/api/v1/search", {**parameters, "limit": str(PAGE)})
        found += page["traces"]
        end_ns = end_ns or int(page["covered"]["endTimeUnixNano"])
        if page["nextCursor"] is None:
            break
        parameters = {"q": query, "cursor": page["nextCursor"]}
    else:
        note(f"more than {len(found)} traces at once; older ones of them are left out")
    return end_ns or start_ns, found


def _print(screen: Screen, trace: dict[str, Any], json: bool) -> None:
    if json:
        import orjson

        screen.stream.flush()
        sys.stdout.buffer.write(orjson.dumps(trace) + b"\n")
        sys.stdout.buffer.flush()
        return
    line = _line(
        [
            format_time(int(trace["startTimeUnixNano"])),
            trace["traceId"],
            format_duration(int(trace["durationNanos"])),
            str(trace["spanCount"]),
            printable(f"{trace['rootServiceName']} {trace['rootName']}"),
        ]
    )
    screen.write(screen.paint(line, "red") if trace["errorCount"] else line)
    screen.stream.flush()


def _line(cells: list[str]) -> str:
    fixed = [
        pad(cell, abs(width), right=width < 0) for cell, width in zip(cells, _WIDTHS, strict=False)
    ]
    return "  ".join([*fixed, *cells[len(_WIDTHS) :]])
