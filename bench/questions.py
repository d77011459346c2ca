"""What people ask of a loaded store, each question many times, of the last 24 hours.

The store holds the mixed shape and a few planted spans: `bench.needle` is there once in a million
spans. A question names what its answer must hold; an answer that breaks this is reported.
"""

import json
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bench import generator, ids, ingest
from bench.machine import quantiles
from bench.plan import BACKGROUND_RATE, CONNECTIONS, SUSTAINED_RATE, Bench
from bench.server import Client, Server, running

Row = dict[str, Any]
Answer = dict[str, Any]

SERVICES = 10
KEYS = 97
VALUES = 1_000
NEEDLES = 10
DAY_S = 86_400


@dataclass(frozen=True)
class Question:
    """A path with its parameters, made anew for each asking, and what makes an answer wrong."""

    name: str
    ask: Callable[[], tuple[str, dict[str, Any]]]
    wrong: Callable[[Answer], bool]


def _search(name: str, query: Callable[[], str], traces: int = 20) -> Question:
    return Question(
        name,
        lambda: ("/api/v1/search", {"q": query(), "limit": 20}),
        lambda answer: len(answer["traces"]) != traces,
    )


def _service() -> str:
    return f"bench-service-{random.randrange(SERVICES):02}"


def _attribute() -> str:
    key, value = random.randrange(KEYS), random.randrange(VALUES)
    return f'span.bench.attribute.{key:02} = "attribute-val-{value:03}"'


QUESTIONS = (
    _search(
        "service + operation",
        lambda: f'{{ resource.service.name = "{_service()}" && name = "child-span-05" }}',
    ),
    _search("attribute, 1 in 10", lambda: '{ span.http.request.method = "PUT" }'),
    _search("attribute, 1 in 10,000", lambda: f"{{ {_attribute()} }}"),
    _search("attribute, 1 in 1,000,000", lambda: '{ span.bench.needle = "one" }', NEEDLES),
    _search(
        "attribute, value not there",
        lambda: f'{{ span.bench.attribute.{random.randrange(KEYS):02} = "{os.urandom(6).hex()}" }}',
        0,
    ),
    _search(
        "number in a range, 1 in 30",
        lambda: "{ span.http.response.status_code >= 500 && span.http.response.status_code < 503 }",
    ),
    _search("number in a range, 1 in 1,000,000", lambda: "{ span.bench.size > 4000 }", NEEDLES),
    _search("duration, 1 in 40", lambda: "{ duration > 150ms }"),
    _search("duration, none", lambda: "{ duration > 10s }", 0),
    _search("errors only", lambda: "{ status = error }"),
    _search("key exists, 1 in 1,000,000", lambda: "{ span.bench.needle != nil }", NEEDLES),
    _search(
        "structural",
        lambda: (
            f'{{ resource.service.name = "{_service()}" && kind = server }} > {{ status = error }}'
        ),
    ),
    _search("count", lambda: "{ status = error } | count() > 2"),
    Question("services", lambda: ("/api/v1/services", {}), lambda a: len(a["services"]) < SERVICES),
    Question(
        "operations",
        lambda: ("/api/v1/operations", {"service": _service()}),
        lambda answer: not answer["operations"],
    ),
    Question(
        "attribute keys",
        lambda: ("/api/v1/attributes", {}),
        lambda answer: len(answer["attributes"]) < KEYS,
    ),
    Question(
        "attribute values",
        lambda: (f"/api/v1/attributes/bench.attribute.{random.randrange(KEYS):02}/values", {}),
        lambda answer: not answer["values"],
    ),
    Question(
        "histogram, all", lambda: ("/api/v1/histogram", {"q": ""}), lambda a: not a["buckets"]
    ),
    Question(
        "histogram, errors",
        lambda: ("/api/v1/histogram", {"q": "{ status = error }"}),
        lambda answer: not answer["buckets"],
    ),
    Question(
        "compare",
        lambda: ("/api/v1/compare", {"q": "{ status = error }"}),
        lambda answer: not answer,
    ),
)


