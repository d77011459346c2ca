"""What the store says of a trace that somebody does not see."""

from __future__ import annotations

from clew.query.why import gather
from tests import build
from tests.engine.api import NOW_NS, Client, app, client, status
from tests.engine.conftest import FilledStore

__all__ = ["app", "client", "status"]

HEX = build.TRACE_ID.hex()


def test_services_of_spans_without_their_parent_are_counted(store: FilledStore) -> None:
    store.take(
        build.request(build.span(span_id=1), build.span(span_id=2, parent=1), service="root"),
        build.request(build.span(span_id=3, parent=77), service="cart"),
        build.request(
            build.span(span_id=4, parent=77), build.span(span_id=5, parent=78), service="shop"
        ),
    )
    found = gather(store.reader(), HEX, 0, NOW_NS)
    assert found.summary is not None
    assert found.summary.orphan_count == 3
    assert found.orphans == (("shop", 2), ("cart", 1))


def test_whole_trace_has_no_such_service_and_is_found_whatever_the_time(store: FilledStore) -> None:
    store.take(build.request(build.span(span_id=1), build.span(span_id=2, parent=1)))
    found = gather(store.reader(), HEX, 0, 1)
    assert found.summary is not None
    assert (found.summary.span_count, found.orphans) == (2, ())


def test_what_others_sent_at_that_time_is_evidence(store: FilledStore) -> None:
    store.take(build.request(build.span(), service="shop"))
    found = gather(store.reader(), "77" * 16, build.START_NS - 1, NOW_NS)
    assert found.summary is None
    assert [(one.name, one.span_count) for one in found.arrived] == [("shop", 1)]
    assert gather(store.reader(), "77" * 16, 0, 1).arrived == ()


def test_answer_says_in_part_and_unknown_where_nobody_reports(
    store: FilledStore, client: Client
) -> None:
    store.take(build.request(build.span(span_id=3, parent=77), service="cart"))
    found = client.get(f"/api/v1/why/{HEX.upper()}").json()
    assert (found["verdict"], found["missingParentCount"]) == ("partly_stored", 1)
    assert "1 of cart" in found["facts"][1]["sentence"]
    # No process has told of a backlog in this test: that nothing waits is not known.
    assert client.get(f"/api/v1/why/{'77' * 16}").json()["verdict"] == "unknown"
    assert client.get("/api/v1/why/nothing").status_code == 400
    longest = client.get("/api/v1/why/ffffffff-ffff-7fff-bfff-ffffffffffff")
    assert longest.status_code == 200
