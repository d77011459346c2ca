"""Spans that arrived lately with times that are elsewhere."""

from uuid import UUID

from clew.query.misdated import Misdated, misdated
from tests import build
from tests.engine.conftest import FilledStore

NOW_NS = build.START_NS
MINUTE_NS = 60 * build.SECOND_NS
HOUR_NS = 60 * MINUTE_NS


def segment(at_ns: int) -> bytes:
    return UUID(int=(at_ns // 1_000_000 << 80) | 7 << 76 | 2 << 62 | 5).bytes


def put(store: FilledStore, service: str, start_ns: int, received_ns: int, spans: int = 1) -> None:
    made = [build.span(span_id=id, start_ns=start_ns + id) for id in range(1, spans + 1)]
    request = build.request(*made, service=service)
    day = received_ns // (86_400 * build.SECOND_NS)
    store.take(request, segment=segment(received_ns), receive_day=day)


def test_spans_of_another_time_are_counted_by_service(store: FilledStore) -> None:
    put(store, "right", NOW_NS - MINUTE_NS, NOW_NS - MINUTE_NS)
    put(store, "ahead", NOW_NS + 3 * HOUR_NS, NOW_NS - 2 * MINUTE_NS, spans=3)
    put(store, "behind", NOW_NS - 40 * 24 * HOUR_NS, NOW_NS)
    put(store, "known", NOW_NS - HOUR_NS, NOW_NS)
    put(store, "long ago", NOW_NS - HOUR_NS, NOW_NS - HOUR_NS)
    since = NOW_NS - 15 * MINUTE_NS
    found = misdated(store.reader(), since, since, NOW_NS + MINUTE_NS, ("known", "other"), 5)
    ahead, behind = NOW_NS + 3 * HOUR_NS, NOW_NS - 40 * 24 * HOUR_NS + 1
    assert found == [
        Misdated("ahead", 3, ahead + 1, ahead + 3),
        Misdated("behind", 1, behind, behind),
    ]


def test_no_more_services_than_asked_for(store: FilledStore) -> None:
    for name in "abc":
        put(store, name, NOW_NS + HOUR_NS, NOW_NS)
    found = misdated(store.reader(), NOW_NS - MINUTE_NS, NOW_NS - MINUTE_NS, NOW_NS, (), 2)
    assert [one.service for one in found] == ["a", "b"]
