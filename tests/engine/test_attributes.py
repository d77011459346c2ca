"""Keys and values for editors: from the attribute index, and from the newest matching spans."""

from typing import Any
from urllib.parse import quote

import pytest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope

from clew.query.attributes import Wanted, keys
from clew.query.per_span import span_query
from tests import build
from tests.engine.api import Client, app, client, status
from tests.engine.conftest import FilledStore

__all__ = ["app", "client", "status"]

AT = build.START_NS
FILTER = {"q": '{ name = "GET /" }'}


@pytest.fixture
def filled(store: FilledStore) -> FilledStore:
    described = build.span(
        "GET /",
        span_id=1,
        error=True,
        attrs={"http.route": "/a/b", "n": 5, "f": 1.0, "yes": True, "list": ["x", 1]},
    )
    event = described.events.add()
    event.name = "retry"
    event.attributes.extend(build.attributes({"attempt": 3, "why": "timeout"}))
    spans = [
        described,
        build.span("GET /", span_id=2, attrs={"http.route": "/a/b", "n": "five"}),
        build.span("GET /", span_id=3, attrs={"http.route": "/c"}),
        build.span("other", span_id=4, kind=3, attrs={"http.route": "/d", "a/b c": "slash"}),
    ]
    scope = InstrumentationScope(name="lib", version="2", attributes=build.attributes({"s": "t"}))
    store.take(build.request(*spans, resource={"host.name": "h1"}, scope=scope))
    return store


def values(client: Client, key: str, **parameters: Any) -> list[tuple[str, str, int]]:
    answer = client.get(f"/api/v1/attributes/{quote(key, safe='')}/values", **parameters).json()
    return [(one["value"], one["type"], one["spanCount"]) for one in answer["values"]]


@pytest.mark.parametrize("asked", [{}, FILTER])
def test_keys_come_with_scope_type_and_count(
    filled: FilledStore, client: Client, asked: dict[str, str]
) -> None:
    answer = client.get("/api/v1/attributes", **asked).json()
    found = {
        (one["scope"], one["key"], one["type"]): one["spanCount"] for one in answer["attributes"]
    }
    all_spans = 3 if asked else 4
    assert (
        found.items()
        >= {
            ("span", "http.route", "string"): all_spans,
            ("span", "n", "int"): 1,
            ("span", "n", "string"): 1,
            ("span", "f", "float"): 1,
            ("span", "yes", "bool"): 1,
            ("span", "list", "other"): 1,
            ("event", "attempt", "int"): 1,
            ("event", "why", "string"): 1,
            ("resource", "host.name", "string"): all_spans,
            ("resource", "service.name", "string"): all_spans,
            ("instrumentation", "s", "string"): all_spans,
            ("intrinsic", "name", "string"): all_spans,
            ("intrinsic", "status", "status"): all_spans,
        }.items()
    )
    assert (("span", "a/b c", "string") in found) == (not asked)
    assert answer["complete"] is True
    assert answer["covered"]["sampledSpans"] == (3 if asked else None)
    assert answer["covered"]["limitedBy"] is None


def test_keys_of_a_scope_that_begin_with_a_prefix(filled: FilledStore, client: Client) -> None:
    for asked in ({}, FILTER):
        answer = client.get("/api/v1/attributes", scope="span", prefix="http.", **asked).json()
        assert [one["key"] for one in answer["attributes"]] == ["http.route"]
    answer = client.get("/api/v1/attributes", limit=1).json()
    assert len(answer["attributes"]) == 1
    assert answer["complete"] is False


@pytest.mark.parametrize("asked", [{}, FILTER])
def test_values_are_text_with_their_type(
    filled: FilledStore, client: Client, asked: dict[str, str]
) -> None:
    assert values(client, "http.route", **asked)[:2] == [
        *([("/a/b", "string", 2), ("/c", "string", 1)])
    ]
    assert values(client, "http.route", prefix="/a", **asked) == [("/a/b", "string", 2)]
    assert values(client, "n", **asked) == [("5", "int", 1), ("five", "string", 1)]
    assert values(client, "f", **asked) == [("1.0", "float", 1)]
    assert values(client, "yes", **asked) == [("true", "bool", 1)]
    assert values(client, "why", scope="event", **asked) == [("timeout", "string", 1)]
    assert values(client, "attempt", **asked) == [("3", "int", 1)]
    assert values(client, "why", scope="span", **asked) == []


