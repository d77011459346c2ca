"""The exporters: batches, retries with the server's delay, and a bounded queue."""

from __future__ import annotations

from random import Random

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from clew.demo.journeys import next_story
from clew.demo.sender import (
    BATCH_SPANS,
    FLUSH_EVERY_S,
    LONGEST_PAUSE_S,
    QUEUE_SPANS,
    Answer,
    Outbox,
    Tally,
)
from clew.demo.services import STOREFRONT, Service

SPAN = next_story(Random(1)).spans[0]
OK = Answer(200)


class Server:
    """Answers what it is told to, then OK; keeps what it got."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.bodies: list[bytes] = []

    def __call__(self, service: Service, body: bytes) -> Answer:
        self.bodies.append(body)
        return self.answers.pop(0) if self.answers else OK

    def spans(self) -> list[int]:
        return [
            sum(
                len(scoped.spans)
                for group in message.resource_spans
                for scoped in group.scope_spans
            )
            for message in map(ExportTraceServiceRequest.FromString, self.bodies)
        ]


def outbox(server: Server, spans: int) -> Outbox:
    box = Outbox(STOREFRONT, "instance", server, Random(1), Tally())
    for _ in range(spans):
        box.add(0, SPAN)
    return box


def test_full_batches_go_at_once_and_the_rest_later() -> None:
    server = Server()
    box = outbox(server, 2 * BATCH_SPANS + 5)
    for now_s in (0.0, 0.0, 0.0, FLUSH_EVERY_S):
        box.flush(now_s)
    assert server.spans() == [BATCH_SPANS, BATCH_SPANS, 5]
    assert box.empty
    assert box.tally == Tally(accepted=2 * BATCH_SPANS + 5)


def test_nothing_is_sent_when_there_is_nothing() -> None:
    server = Server()
    assert outbox(server, 0).flush(0.0) is None
    assert server.bodies == []


@pytest.mark.parametrize("status", [0, 429, 502, 503, 504])
def test_same_body_is_sent_again_after_the_delay_the_server_asks_for(status: int) -> None:
    server = Server(Answer(status, retry_after_s=3))
    box = outbox(server, 1)
    box.flush(10.0)
    box.flush(12.9)
    assert len(server.bodies) == 1
    box.flush(13.0)
    assert len(server.bodies) == 2
    assert server.bodies[0] == server.bodies[1]
    assert box.tally == Tally(accepted=1)


def test_without_a_delay_pauses_double_up_to_a_limit() -> None:
    box = outbox(Server(*[Answer(503)] * 12), 1)
    pauses, now_s = [], 0.0
    for _ in range(12):
        box.flush(now_s)
        pauses.append(box.due_s - now_s)
        now_s = box.due_s
    assert 0.5 <= pauses[0] <= 1
    assert 1 <= pauses[1] <= 2
    assert all(LONGEST_PAUSE_S / 2 <= pause <= LONGEST_PAUSE_S for pause in pauses[6:])


@pytest.mark.parametrize("status", [400, 401, 404, 413, 500])
def test_what_cannot_be_retried_is_given_up(status: int) -> None:
    server = Server(Answer(status))
    box = outbox(server, 4)
    box.flush(0.0)
    assert box.empty
    assert box.tally == Tally(rejected=4)


def test_partial_success_is_counted() -> None:
    box = outbox(Server(Answer(200, rejected=1, message="trace_id has 3 bytes")), 4)
    box.flush(0.0)
    assert box.tally == Tally(accepted=3, rejected=1)


def test_full_queue_drops_and_counts() -> None:
    box = outbox(Server(), QUEUE_SPANS + 7)
    assert box.tally.dropped == 7
