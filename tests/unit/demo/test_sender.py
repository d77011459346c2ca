"""The exporters: batches, retries with the server's delay, and a bounded queue."""

from __future__ import annotations

from random import Random

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from clew.demo.sender import (
    BATCH_SPANS,
    FLUSH_EVERY_S,
    LONGEST_PAUSE_S,
    QUEUE_SPANS,
    Answer,
    Outbox,
    Tally,
)
from clew.demo.wire import Encoder
from tests.unit.demo.conftest import live

SPAN = live(1, 0, 0.04)[-1].spans[0]
OK = Answer(taken=True)
BUSY = Answer(taken=False, again=True, trouble="answers 503")


def outbox(spans: int) -> Outbox:
    box = Outbox(SPAN.instance, SPAN.instance.resource, Encoder(), Random(1), Tally())
    for _ in range(spans):
        box.add(0, SPAN)
    return box


def sent(box: Outbox, now_s: float, answer: Answer = OK) -> bytes | None:
    """One request and its answer, if one is due."""
    body = box.take(now_s)
    if body is not None:
        box.settle(answer, now_s)
    return body


def spans_in(body: bytes | None) -> int:
    assert body is not None
    message = ExportTraceServiceRequest.FromString(body)
    return sum(
        len(scoped.spans) for group in message.resource_spans for scoped in group.scope_spans
    )


def test_full_batches_go_at_once_and_the_rest_later() -> None:
    box = outbox(2 * BATCH_SPANS + 5)
    assert [spans_in(sent(box, 0.0)) for _ in range(2)] == [BATCH_SPANS, BATCH_SPANS]
    assert sent(box, FLUSH_EVERY_S / 2) is None
    assert spans_in(sent(box, FLUSH_EVERY_S)) == 5
    assert box.unsent == 0
    assert box.tally == Tally(accepted=2 * BATCH_SPANS + 5, requests=3)


def test_rest_goes_at_once_when_the_shop_closes() -> None:
    box = outbox(0)
    assert box.take(0.0) is None
    box.add(0, SPAN)
    assert box.take(0.1) is None
    box.closing = True
    assert spans_in(box.take(0.1)) == 1


def test_nothing_is_sent_when_there_is_nothing() -> None:
    assert outbox(0).take(0.0) is None


def test_only_one_request_is_under_way() -> None:
    box = outbox(2 * BATCH_SPANS)
    assert box.take(0.0) is not None
    assert box.take(100.0) is None


def test_same_body_is_sent_again_after_the_delay_the_server_asks_for() -> None:
    box = outbox(1)
    first = sent(box, 10.0, Answer(taken=False, again=True, after_s=3))
    assert sent(box, 12.9) is None
    assert sent(box, 13.0) == first
    assert box.tally == Tally(accepted=1, requests=2)


def test_full_queue_does_not_shorten_a_pause() -> None:
    box = outbox(2 * BATCH_SPANS)
    sent(box, 0.0, Answer(taken=False, again=True, after_s=3))
    assert box.take(2.9) is None


def test_without_a_delay_pauses_double_up_to_a_limit() -> None:
    box = outbox(1)
    pauses, now_s = [], 0.0
    for _ in range(12):
        sent(box, now_s, BUSY)
        pauses.append(box.due_s - now_s)
        now_s = box.due_s
    assert 0.5 <= pauses[0] <= 1
    assert 1 <= pauses[1] <= 2
    assert all(LONGEST_PAUSE_S / 2 <= pause <= LONGEST_PAUSE_S for pause in pauses[6:])


def test_what_cannot_be_retried_is_given_up() -> None:
    box = outbox(4)
    sent(box, 0.0, Answer(taken=False, trouble="answers 400"))
    assert box.unsent == 0
    assert box.tally == Tally(rejected=4, requests=1)


def test_partial_success_is_counted() -> None:
    box = outbox(4)
    sent(box, 0.0, Answer(taken=True, rejected=1, trouble="trace_id has 3 bytes"))
    assert box.tally == Tally(accepted=3, rejected=1, requests=1)


@pytest.mark.parametrize("room", [QUEUE_SPANS, 32])
def test_full_queue_drops_and_counts(room: int) -> None:
    box = outbox(0)
    box.queue_spans = room
    for _ in range(room + 7):
        box.add(0, SPAN)
    assert box.tally.dropped == 7
    assert box.unsent == room
