"""`clew trace ID`: the tree of a trace, one line a span."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Annotated

import typer

from clew.cli.options import DEFAULT_API, ApiAddress, ApiKey, Ca, Json
from clew.cli.output import Failure, Screen, clip, columns, pad, printable, write_json
from clew.cli.spantree import ERROR, KINDS, RAILS, Event, Row, Span, rows, spans
from clew.cli.units import format_duration, format_time

BAR_COLUMNS = 20
DURATION_COLUMNS = 8
EVENTS_SHOWN = 3
REPEATED_SHOWN = 3
# Narrower terminals have no room for the bars.
NARROW = 55


def command(
    trace_id: Annotated[str, typer.Argument(metavar="ID", help="32 hex digits.")],
    api: ApiAddress = DEFAULT_API,
    api_key: ApiKey = None,
    ca: Ca = None,
    json: Json = False,
) -> None:
    """Print a trace as a tree.

    Duration, position in time, service and name of every span; errors and events below theirs.

    Example: clew trace $(clew send --wait)
    """
    from clew.cli.client import Api

    wanted = parse_trace_id(trace_id)
    with Api(api) as client:
        body = client.find(f"/api/v1/traces/{wanted}")
        if body is None:
            raise Failure(
                f"there is no trace {wanted}; if it is new, ask again: spans can be read about two "
                "seconds after they were sent"
            )
    if not body.lstrip().startswith(b'{"resourceSpans"'):
        raise Failure(f"{client.address} is not Clew's API; is --api the UI's address?")
    if json:
        write_json(body)
        return
    import orjson

    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise Failure("the answer broke off in the middle; ask again") from None
    screen = Screen.of(sys.stdout)
    for line in render(wanted, spans(document), screen):
        screen.write(line)


def parse_trace_id(text: str) -> str:
    """Any case, with or without dashes, also out of a `traceparent`."""
    in_header = re.fullmatch(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}.*", text.strip())
    wanted = in_header[1] if in_header else text.strip().replace("-", "").lower()
    if not re.fullmatch(r"[0-9a-f]{32}", wanted):
        said = f"{text!r} is not a trace id; a trace id has 32 hex digits, this has {len(wanted)}"
        if other := re.search(r"[^0-9a-f]", wanted):
            said = f"{text!r} is not a trace id; {other[0]!r} is none of its 32 hex digits"
        raise typer.BadParameter(said)
    return wanted


def render(trace_id: str, found: list[Span], screen: Screen) -> Iterator[str]:
    """The lines of the tree."""
    first_ns = min((span.start_ns for span in found), default=0)
    last_ns = max((max(span.start_ns, span.end_ns) for span in found), default=0)
    errors = sum(span.status == ERROR for span in found)
    services = len({span.service for span in found})
    counts = f"{_count(len(found), 'span')}  {_count(services, 'service')}  " + _count(
        errors, "error"
    )
    title = f"trace {screen.paint(trace_id, 'bold')}"
    if screen.width is None or screen.width >= columns(f"trace {trace_id}  {counts}"):
        yield f"{title}  {counts}"
    else:
        yield title
        yield clip(counts, screen.width, _mark(screen))
    whole = f"{format_time(first_ns)}  {_unit(format_duration(last_ns - first_ns), screen)} in all"
    yield whole if screen.width is None else clip(whole, screen.width, _mark(screen))
    yield ""
    bars = screen.width is None or screen.width >= NARROW
    left = DURATION_COLUMNS + 1 + (BAR_COLUMNS + 1 if bars else 0)
    for row in rows(found):
        span = row.span
        failed = span.status == ERROR
        duration = _unit(format_duration(span.end_ns - span.start_ns), screen)
        pieces = [(pad(duration, DURATION_COLUMNS, right=True) + " ", "")]
        if bars:
            bar = pad(draw_bar(span, first_ns, last_ns, screen), BAR_COLUMNS)
            pieces += [(bar, "red" if failed else "cyan"), (" ", "")]
        tree = draw_rails(row, screen)
        rest = None if screen.width is None else screen.width - left - columns(tree)
        yield _line([*pieces, (tree, "dim"), *_label(row, rest, screen)], screen)
        for line in _details(row, screen):
            indent = " " * left + "  " * min(row.depth + 1, RAILS)
            if screen.width is not None:
                indent = indent[: max(2, screen.width - 20)]
            yield _line([(indent, ""), (printable(line), "dim")], screen)
    yield from _footer(found, screen)


def _footer(found: list[Span], screen: Screen) -> Iterator[str]:
    """What is wrong with the trace as a whole."""
    repeated = [one for one in Counter(span.span_id for span in found).most_common() if one[1] > 1]
    if not repeated:
        return
    yield ""
    for span_id, times in repeated[:REPEATED_SHOWN]:
        said = f"! span id {span_id} is that of {times} spans; its children are below the earliest"
        yield _line([(said, "yellow")], screen)
    if len(repeated) > REPEATED_SHOWN:
        more = _count(len(repeated) - REPEATED_SHOWN, "more repeated span id")
        yield _line([(f"! and {more}", "yellow")], screen)


def _line(pieces: list[tuple[str, str]], screen: Screen) -> str:
    """Text with its styles as one line, cut at the edge of the terminal."""
    room, line = screen.width, ""
    for text, style in pieces:
        shown = text if room is None else clip(text, room, _mark(screen))
        line += screen.paint(shown, style) if style else shown
        if room is not None:
            room -= columns(shown)
            if shown != text:
                break
    return line.rstrip()


def draw_bar(span: Span, first_ns: int, last_ns: int, screen: Screen) -> str:
    """Where the span lies in its trace: at least one mark, never beyond the columns of the bar."""
    whole = max(1, last_ns - first_ns)
    start = (span.start_ns - first_ns) * BAR_COLUMNS // whole
    end = -((first_ns - max(span.start_ns, span.end_ns)) * BAR_COLUMNS // whole)
    start = min(start, BAR_COLUMNS - 1)
    return " " * start + ("━" if screen.unicode else "=") * max(1, min(end, BAR_COLUMNS) - start)


def draw_rails(row: Row, screen: Screen) -> str:
    """`│ ├ └` down to the span; a depth beyond the rails is written as a number."""
    if row.depth == 0:
        return ""
    pipe, tee, corner = ("│ ", "├ ", "└ ") if screen.unicode else ("| ", "|-", "`-")
    if row.depth > RAILS:
        return f"{'..' * (RAILS - 4)}[{row.depth}] "
    return "".join(pipe if more else "  " for more in row.rails[:-1]) + (
        tee if row.rails[-1] else corner
    )


def _label(row: Row, width: int | None, screen: Screen) -> list[tuple[str, str]]:
    """Service, name, kind and status; the name gives way when the terminal is narrow."""
    span = row.span
    service, name = printable(span.service), printable(span.name) or "(no name)"
    tail = f" ({KINDS[span.kind]})" if span.kind in KINDS and span.kind != 1 else ""
    status = " ERROR" if span.status == ERROR else ""
    if width is not None:
        room = max(12, width - columns(tail) - columns(status))
        service = clip(service, max(6, room // 2), _mark(screen))
        name = clip(name, max(5, room - columns(service) - 1), _mark(screen))
    return [(service, "bold"), (f" {name}", ""), (tail, "dim"), (status, "red")]


def _details(row: Row, screen: Screen) -> Iterator[str]:
    """What does not fit into the span's line."""
    span = row.span
    if row.note:
        yield f"! {row.note}"
    if span.end_ns < span.start_ns:
        yield "! it ends before it starts"
    if span.status_message:
        yield f"! {span.status_message}"
    for event in span.events[:EVENTS_SHOWN]:
        after = _unit(format_duration(event.time_ns - span.start_ns), screen)
        yield f"* {_describe(event)} after {after}"
    if len(span.events) > EVENTS_SHOWN:
        yield f"* and {_count(len(span.events) - EVENTS_SHOWN, 'more event', 'more events')}"
    for trace_id, span_id in span.links:
        yield f"> linked to span {span_id or '?'} of trace {trace_id or '?'}"


def _describe(event: Event) -> str:
    said = [event.attributes.get(f"exception.{part}", "") for part in ("type", "message")]
    return ": ".join(part for part in (event.name or "(no name)", *said) if part)


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def _unit(duration: str, screen: Screen) -> str:
    return duration if screen.unicode else duration.replace("µ", "u")


def _mark(screen: Screen) -> str:
    return "…" if screen.unicode else "..."
