"""`clew tail`: traces as they come in, until it is interrupted.

It asks once a second for what started since it began, at most `OVERLAP_S` ago: spans come late.
Each trace is shown once, when it is whole as far as one can tell: see `Arriving`.
"""

from __future__ import annotations

import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clew.cli.options import DEFAULT_API, ApiAddress, ApiKey, Ca, Json
from clew.cli.output import Failure, Screen, note, pad, printable
from clew.cli.units import format_duration, format_time

if TYPE_CHECKING:
    from clew.cli.client import Api

POLL_S = 1.0
# So many questions in a row must find the same spans before a trace counts as whole.
QUIET_POLLS = 2
# So long a trace is waited for that grows, or whose spans name parents that are not there.
PATIENCE_S = 10
# Spans may be 30 s late, and their trace is looked at again while it is waited for.
OVERLAP_S = 30 + PATIENCE_S
# More traces than can come within the overlap, and a bound for one that runs for weeks.
MOST_SEEN = 100_000
# Summaries that are kept while their traces arrive, about 1 KiB each.
MOST_WAITING = 10_000
# What is more than a terminal shows anyway is left out; that is said.
MOST_PAGES = 5
PAGE = 1000

_WIDTHS = (24, 32, -9, -6)
_TITLES = ("STARTED", "TRACE", "DURATION", "SPANS", "ROOT")


def command(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="E.g. '{ status = error }'.")] = "",
    api: ApiAddress = DEFAULT_API,
    api_key: ApiKey = None,
    ca: Ca = None,
    json: Json = False,
) -> None:
    """Print traces as they come in, until Ctrl-C.

    A trace is printed once, when it has had no new span for two seconds and no parent is missing;
    after ten seconds as it is then, and marked. With --json one object a line.

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
                screen.stream.flush()
            for shown in follow(client, query, time.sleep):
                _print(screen, shown, json)
    except KeyboardInterrupt:
        return


@dataclass(frozen=True)
class Found:
    """What one question found, the newest first. `start_ns` to `end_ns`: where the server looked,
    by its clock; without `complete` only at the newest traces there.
    """

    start_ns: int
    end_ns: int
    traces: list[dict[str, Any]]
    complete: bool


@dataclass(frozen=True)
class Shown:
    """A trace to print, with the counts of now. `growing`: more spans may come."""

    trace: dict[str, Any]
    growing: bool


@dataclass
class _Waiting:
    trace: dict[str, Any]
    since_ns: int
    quiet: int = 0


class Arriving:
    """Traces that were found and wait until they are whole; each comes out once.

    Whole: no new span in `QUIET_POLLS` questions, and every parent is there. After `PATIENCE_S` a
    trace comes out as it is. One that grew out of the query's condition never comes out.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, _Waiting] = {}
        self._seen: OrderedDict[str, None] = OrderedDict()

    def take(self, found: Found) -> Iterator[Shown]:
        """Those that can be shown now, the one that was found first first."""
        listed = {trace["traceId"]: trace for trace in reversed(found.traces)}
        for trace_id, trace in listed.items():
            if trace_id in self._seen:
                self._seen.move_to_end(trace_id)
            elif trace_id not in self._waiting:
                self._waiting[trace_id] = _Waiting(trace, found.end_ns)
            else:
                known = self._waiting[trace_id]
                grown = known.trace["spanCount"] != trace["spanCount"]
                known.quiet = 0 if grown else known.quiet + 1
                known.trace = trace
        for trace_id, one in list(self._waiting.items()):
            if trace_id not in listed:
                if found.complete and int(one.trace["startTimeUnixNano"]) >= found.start_ns:
                    del self._waiting[trace_id]  # no longer what is looked for
                    continue
                one.quiet += 1  # out of sight: what is known of it must do
            growing = one.quiet < QUIET_POLLS
            waited_ns = found.end_ns - one.since_ns
            if (
                (growing or one.trace["orphanCount"])
                and waited_ns < PATIENCE_S * 10**9
                and len(self._waiting) <= MOST_WAITING
            ):
                continue
            del self._waiting[trace_id]
            self._seen[trace_id] = None
            yield Shown(one.trace, growing)
        while len(self._seen) > MOST_SEEN:
            self._seen.popitem(last=False)

    def wait_anew(self, now_ns: int) -> None:
        """Nothing could be found for a while, so nobody's patience is used up."""
        for one in self._waiting.values():
            one.since_ns = now_ns


def follow(client: Api, query: str, sleep: Callable[[float], None]) -> Iterator[Shown]:
    """Each trace once. A failure of the first question is raised, a later one told and outlived."""
    answer = client.get("/api/v1/search", {"q": query, "limit": "1", "spansPerSet": "0"})
    # The clock is the server's: it need not agree with this machine's.
    began_ns = asked_ns = int(answer["covered"]["endTimeUnixNano"])
    arriving = Arriving()
    failing = overrun = False
    while True:
        sleep(POLL_S)
        try:
            found = _since(client, query, max(began_ns, asked_ns - OVERLAP_S * 10**9))
        except Failure as failure:
            if not failing:
                note(f"{failure}; trying again")
            failing = True
            continue
        asked_ns = found.end_ns
        if failing:
            arriving.wait_anew(asked_ns)
        if not found.complete and not overrun:
            note(f"more than {len(found.traces):,} traces at once; late ones may be left out")
        failing, overrun = False, not found.complete
        yield from arriving.take(found)


def _since(client: Api, query: str, start_ns: int) -> Found:
    seconds, ns = divmod(start_ns, 10**9)
    parameters = {"q": query, "start": f"{seconds}.{ns:09d}"}
    traces: list[dict[str, Any]] = []
    end_ns = None
    for _ in range(MOST_PAGES):
        page = client.get("/api/v1/search", {**parameters, "limit": str(PAGE)})
        traces += page["traces"]
        end_ns = end_ns or int(page["covered"]["endTimeUnixNano"])
        if page["nextCursor"] is None:
            return Found(start_ns, end_ns, traces, True)
        parameters = {"q": query, "cursor": page["nextCursor"]}
    return Found(start_ns, end_ns or start_ns, traces, False)


def _print(screen: Screen, shown: Shown, json: bool) -> None:
    trace = shown.trace
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
            printable(f"{trace['rootServiceName']} {trace['rootName']}") + missing(shown),
        ]
    )
    screen.write(screen.paint(line, "red") if trace["errorCount"] else line)
    screen.stream.flush()


def missing(shown: Shown) -> str:
    """What a trace lacks that was waited for in vain; nothing when it is whole."""
    orphans = shown.trace["orphanCount"]
    said = ["more spans may come"] if shown.growing else []
    if orphans:
        said.append("1 span lacks its parent" if orphans == 1 else f"{orphans} spans lack a parent")
    return f"  ! incomplete: {', '.join(said)}" if said else ""


def _line(cells: list[str]) -> str:
    fixed = [
        pad(cell, abs(width), right=width < 0) for cell, width in zip(cells, _WIDTHS, strict=False)
    ]
    return "  ".join([*fixed, *cells[len(_WIDTHS) :]])