def loaded(bench: Bench, millions: int) -> Row:
    """A store of so many million spans, asked at rest and while 20,000 spans/s come in."""
    with running(bench.clew, bench.folder) as server:
        with _needles(server, millions * 1e6 / SUSTAINED_RATE):
            load = generator.run(
                bench.load,
                millions * 1e6 / SUSTAINED_RATE,
                endpoint=server.endpoint("grpc"),
                connections=CONNECTIONS,
                rate=SUSTAINED_RATE,
                shape="mixed",
                ids=server.folder / "acknowledged",
            )
        server.wait_drained(ingest.DRAIN_LIMIT_S)
        row: Row = {"spans": load["spans"]["accepted"] + NEEDLES}
        row["rest"] = _ask_all(bench, server)
        background = generator.start(
            bench.load,
            {
                "endpoint": server.endpoint("grpc"),
                "rate": BACKGROUND_RATE,
                "seconds": 600,
                "connections": 16,
                "shape": "mixed",
            },
        )
        try:
            row["ingest"] = _ask_all(bench, server)
            background.terminate()  # it then ends its run early and reports
            row["background"] = generator.finish(background, 30)
        finally:
            background.kill()
        row["trace"] = _traces(bench, server)
    return row


def wrong(row: Row) -> list[str]:
    """Answers that cannot be right, one line each."""
    return [
        f"{when}, {name}: {example}"
        for when in ("rest", "ingest", "trace")
        for name, asked in row.get(when, {}).items()
        for example in asked["wrong"]
    ]


def _ask_all(bench: Bench, server: Server) -> dict[str, Row]:
    client = server.client()
    return {question.name: _ask(client, question, bench.size.questions) for question in QUESTIONS}


def _ask(client: Client, question: Question, times: int) -> Row:
    """Milliseconds of each asking after a first one; what was cut off; what was wrong."""
    took, cut, wrong = [], 0, []
    for _ in range(times + 1):
        path, parameters = question.ask()
        start = int(time.time()) - DAY_S
        target = f"{path}?{urlencode({**parameters, 'start': start})}"
        began = time.perf_counter()
        status, body = client.get(target)
        took.append(1e3 * (time.perf_counter() - began))
        answer = json.loads(body)
        if status != 200:
            wrong.append(f"{target}: HTTP {status}: {body[:300]!r}")
        elif (answer.get("covered") or {}).get("limitedBy") == "time":
            cut += 1
        elif question.wrong(answer):
            wrong.append(f"{target}: {body[:300]!r}")
    return {"ms": quantiles(took[1:]), "cut": cut, "wrong": wrong[:3]}


def _traces(bench: Bench, server: Server) -> Row:
    """A trace by its id: of the first tenth that came, of the last, and one that is not there."""
    client = server.client()
    known = ids.read(server.folder / "acknowledged")
    tenth = max(1, len(known) // 10)
    chosen = {
        "old": random.choices(known[:tenth], k=bench.size.lookups // 3),
        "new": random.choices(known[-tenth:], k=bench.size.lookups // 3),
        "missing": [os.urandom(16) for _ in range(bench.size.lookups // 3)],
    }
    row: Row = {}
    for name, trace_ids in chosen.items():
        took, wrong = [], []
        for trace_id in trace_ids:
            began = time.perf_counter()
            spans = client.trace(trace_id.hex())
            took.append(1e3 * (time.perf_counter() - began))
            if (spans is None) is not (name == "missing"):
                wrong.append(trace_id.hex())
        row[name] = {"ms": quantiles(took), "wrong": wrong[:3]}
    return row


@contextmanager
def _needles(server: Server, seconds: float) -> Iterator[None]:
    """Sends the planted spans, evenly over the load."""
    failed: list[Exception] = []

    def send() -> None:
        client = Client(server.ports[1])
        for number in range(NEEDLES):
            time.sleep(seconds / (NEEDLES + 1))
            try:
                client.post("/v1/traces", _needle(number))
            except (OSError, RuntimeError) as error:
                failed.append(error)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        thread.join()
    if failed:
        raise RuntimeError(f"a planted span was not taken: {failed[0]}")


def _needle(number: int) -> bytes:
    now = time.time_ns()
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "bench-needles"
    span = resource.scope_spans.add().spans.add(
        trace_id=os.urandom(16),
        span_id=os.urandom(8),
        name="needle",
        start_time_unix_nano=now - 1_000_000,
        end_time_unix_nano=now,
    )
    span.attributes.add(key="bench.needle").value.string_value = "one"
    span.attributes.add(key="bench.size").value.int_value = 5_000 + number
    return request.SerializeToString()
