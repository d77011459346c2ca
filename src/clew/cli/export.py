"""`clew export`: traces of the server → a file of one format; none is held as a whole if large."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clew.cli.options import DEFAULT_API, ApiAddress, ApiKey, Ca
from clew.cli.output import Failure, note
from clew.cli.search import PAGE, End, Since, Start, time_range
from clew.cli.trace import parse_trace_id

if TYPE_CHECKING:
    from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

    from clew.cli.client import Api
    from clew.cli.progress import Progress
    from clew.formats import Writer


class Form(StrEnum):
    """As `clew.formats.WRITERS`, which is too heavy for `--help`; a test compares them."""

    OTLP_JSON = "otlp-json"
    OTLP_JSONL = "otlp-jsonl"
    OTLP_PROTO = "otlp-proto"
    JAEGER = "jaeger"
    ZIPKIN = "zipkin"


def command(
    query: Annotated[
        str, typer.Argument(metavar="QUERY", help="Which traces, as for clew search; all if none.")
    ] = "",
    trace: Annotated[
        list[str] | None,
        typer.Option("--trace", metavar="ID", help="This trace; may be given several times."),
    ] = None,
    since: Since = None,
    start: Start = None,
    end: End = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Most traces to export. [default: all]")
    ] = None,
    format: Annotated[Form, typer.Option(help="What to write.")] = Form.OTLP_JSON,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="Where to; - is standard output.")
    ] = "-",
    api: ApiAddress = DEFAULT_API,
    api_key: ApiKey = None,
    ca: Ca = None,
) -> None:
    """Write traces to a file.

    Those that a search finds, in the last hour unless told otherwise, or those of --trace.
    A file appears when it is complete.

    Example: clew export 'service.name = checkout' --since 1d -o traces.json
    """
    if trace and (query or (since, start, end, limit) != (None, None, None, None)):
        raise typer.BadParameter("--trace names the traces; leave the query and its bounds out")
    wanted = list(dict.fromkeys(map(parse_trace_id, trace or ())))
    parameters = {"q": query, **time_range(since, start, end)}
    from clew.cli.client import Api
    from clew.cli.progress import Progress
    from clew.formats import WRITERS

    writer, progress = WRITERS[format.value](), Progress()
    with Api(api) as client, _output(output) as write:
        ids = iter(wanted) if wanted else found(client, parameters, limit)
        try:
            traces, spans, gone = _export(client, ids, writer, write, progress)
        finally:
            progress.clear()
    lost = +writer.lost
    if lost:
        said = ", ".join(f"{what} ({count:,})" for what, count in sorted(lost.items()))
        note(f"{format.value} has no place for: {said}")
    note(f"{traces:,} {_plural('trace', traces)}, {spans:,} {_plural('span', spans)}")
    if gone:
        note(f"no span is stored of: {', '.join(gone[:10])}{' …' if len(gone) > 10 else ''}")
        if wanted:
            raise typer.Exit(1)


def found(client: Api, parameters: dict[str, str], limit: int | None) -> Iterator[str]:
    """The ids of a search, page by page; a trace found by two pages comes once."""
    last: set[str] = set()
    left = limit
    while True:
        size = PAGE if left is None else min(PAGE, left)
        page = client.get("/api/v1/search", {**parameters, "limit": str(size)})
        ids = {trace["traceId"]: None for trace in page["traces"] if trace["traceId"] not in last}
        yield from ids
        last = set(ids)
        left = None if left is None else left - len(ids)
        if page["nextCursor"] is None or left == 0:
            return
        parameters = {"q": parameters["q"], "cursor": page["nextCursor"]}


def _export(
    client: Api,
    ids: Iterator[str],
    writer: Writer,
    write: Callable[[bytes], object],
    progress: Progress,
) -> tuple[int, int, list[str]]:
    from clew.cli.fetch import Counted, fetched

    traces, spans = 0, 0
    gone: list[str] = []
    wanted = Counted(ids)

    def counted(groups: Iterator[ResourceSpans]) -> Iterator[ResourceSpans]:
        nonlocal spans
        for group in groups:
            spans += sum(len(scoped.spans) for scoped in group.scope_spans)
            share = wanted.total and (traces + len(gone)) / wanted.total
            progress.show(f"{traces:,} traces, {spans:,} spans", share)
            yield group

    write(writer.begin())
    for trace_id, opened in fetched(client, wanted):
        with opened as body:
            if body is None:
                gone.append(trace_id)
                continue
            for piece in writer.trace(counted(read_answer(trace_id, body))):
                write(piece)
        traces += 1
    write(writer.end())
    return traces, spans, gone


def read_answer(trace_id: str, body: Iterator[bytes]) -> Iterator[ResourceSpans]:
    """The groups in an answer of the API, while it comes."""
    from clew.formats import Unreadable
    from clew.formats.cursor import Cursor, Syntax, TooLong
    from clew.formats.otlp_read import read

    cursor = Cursor(lambda size: next((piece for piece in body if piece), b""))
    try:
        for item in read(cursor):
            if isinstance(item, Unreadable):
                raise Failure(f"trace {trace_id} cannot be exported: {item.where}: {item.why}")
            yield item
        cursor.end()
    except (Syntax, TooLong) as error:
        raise Failure(
            f"the answer with trace {trace_id} broke off at byte {cursor.offset} ({error}); "
            "export again"
        ) from None


@contextlib.contextmanager
def _output(name: str) -> Iterator[Callable[[bytes], object]]:
    """Writes to standard output, or to a file that is there only if all went well."""
    if name == "-":
        sys.stdout.flush()
        yield sys.stdout.buffer.write
        sys.stdout.buffer.flush()
        return
    target = Path(name)
    # Else SIGTERM would end this without a word, and leave the unfinished file.
    before = signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        handle, temporary = tempfile.mkstemp(".part", f".{target.name}.", target.parent)
    except OSError as error:
        raise Failure(f"cannot write {name}: {error.strerror or error}") from None
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream.write
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, target)
    except OSError as error:
        raise Failure(f"cannot write {name}: {error.strerror or error}") from None
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        signal.signal(signal.SIGTERM, before)


def _umask() -> int:
    """Reading it means setting it; no other thread makes files here."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def _plural(word: str, number: int) -> str:
    return word if number == 1 else f"{word}s"
