"""`clew import`: files of traces → the server, as any other OTLP client sends them."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO

import typer

from clew.cli.options import DEFAULT_HTTP, ApiKey, Ca, Cert, CertKey, Json
from clew.cli.output import Failure, note, printable, write_json

if TYPE_CHECKING:
    from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans

    from clew.cli.progress import Progress
    from clew.cli.upload import Tally
    from clew.formats import Item

# Unreadable pieces that are named; all are counted.
NAMED = 10
# Distinct traces are counted up to here, in bounded memory.
MOST_TRACES = 1_000_000
MAX_NS = (1 << 64) - 1


class Form(StrEnum):
    """As `clew.formats.Format`, which is too heavy for `--help`; a test compares them."""

    OTLP_JSON = "otlp-json"
    OTLP_JSONL = "otlp-jsonl"
    OTLP_PROTO = "otlp-proto"
    OTLP_PROTO_PREFIXED = "otlp-proto-prefixed"
    JAEGER = "jaeger"
    ZIPKIN = "zipkin"


@dataclass
class Report:
    """What was read."""

    files: int = 0
    spans: int = 0
    traces: set[bytes] = field(default_factory=set)
    unreadable: int = 0
    named: list[tuple[str, str, str]] = field(default_factory=list)

    def wrong(self, file: str, where: str, why: str) -> None:
        self.unreadable += 1
        if len(self.named) < NAMED:
            self.named.append((file, where, why))

    def see(self, group: ResourceSpans) -> None:
        for scoped in group.scope_spans:
            self.spans += len(scoped.spans)
            if len(self.traces) < MOST_TRACES:
                self.traces.update(span.trace_id for span in scoped.spans)


def command(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE…", help="Files to import; - is standard input.")
    ],
    format: Annotated[
        Form | None, typer.Option(help="What the files hold, if their content does not tell.")
    ] = None,
    endpoint: Annotated[
        str,
        typer.Option(
            metavar="URL", envvar="CLEW_ENDPOINT", help="The OTLP/HTTP address to send to."
        ),
    ] = DEFAULT_HTTP,
    api_key: ApiKey = None,
    ca: Ca = None,
    cert: Cert = None,
    cert_key: CertKey = None,
    shift_to_now: Annotated[
        bool,
        typer.Option("--shift-to-now", help="Move all times so that the newest span ends now."),
    ] = False,
    json: Json = False,
) -> None:
    """Send the traces of files.

    OTLP JSON and protobuf, lines of the Collector's file exporter, Jaeger JSON, Zipkin v2 JSON;
    each also compressed with gzip.

    Example: clew import traces.json --shift-to-now
    """
    if files.count("-") > 1:
        raise typer.BadParameter("standard input (-) can be read once only")
    from clew.cli.client import base_url
    from clew.cli.progress import Progress

    url = base_url(endpoint, "--endpoint")
    progress, report = Progress(), Report()
    with _standard_input(files, spool=shift_to_now) as opened:
        inputs = _Inputs(files, opened, None if format is None else format.value, progress)
        shift_ns = inputs.shift_ns() if shift_to_now else 0
        tally, failure = _send(inputs, url, shift_ns, report)
    progress.clear()
    if json:
        import orjson

        write_json(orjson.dumps(as_json(report, tally, shift_ns, failure)))
    else:
        for line in as_text(report, tally, failure):
            note(line)
    if failure is not None:
        raise failure if not json else typer.Exit(1)
    if report.unreadable or tally.refused:
        raise typer.Exit(1)


def _send(inputs: _Inputs, url: str, shift_ns: int, report: Report) -> tuple[Tally, Failure | None]:
    from clew.cli.upload import Batcher, Uploader
    from clew.formats import Unreadable

    with Uploader(url) as uploader:
        batcher = Batcher()
        try:
            for file, item in inputs.items(report):
                if isinstance(item, Unreadable):
                    report.wrong(file, item.where, item.why)
                    continue
                report.see(item)
                if shift_ns:
                    shift(item, shift_ns)
                for body, spans in batcher.add(item):
                    uploader.send(body, spans)
                inputs.say(f"{report.spans:,} spans, {uploader.tally.accepted:,} accepted")
            for body, spans in batcher.rest():
                uploader.send(body, spans)
            uploader.finish()
        except Failure as failure:
            return uploader.tally, failure
        return uploader.tally, None


class _Inputs:
    """The files, one after the other, and how far they were read."""

    def __init__(
        self, names: list[str], stdin: BinaryIO | None, format: str | None, progress: Progress
    ) -> None:
        self._names, self._stdin, self._format = names, stdin, format
        self._progress = progress
        self._sizes = {name: _size(name) for name in names}
        self._done = 0
        self._current: BinaryIO | None = None

    def say(self, text: str) -> None:
        """Progress over all files; without a share when standard input is among them."""
        total = sum(size or 0 for size in self._sizes.values())
        if None in self._sizes.values() or not total or self._current is None:
            self._progress.show(text)
        else:
            self._progress.show(text, (self._done + self._current.tell()) / total)

    def items(self, report: Report) -> Iterator[tuple[str, Item]]:
        """What the files hold; files that cannot be opened are named."""
        from clew.formats import Format, Source, read

        format = None if self._format is None else Format(self._format)
        self._done = 0
        for name in self._names:
            try:
                with self._open(name) as stream:
                    report.files += 1
                    self._current = stream
                    for item in read(Source(stream), format):
                        yield name, item
            except ValueError as error:
                report.wrong(name, "byte 0", str(error))
            except OSError as error:
                report.wrong(name, "", f"cannot be read: {error.strerror or error}")
            self._done += self._sizes[name] or 0
            self._current = None

    def shift_ns(self) -> int:
        """How far all times are moved so that the newest span ends now: reads everything once."""
        from clew.formats import Unreadable

        oldest_ns, newest_ns = MAX_NS, 0
        for _, item in self.items(Report()):
            self.say("looking for the newest span")
            if isinstance(item, Unreadable):
                continue
            for scoped in item.scope_spans:
                for span in scoped.spans:
                    times = span.start_time_unix_nano, span.end_time_unix_nano
                    newest_ns = max(newest_ns, *times)
                    oldest_ns = min(oldest_ns, *(time_ns or MAX_NS for time_ns in times))
        if not newest_ns:
            return 0
        shift_ns = time.time_ns() - newest_ns
        if oldest_ns + shift_ns <= 0:
            raise Failure(
                f"the newest time in these files is {newest_ns} ns since 1970, the oldest "
                f"{oldest_ns} ns: moved so that the newest is now, the oldest lies before 1970; "
                "import without --shift-to-now"
            )
        return shift_ns

    @contextmanager
    def _open(self, name: str) -> Iterator[BinaryIO]:
        if name == "-":
            assert self._stdin is not None
            if self._stdin.seekable():
                self._stdin.seek(0)
            yield self._stdin
        else:
            with open(name, "rb") as stream:
                yield stream


@contextmanager
def _standard_input(files: list[str], *, spool: bool) -> Iterator[BinaryIO | None]:
    """Standard input, on disk if it must be read twice."""
    if "-" not in files:
        yield None
    elif not spool:
        yield _Unseekable(sys.stdin.buffer)  # type: ignore[misc]  # only `read` is used
    else:
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy)
            yield copy


class _Unseekable:
    """A stream from where it stands: a shell may have read some of it."""

    def __init__(self, stream: BinaryIO) -> None:
        self.read = stream.read

    def seekable(self) -> bool:
        return False


def _size(name: str) -> int | None:
    try:
        return None if name == "-" else os.path.getsize(name)
    except OSError:
        return 0


def shift(group: ResourceSpans, shift_ns: int) -> None:
    """Moves every time but zeros, which say that there is none; within 1970 to 2554."""

    def moved(time_ns: int) -> int:
        return min(MAX_NS, max(1, time_ns + shift_ns)) if time_ns else 0

    for scoped in group.scope_spans:
        for span in scoped.spans:
            span.start_time_unix_nano = moved(span.start_time_unix_nano)
            span.end_time_unix_nano = moved(span.end_time_unix_nano)
            for event in span.events:
                event.time_unix_nano = moved(event.time_unix_nano)


def as_json(report: Report, tally: Tally, shift_ns: int, failure: Failure | None) -> dict[str, Any]:
    """The summary for programs."""
    return {
        "files": report.files,
        "traces": len(report.traces),
        "tracesAtLeast": len(report.traces) >= MOST_TRACES,
        "spans": report.spans,
        "accepted": tally.accepted,
        "refused": tally.refused,
        "refusedBecause": tally.reasons,
        "unreadable": report.unreadable,
        "unreadableFirst": [
            {"file": file, "where": where, "why": why} for file, where, why in report.named
        ],
        "shiftNanos": str(shift_ns),
        "error": None if failure is None else str(failure),
    }


def as_text(report: Report, tally: Tally, failure: Failure | None) -> Iterator[str]:
    """The summary for people."""
    for file, where, why in report.named:
        yield printable(": ".join(part for part in (file, where, why) if part))
    if report.unreadable > len(report.named):
        yield f"and {report.unreadable - len(report.named):,} more that cannot be read"
    for reason in tally.reasons:
        if failure is None or reason != str(failure):
            yield printable(f"refused: {reason}")
    least = "at least " if len(report.traces) >= MOST_TRACES else ""
    yield (
        f"{_count(report.files, 'file')}, {least}{_count(len(report.traces), 'trace')}, "
        f"{_count(report.spans, 'span')}: {tally.accepted:,} accepted, {tally.refused:,} refused, "
        f"{report.unreadable:,} unreadable"
    )


def _count(number: int, one: str) -> str:
    return f"{number:,} {one if number == 1 else one + 's'}"
