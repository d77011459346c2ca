"""The shop as a whole, without a network."""

from __future__ import annotations

from itertools import takewhile

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from clew.demo.fleet import Instance
from clew.demo.reporter import SAY_EVERY_S, Refused, Reporter
from clew.demo.sender import Answer
from clew.demo.shop import Couriers, Shop, arrivals, finish

NOW_NS = 1_795_348_800_000_000_000
OK = Answer(taken=True)


def bodies(seed: int, visits: int) -> dict[Instance, bytes]:
    """What is due after a few visits, by instance."""
    shop = Shop(seed)
    for visit in range(visits):
        shop.tell(visit / 10, NOW_NS)
    due = ((instance, outbox.take(0.0)) for instance, outbox in shop.outboxes.items())
    return {instance: body for instance, body in due if body is not None}


def test_every_instance_sends_its_own_spans_and_they_end_now() -> None:
    ends, sent = [], bodies(3, 60)
    for instance, body in sent.items():
        (group,) = ExportTraceServiceRequest.FromString(body).resource_spans
        attributes = {pair.key: pair.value.string_value for pair in group.resource.attributes}
        assert attributes["service.instance.id"] == instance.id
        ends += [span.end_time_unix_nano for scoped in group.scope_spans for span in scoped.spans]
    assert len({instance.service for instance in sent}) >= 10
    assert max(ends) == NOW_NS


def test_same_seed_sends_the_same_bytes() -> None:
    assert [*bodies(3, 30).values()] == [*bodies(3, 30).values()]


def until(moments: float, rate: float, *, steady: bool) -> list[float]:
    return [*takewhile(lambda moment: moment < moments, arrivals(rate, 5, steady=steady))]


def test_customers_come_at_the_rate_asked_for() -> None:
    assert 4600 < len(until(1200, 4, steady=True)) < 5000
    assert 4600 < len(until(1200, 4, steady=False)) < 5000
    assert until(60, 4, steady=False) == until(60, 4, steady=False)


def test_evening_is_busier_than_night() -> None:
    moments = until(1200, 4, steady=False)
    evening = sum(200 <= moment < 400 for moment in moments)
    night = sum(800 <= moment < 1000 for moment in moments)
    assert evening > 2.5 * night


def test_couriers_send_everything_and_count_it() -> None:
    shop = Shop(seed=1)
    for visit in range(200):
        shop.tell(visit / 10, NOW_NS)
    couriers = Couriers(shop, lambda sdk, body: OK)
    reporter = Reporter("http://h", shop, lambda text: None, rate=1)
    finish(shop, couriers, reporter)
    couriers.close()
    assert shop.unsent == 0
    assert shop.tally.accepted == shop.spans


def heard(*answers: Answer) -> list[str]:
    said: list[str] = []
    reporter = Reporter("http://h/v1/traces", Shop(seed=1), said.append, rate=2)
    for answer in answers:
        reporter.hear([answer], 0.0)
    return said


BUSY = Answer(taken=False, again=True, trouble="answers 503")


def test_first_failure_ends_the_demo() -> None:
    with pytest.raises(Refused, match=r"does not answer .*clew serve"):
        heard(Answer(taken=False, again=True, trouble="does not answer (Connection refused)"))


def test_later_trouble_is_said_once_and_its_end_too() -> None:
    assert heard(OK, BUSY, BUSY, OK, OK) == [
        "http://h/v1/traces answers 503 and is asked again",
        "http://h/v1/traces takes spans",
    ]


def test_what_was_reached_and_what_was_lost_is_said() -> None:
    said: list[str] = []
    shop = Shop(seed=1)
    reporter = Reporter("http://h", shop, said.append, rate=30)
    reporter.opened(0.0, 0.0)
    shop.stories, shop.skipped = 150, 7
    shop.tally.accepted, shop.tally.dropped, shop.tally.rejected = 2000, 12, 1
    reporter.hear([], SAY_EVERY_S)
    assert said == [
        "150 traces (15.0 a second; 30 asked for), 2000 spans accepted, 1 rejected, "
        "12 dropped because a queue was full; 7 arrivals skipped, the shop was too slow"
    ]


def test_what_could_not_be_sent_is_said_at_the_end() -> None:
    said: list[str] = []
    shop = Shop(seed=1)
    shop.tell(0.0, NOW_NS)
    Reporter("http://h", shop, said.append, rate=1).summary(last=True)
    assert f", {shop.unsent} not sent before the shop closed" in said[0]
