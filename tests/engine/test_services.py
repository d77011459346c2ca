"""The list of services on the real engine."""

from clew.query.services import Service, services
from tests import build
from tests.engine.conftest import FilledStore


def test_services_are_counted_in_the_range(store: FilledStore) -> None:
    at = build.START_NS
    store.take(
        build.request(
            build.span(start_ns=at), build.span(span_id=2, start_ns=at, error=True), service="shop"
        ),
        build.request(build.span(span_id=3, start_ns=at + 1), service="cart"),
        build.request(build.span(span_id=4, start_ns=at + 2), service=None),
        build.request(build.span(span_id=5, start_ns=at + 3), service="later"),
    )
    assert services(store.reader(), at, at + 2) == [
        Service("cart", 1, 0),
        Service("shop", 2, 1),
        Service("unknown_service", 1, 0),
    ]


def test_odd_times_count(store: FilledStore) -> None:
    store.take(build.request(build.span(start_ns=0), build.span(start_ns=2**64 - 1, duration_ns=0)))
    assert services(store.reader(), 0, 2**64 - 1) == [Service("shop", 2, 0)]
