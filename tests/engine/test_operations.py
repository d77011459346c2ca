"""Operations of services."""

import pytest

from clew.query.operations import Operation, operations
from tests import build
from tests.engine.api import Client, app, client, status
from tests.engine.conftest import FilledStore

__all__ = ["app", "client", "status"]

AT = build.START_NS


@pytest.fixture
def filled(store: FilledStore) -> FilledStore:
    store.take(
        build.request(
            build.span("GET /", span_id=1, error=True),
            build.span("GET /", span_id=2),
            build.span("GET /", span_id=3, kind=3),
            build.span("late", span_id=4, start_ns=AT + 5),
        ),
        build.request(build.span("GET /", span_id=5), service="cart"),
        build.request(build.span("odd", span_id=6, kind=77), service="cart"),
    )
    return store


def test_spans_are_counted_by_service_name_and_kind(filled: FilledStore) -> None:
    assert operations(filled.reader(), None, None, AT, AT + 4, 100) == [
        Operation("shop", "GET /", "server", 2, 1),
        Operation("cart", "GET /", "server", 1, 0),
        Operation("cart", "odd", "77", 1, 0),
        Operation("shop", "GET /", "client", 1, 0),
    ]


def test_one_service_and_one_kind(filled: FilledStore, client: Client) -> None:
    answer = client.get("/api/v1/operations", service="shop", kind="server", limit=1).json()
    assert answer == {
        "operations": [
            {
                "serviceName": "shop",
                "name": "GET /",
                "kind": "server",
                "spanCount": 2,
                "errorCount": 1,
            }
        ],
        "complete": False,
    }
    assert "'x'" in client.error("/api/v1/operations", 400, kind="x")["message"]
    assert client.get("/api/v1/operations", service="none").json()["operations"] == []
