"""How groups become requests, and what is made of the answers."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from clew.cli.import_ import Report, as_text, shift
from clew.cli.output import Failure
from clew.cli.upload import BATCH_SPANS, TRIES, Batcher, Tally, Uploader
from tests import build

Answers = Callable[[httpx2.Request], httpx2.Response]


def requests(batches: Iterator[tuple[bytes, int]]) -> list[ExportTraceServiceRequest]:
    return [ExportTraceServiceRequest.FromString(body) for body, _ in batches]


def uploader(answer: Answers, slept: list[float] | None = None) -> Uploader:
    transport = httpx2.MockTransport(answer)
    return Uploader(
        "http://clew.example:4318",
        transport=transport,
        sleep=slept.append if slept is not None else lambda seconds: None,
    )


def test_groups_of_one_resource_and_scope_are_joined() -> None:
    batcher = Batcher()
    for name in ("a", "b", "a"):
        group = build.request(build.span(name), service=name).resource_spans[0]
        assert list(batcher.add(group)) == []
    [request] = requests(batcher.rest())
    names = [
        [span.name for scoped in group.scope_spans for span in scoped.spans]
        for group in request.resource_spans
    ]
    assert names == [["a", "a"], ["b"]]
    assert list(batcher.rest()) == []


def test_request_has_no_more_spans_and_bytes_than_allowed() -> None:
    batcher = Batcher()
    many = build.request(*(build.span(span_id=n + 1) for n in range(BATCH_SPANS + 1)))
    full = list(batcher.add(many.resource_spans[0]))
    assert [spans for _, spans in full] == [BATCH_SPANS]
    large = build.request(*(build.span(attrs={"a": "x" * 1_500_000}) for _ in range(3)))
    assert len(list(batcher.add(large.resource_spans[0]))) == 1
    assert [spans for _, spans in batcher.rest()] == [1]


def test_busy_server_is_asked_again_when_it_says() -> None:
    slept: list[float] = []
    answers = iter([httpx2.Response(503, headers={"Retry-After": "3"}), httpx2.Response(429)])
    bodies = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        bodies.append(request.content)
        return next(answers, httpx2.Response(200))

    with uploader(answer, slept) as sender:
        sender.send(b"body", 7)
        sender.finish()
    assert bodies == [b"body"] * 3
    assert slept == [3.0, 1.0]
    assert sender.tally == Tally(accepted=7)


def test_server_that_never_takes_it_ends_the_import() -> None:
    asked = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(1)
        return httpx2.Response(503, content=Status(message="the disk is full").SerializeToString())

    with uploader(answer) as sender:
        sender.send(b"", 7)
        with pytest.raises(Failure, match="answers 503: the disk is full"):
            sender.finish()
    assert len(asked) == TRIES
    assert sender.tally.refused == 7


@pytest.mark.parametrize("status", [401, 404])
def test_answer_that_will_not_change_ends_the_import_at_once(status: int) -> None:
    with uploader(lambda request: httpx2.Response(status, text="no")) as sender:
        sender.send(b"", 7)
        with pytest.raises(Failure, match=f"answered {status}"):
            sender.finish()


def test_refusals_are_counted_and_the_first_reasons_kept() -> None:
    partial = ExportTraceServiceResponse()
    partial.partial_success.rejected_spans = 2
    partial.partial_success.error_message = "2 spans have no trace id"
    answers = iter(
        [
            httpx2.Response(200, content=partial.SerializeToString()),
            httpx2.Response(400, text="bad"),
        ]
    )
    lock = threading.Lock()

    def answer(request: httpx2.Request) -> httpx2.Response:
        with lock:
            return next(answers, httpx2.Response(200))

    with uploader(answer) as sender:
        for _ in range(20):
            sender.send(b"", 10)
        sender.finish()
    assert (sender.tally.accepted, sender.tally.refused) == (188, 12)
    assert "2 spans have no trace id" in sender.tally.reasons
    lines = list(as_text(Report(files=1, spans=200), sender.tally, None))
    assert lines[-1] == "1 file, 0 traces, 200 spans: 188 accepted, 12 refused, 0 unreadable"
    assert "refused: 2 spans have no trace id" in lines


def test_first_pieces_that_cannot_be_read_are_named_and_all_counted() -> None:
    report = Report(files=1)
    for number in range(12):
        report.wrong("a\033.json", f"line {number}", "it is broken")
    *named, more, last = as_text(report, Tally(), None)
    assert named[0] == r"a\x1b.json: line 0: it is broken"
    assert (len(named), more) == (10, "and 2 more that cannot be read")
    assert last.endswith("12 unreadable")


def test_shift_moves_all_times_but_those_that_are_none() -> None:
    one = build.span(start_ns=1000, end_ns=0)
    one.events.add(time_unix_nano=1500)
    group = build.request(one).resource_spans[0]
    shift(group, 10)
    [moved] = group.scope_spans[0].spans
    assert (moved.start_time_unix_nano, moved.end_time_unix_nano) == (1010, 0)
    assert moved.events[0].time_unix_nano == 1510


def clew(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "clew", *arguments], input=stdin, capture_output=True, timeout=30
    )


def test_usage_is_checked(tmp_path: Path) -> None:
    assert clew("import").returncode == 2
    assert clew("import", "-", "-").returncode == 2
    done = clew("export", "query", "--trace", "ab" * 16)
    assert done.returncode == 2
    assert b"--trace names the traces" in done.stderr


def test_nobody_there_has_status_1_and_one_line_that_helps() -> None:
    file = build.request(build.span()).SerializeToString()
    done = clew("import", "-", "--endpoint", "127.0.0.1:1", stdin=file)
    assert done.returncode == 1
    last = done.stderr.decode().splitlines()[-1]
    assert last.startswith("clew: cannot reach http://127.0.0.1:1/v1/traces")
    assert "start Clew with clew serve" in last
    assert clew("export", "--api", "127.0.0.1:1").returncode == 1


def test_times_too_far_apart_are_not_moved() -> None:
    old = build.span(start_ns=1)
    new = build.span(start_ns=2**64 - 10, end_ns=2**64 - 1)
    file = build.request(old, new).SerializeToString()
    done = clew("import", "-", "--shift-to-now", stdin=file)
    assert done.returncode == 1
    assert b"import without --shift-to-now" in done.stderr