@pytest.mark.parametrize("asked", [{}, FILTER])
def test_intrinsics_have_values_too(
    filled: FilledStore, client: Client, asked: dict[str, str]
) -> None:
    others = 0 if asked else 1
    assert values(client, "name", **asked)[0] == ("GET /", "string", 3)
    assert ("client", "kind", others) in [*values(client, "kind", **asked), ("client", "kind", 0)]
    assert values(client, "status", prefix="er", **asked) == [("error", "status", 1)]
    assert values(client, "event:name", **asked) == [("retry", "string", 1)]
    assert values(client, "instrumentation:name", **asked) == [("lib", "string", 3 + others)]
    answer = client.get("/api/v1/attributes/event:name/values", **asked).json()
    assert answer["covered"]["sampledSpans"] == (3 if asked else None)
    path = "/api/v1/attributes/duration/values"
    error = client.error(path, 404, scope="intrinsic", **asked)
    assert error["message"] == "There is no list of values of an intrinsic 'duration'."
    assert "event:name" in error["hint"]


def test_lists_are_shown_as_json_from_the_spans_only(filled: FilledStore, client: Client) -> None:
    assert values(client, "list", **FILTER) == [('["x",1]', "other", 1)]
    answer = client.get("/api/v1/attributes/list/values").json()
    assert (answer["values"], answer["complete"]) == ([], False)


def test_key_may_contain_anything(filled: FilledStore, client: Client) -> None:
    assert values(client, "a/b c") == [("slash", "string", 1)]
    assert client.get("/api/v1/attributes/a/b c/values").json()["values"]
    assert values(client, "no/such/key/values") == []


def test_many_values_are_not_complete(store: FilledStore, client: Client) -> None:
    spans = [build.span(span_id=number, attrs={"id": f"v{number}"}) for number in range(1, 60)]
    store.take(build.request(*spans))
    answer = client.get("/api/v1/attributes/id/values").json()
    assert answer["complete"] is False
    answer = client.get("/api/v1/attributes/id/values", q="{ }").json()
    assert len(answer["values"]) == 59
    assert answer["complete"] is True


def test_sample_is_the_newest_matching_spans(
    store: FilledStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("clew.query.attributes.SAMPLE", 2)
    spans = [
        build.span(span_id=number, start_ns=AT + number, attrs={f"k{number}": 1})
        for number in range(1, 6)
    ]
    store.take(build.request(*spans))
    query = span_query('{ span:id != "0000000000000004" }')
    found = keys(store.reader(), query, Wanted(AT, AT + 9))
    assert {key.key for key in found.keys if key.scope == "span"} == {"k3", "k5"}
    assert found.sample is not None
    assert (found.sample.start_ns, found.sample.spans, found.sample.limited_by) == (
        AT + 3,
        2,
        "limit",
    )
    assert found.complete is False


def test_no_span_matches(filled: FilledStore, client: Client) -> None:
    for path in ("/api/v1/attributes", "/api/v1/attributes/n/values"):
        answer = client.get(path, q='{ name = "nowhere" }').json()
        assert answer.get("attributes", answer.get("values")) == []
        assert (answer["complete"], answer["covered"]["sampledSpans"]) == (True, 0)


def test_empty_key_is_a_key(store: FilledStore, client: Client) -> None:
    store.take(build.request(build.span(attrs={"": "nameless"})))
    found = client.get("/api/v1/attributes", scope="span", q="{ }").json()
    assert [one["key"] for one in found["attributes"]] == [""]
    assert found["complete"] is True


def test_queries_of_whole_traces_are_refused(client: Client) -> None:
    for path in ("/api/v1/attributes", "/api/v1/attributes/x/values"):
        error = client.error(path, 400, q="{ } >> { }")
        assert error["code"] == "needs_trace"
    assert client.error("/api/v1/attributes", 400, q="{ name = }")["code"] == "invalid_query"
