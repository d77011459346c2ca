"""Asks many heavy questions at once while spans come in: what suffers, and is any answer wrong?

Run by the tests for some seconds; by hand for longer, on more spans and with more who ask:
`python -m tests.flow.flood --traces 100000 --seconds 60 --askers 64`.

The traces are sent before the flood and the questions end before it began, so that each has one
right answer. An answer has it, or says that time cut it off, or is a refusal in the API's words.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.flow.kill_rounds import senders
from tests.flow.server import Clew

SPANS_A_TRACE = 10
TRACES_A_REQUEST = 50
LIMIT = 1000
# Of the last traces, so that one page holds all of them.
RECENT = 40

SEARCHES = {
    '{ span.common =~ ".*mm.*n" && span.late = true }': RECENT,
    "{ span.late = true } >> { status = error }": RECENT // 10,
    "{ span.late = true } && { duration > 0ns } | count() > 5": RECENT,
    '{ .nowhere = "x" || name =~ ".*(a|b|c).*nothing" }': 0,
    "{ span.late = true && traceDuration < 1h }": RECENT,
}
OTHERS = ("/api/v1/histogram", "/api/v1/compare", "/api/v1/attributes", "/api/v1/services")


@dataclass
class Result:
    """What happened in the flood."""

    seconds: float
    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    livez_ms: list[float] = field(default_factory=list)
    livez_failed: int = 0
    acknowledged_spans: int = 0
    unacknowledged: int = 0

    def as_json(self) -> dict[str, Any]:
        slowest = sorted(self.livez_ms)
        return {
            "seconds": self.seconds,
            "answers": dict(self.answers),
            "wrong": self.wrong[:5],
            "livez_p99_ms": round(slowest[int(0.99 * len(slowest))], 1) if slowest else None,
            "livez_max_ms": round(slowest[-1], 1) if slowest else None,
            "livez_failed": self.livez_failed,
            "acknowledged_spans": self.acknowledged_spans,
            "requests_without_acknowledgement": self.unacknowledged,
        }


def run(folder: Path, traces: int, seconds: float, askers: int) -> Result:
    """A server of its own in `folder`, filled, flooded, and stopped."""
    clew = Clew(folder / "data", folder / "log")
    clew.start()
    try:
        clew.wait_ready()
        fill(clew, traces)
        clew.wait_drained()
        before_ns = time.time_ns()
        result = Result(seconds)
        until = time.monotonic() + seconds
        watcher = threading.Thread(target=_watch, args=(clew, result, until))
        asking = [
            threading.Thread(target=ask, args=(clew, result, until, before_ns, seed))
            for seed in range(askers)
        ]
        with senders(clew.ports[1], 1) as sending:
            for thread in (watcher, *asking):
                thread.start()
            for thread in (watcher, *asking):
                thread.join()
        result.acknowledged_spans = 20 * sum(len(sender.acknowledged) for sender in sending)
        result.unacknowledged = sum(sender.resent + len(sender.unknown) for sender in sending)
        return result
    finally:
        clew.stop()


def fill(clew: Clew, traces: int) -> None:
    """Traces of a root and nine children; of every tenth one child fails, the last are `late`."""
    with contextlib.closing(
        http.client.HTTPConnection("127.0.0.1", clew.ports[1], timeout=30)
    ) as connection:
        for first in range(0, traces, TRACES_A_REQUEST):
            numbers = range(first, min(first + TRACES_A_REQUEST, traces))
            body = _request(numbers, traces).SerializeToString()
            headers = {"Content-Type": "application/x-protobuf"}
            connection.request("POST", "/v1/traces", body, headers)
            answer = connection.getresponse()
            if answer.read() or answer.status != 200:
                raise AssertionError(f"HTTP {answer.status} for good spans")


def _request(numbers: range, traces: int) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    now = time.time_ns()
    for number in numbers:
        group = request.resource_spans.add()
        name = group.resource.attributes.add(key="service.name")
        name.value.string_value = f"flood-{number % 5}"
        spans = group.scope_spans.add().spans
        for place in range(SPANS_A_TRACE):
            span = spans.add(
                trace_id=b"flooding" + number.to_bytes(8, "big"),
                span_id=(SPANS_A_TRACE * number + place + 1).to_bytes(8, "big"),
                parent_span_id=(SPANS_A_TRACE * number + 1).to_bytes(8, "big") if place else b"",
                name=f"step {place}",
                kind=Span.SPAN_KIND_INTERNAL,
                start_time_unix_nano=now - 1_000_000 * (SPANS_A_TRACE - place),
                end_time_unix_nano=now,
            )
            span.attributes.add(key="common").value.string_value = "common"
            span.attributes.add(key="number").value.int_value = number
            if number >= traces - RECENT:
                span.attributes.add(key="late").value.bool_value = True
            if place == 3 and number % 10 == 0:
                span.status.code = 2
    return request


def ask(clew: Clew, result: Result, until: float, before_ns: int, seed: int) -> None:
    choice = random.Random(seed)
    while time.monotonic() < until:
        query, expected = choice.choice([*SEARCHES.items(), *((other, -1) for other in OTHERS)])
        given: dict[str, object] = {"start": before_ns - 3600 * 10**9, "end": before_ns}
        if expected < 0:
            path = query
            if path.endswith(("histogram", "compare")):
                given["q"] = "{ status = error }"
        else:
            path = "/api/v1/search"
            given |= {"q": query, "limit": LIMIT}
        try:
            status, text = _get(clew, f"{path}?{urlencode(given)}")
        except (OSError, http.client.HTTPException) as error:
            result.wrong.append(f"{path}: {type(error).__name__}: {error}")
            continue
        answer = json.loads(text)
        if status != 200:
            result.answers[f"{status} {answer['error']['code']}"] += 1
            if status not in (503, 504):
                result.wrong.append(f"{path} {given}: {status} {text[:300]}")
        elif (answer.get("covered") or {}).get("limitedBy") is not None:
            result.answers["said what was cut"] += 1
        else:
            result.answers["right"] += 1
            if expected >= 0 and len(answer["traces"]) != expected:
                found = len(answer["traces"])
                result.wrong.append(f"{query}: {found} traces, not {expected}")


def _watch(clew: Clew, result: Result, until: float) -> None:
    while time.monotonic() < until:
        began = time.monotonic()
        try:
            status, _ = _get(clew, "/livez")
        except (OSError, http.client.HTTPException):
            status = 0
        result.livez_ms.append(1e3 * (time.monotonic() - began))
        result.livez_failed += status != 200
        time.sleep(0.05)


def _get(clew: Clew, path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", clew.ports[2], timeout=60)
    with contextlib.closing(connection):
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.flow.flood")
    parser.add_argument("--traces", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--askers", type=int, default=32)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        result = run(Path(folder), options.traces, options.seconds, options.askers)
    print(json.dumps(result.as_json(), indent=1))
    return int(bool(result.wrong or result.livez_failed or result.unacknowledged))


if __name__ == "__main__":
    sys.exit(main())
