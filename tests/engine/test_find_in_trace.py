"""A text within one trace, in whatever is said of its spans."""

from __future__ import annotations

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from clew.query.find_in_trace import places_of
from tests import build
from tests.engine.api import Client, app, client, status
from tests.engine.conftest import FilledStore

__all__ = ["app", "client", "status"]

FIND = f"/api/v1/traces/{build.TRACE_ID.hex()}/find"


def filled(store: FilledStore) -> None:
    """Three spans, of which the one in the middle says all that is searched for."""
    told = build.span("GET /Zürich", span_id=0xABCDEF0123456789, parent=1, start_ns=2)
    told.status.message = "ran out of lemons"
    told.trace_state = "vendor=opaque"
    told.attributes.add(key="http.route").value.string_value = "/cart/{id}"
    told.attributes.add(key="answer").value.int_value = 4711
    told.attributes.add(key="share").value.double_value = 0.125
    told.attributes.add(key="cached").value.bool_value = True
    listed = told.attributes.add(key="tags").value.array_value
    listed.values.add().string_value = "red herring"
    event = told.events.add(time_unix_nano=3, name="exception")
    event.attributes.add(key="exception.type").value.string_value = "TimeoutError"
    link = Span.Link(trace_id=b"\xfe" * 16, span_id=b"\xdc" * 8)
    link.attributes.add(key="why").value.string_value = "follows"
    told.links.append(link)
    root = build.span("root", span_id=1, start_ns=1)
    last = build.span("last", span_id=3, parent=1, start_ns=4)
    store.take(build.request(root, last), build.request(told, service="Basket"))


@pytest.mark.parametrize(
    "text",
    [
        "get /zÜRICH",
        "basket",
        "LEMONS",
        "opaque",
        "http.route",
        "/cart/{id}",
        "4711",
        "0.125",
        "cached",
        "herring",
        "exception",
        "timeouterror",
        "fefefefe",
        "dcdcdcdc",
        "follows",
        "abcdef01",
        "ABCDEF01",
    ],
)
def test_text_is_found_wherever_it_stands(store: FilledStore, text: str) -> None:
    filled(store)
    assert places_of(store.reader(), build.TRACE_ID, text) == [1]


def test_text_that_is_nowhere_or_only_across_two_fields_is_not_found(store: FilledStore) -> None:
    filled(store)
    for text in ("nowhere", "answer4711", "%", "_", "' or 1=1 --"):
        assert places_of(store.reader(), build.TRACE_ID, text) == [], text


def test_places_are_those_of_the_skeleton(store: FilledStore) -> None:
    filled(store)
    assert places_of(store.reader(), build.TRACE_ID, "t") == [0, 1, 2]
    assert places_of(store.reader(), build.TRACE_ID, "last") == [2]


def test_trace_that_is_not_there_is_said_to_be_missing(store: FilledStore, client: Client) -> None:
    assert places_of(store.reader(), b"\x77" * 16, "x") is None
    assert client.get(f"/api/v1/traces/{'77' * 16}/find", text="x").status_code == 404


def test_text_without_bounds_is_refused(store: FilledStore, client: Client) -> None:
    filled(store)
    for text in ("", "x" * 1001, "\0"):
        assert client.get(FIND, text=text).status_code == 400, text
    found = client.get(FIND, text="LEMONS")
    assert found.json() == {"places": [1], "complete": True}
