"""The API over the real engine, in process: no port, no sleep."""

import asyncio
from typing import Any

import httpx2 as httpx
import pytest
from fastapi import FastAPI

from clew.api import LOOPBACK_HOSTS, create_app
from clew.api.otlp_types import OtlpTraces
from clew.api.search_types import SearchAnswer
from clew.api.types import ErrorAnswer, ServicesAnswer
from clew.sql import Statement
from tests import build
from tests.engine.api import NOW_NS, Client, Status, app, client, no_keys, status
from tests.engine.conftest import FilledStore

__all__ = ["app", "client", "status"]

HEX = build.TRACE_ID.hex()
PROBES = ("livez", "readyz", "metrics")


def test_trace_is_otlp_json(store: FilledStore, client: Client) -> None:
    store.take(build.request(build.span("GET /ü", attrs={"n": 2**60})))
    response = client.get(f"/api/v1/traces/{HEX.upper()}")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert "GET /ü".encode() in response.content
    (group,) = OtlpTraces.model_validate(response.json()).resource_spans
    (span,) = group.scope_spans[0].spans
    assert span.trace_id == HEX
    assert span.attributes[0].value.int_value == str(2**60)


def test_unknown_trace_is_404(client: Client) -> None:
    error = client.error(f"/api/v1/traces/{HEX}", 404)
    assert error["code"] == "trace_not_found"
    assert HEX in error["message"]


@pytest.mark.parametrize("text", ["abc", HEX[:-1], HEX + "0", "g" * 32, "%F0%9F%A6%84" * 32])
def test_malformed_trace_id_is_400(client: Client, text: str) -> None:
    error = client.error(f"/api/v1/traces/{text}", 400)
    assert error["code"] == "invalid_argument"
    assert "is not a trace id" in error["message"]


def test_search_answers_in_the_shape_promised(store: FilledStore, client: Client) -> None:
    store.take(build.request(build.span("GET /", parent=9, error=True, attrs={"a": [1, "x"]})))
    query = "{ status = error } | by(kind) | select(span.a, span.missing)"
    response = client.get("/api/v1/search", q=query)
    array = {"arrayValue": {"values": [{"intValue": "1"}, {"stringValue": "x"}]}}
    assert response.json() == {
        "traces": [
            {
                "traceId": HEX,
                "rootServiceName": "shop",
                "rootName": "GET /",
                "startTimeUnixNano": str(build.START_NS),
                "durationNanos": "1000000",
                "spanCount": 1,
                "errorCount": 1,
                "orphanCount": 1,
                "services": [{"name": "shop", "spanCount": 1, "errorCount": 1}],
                "setCount": 1,
                "spanSets": [
                    {
                        "matched": 1,
                        "by": [{"field": "kind", "value": {"stringValue": "server"}}],
                        "spans": [
                            {
                                "spanId": "0000000000000001",
                                "name": "GET /",
                                "serviceName": "shop",
                                "startTimeUnixNano": str(build.START_NS),
                                "durationNanos": "1000000",
                                "statusCode": 2,
                                "attributes": [{"key": "span.a", "value": array}],
                            }
                        ],
                    }
                ],
            }
        ],
        "nextCursor": None,
        "covered": {
            "startTimeUnixNano": str(NOW_NS - 3600 * build.SECOND_NS),
            "endTimeUnixNano": str(NOW_NS),
            "limitedBy": None,
        },
    }


def test_search_pages_with_the_cursor_keep_their_range(store: FilledStore, status: Status) -> None:
    clock = [NOW_NS]
    client = Client(create_app(store.reader(), status, no_keys(), now_ns=lambda: clock[0]))
    store.take(
        build.request(
            *[
                build.span(trace_id=bytes(15) + bytes([n]), start_ns=build.START_NS - n)
                for n in range(1, 6)
            ]
        )
    )
    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        parameters = {"cursor": cursor} if cursor else {}
        page = client.get("/api/v1/search", limit=2, **parameters).json()
        SearchAnswer.model_validate(page)
        seen += [trace["traceId"][-1] for trace in page["traces"]]
        cursor, pages = page["nextCursor"], pages + 1
        assert page["covered"]["endTimeUnixNano"] == str(NOW_NS)
        clock[0] += 3600 * build.SECOND_NS
    assert seen == ["1", "2", "3", "4", "5"]
    assert pages == 3


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (str(build.START_NS), str(build.START_NS)),
        ("1795348800", "1795348800.5"),
        ("2026-11-22T12:00:00Z", "2026-11-22T13:00:00.000000001+01:00"),
    ],
)
def test_search_takes_times_in_three_forms(
    store: FilledStore, client: Client, start: str, end: str
) -> None:
    store.take(build.request(build.span()))
    assert len(client.get("/api/v1/search", start=start, end=end).json()["traces"]) == 1


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"limit": 0}, "limit: '0' is less than 1."),
        ({"limit": 1001}, "limit: '1001' is more than 1000."),
        ({"limit": "many"}, "limit: 'many' is not a whole number."),
        ({"limit": ["1", "2"]}, "limit: it is given 2 times."),
        ({"serivce": "x"}, "'serivce': there is no such parameter."),
        ({"start": ""}, "'' is not a time"),
        ({"start": "17953488001"}, "has 11 digits"),
        ({"cursor": ""}, "not a cursor"),
        ({"start": "yesterday"}, "'yesterday' is not a time"),
        ({"start": "2", "end": "1"}, "2 is after end 1"),
        ({"cursor": "nonsense"}, "not a cursor"),
        ({"cursor": "ünsense"}, "not a cursor"),
    ],
)
def test_parameter_that_makes_no_sense_is_400(
    client: Client, parameters: dict[str, Any], words: str
) -> None:
    error = client.error("/api/v1/search", 400, **parameters)
    assert error["code"] == "invalid_argument"
    assert words in error["message"]


def test_unknown_parameter_is_told_the_known_ones(client: Client) -> None:
    hint = client.error("/api/v1/search", 400, Limit=5)["hint"]
    assert hint == "Parameters are: cursor, end, limit, q, spansPerSet, start."
    assert client.error(f"/api/v1/traces/{HEX}", 400, start=5)["hint"] == "There are none here."
    assert client.error("/api/v1/services", 400, q="x")["hint"] == "Parameters are: end, start."
    assert client.get("/livez", probe="1").status_code == 200


def test_cursor_belongs_to_its_query(store: FilledStore, client: Client) -> None:
    store.take(build.request(*[build.span(trace_id=bytes(15) + bytes([n])) for n in (1, 2)]))
    cursor = client.get("/api/v1/search", q="service.name = shop", limit=1).json()["nextCursor"]
    error = client.error("/api/v1/search", 400, limit=1, cursor=cursor)
    assert error["code"] == "invalid_argument"
    assert "cursor of another query" in error["message"]
    again = client.get("/api/v1/search", q="service.name = shop", limit=1, cursor=cursor)
    assert len(again.json()["traces"]) == 1


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:7070", 200),
        ("LOCALHOST", 200),
        ("localhost.:7070", 200),
        ("[::1]:7070", 200),
        ("127.9.9.9:7070", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example:7070", 421),
        ("[::2]:7070", 421),
        ("[::1].evil.example", 421),
        ("", 421),
    ],
)
def test_only_names_of_this_machine_are_answered(
    store: FilledStore, host: str, status: int
) -> None:
    hosts = LOOPBACK_HOSTS | {"127.9.9.9"}
    client = Client(create_app(store.reader(), Status(), no_keys(), allowed_hosts=hosts))
    response = client.get("/api/v1/services", headers={"Host": host})
    assert response.status_code == status
    if status == 421:
        ErrorAnswer.model_validate(response.json())
        assert response.json()["error"]["code"] == "wrong_host"
    for path in ("/livez", "/readyz", "/metrics"):
        assert client.get(path, headers={"Host": host}).status_code == 200


def test_query_that_is_not_understood_says_where(client: Client) -> None:
    error = client.error("/api/v1/search", 400, q="{ nam = 1 }")
    assert error["code"] == "invalid_query"
    assert error["position"] == 2
    assert "span.nam" in error["hint"]


def test_services_are_listed(store: FilledStore, client: Client) -> None:
    store.take(build.request(build.span(), service="b"), build.request(build.span(), service="a"))
    body = client.get("/api/v1/services").json()
    assert body == {
        "services": [
            {"name": "a", "spanCount": 1, "errorCount": 0},
            {"name": "b", "spanCount": 1, "errorCount": 0},
        ]
    }
    ServicesAnswer.model_validate(body)


def test_route_that_is_not_there_has_the_same_error_shape(client: Client) -> None:
    assert client.error("/api/v2/nothing", 404)["code"] == "not_found"
    assert client.error("/docs", 404)["code"] == "not_found"


def test_wrong_method_is_405_with_allow(client: Client) -> None:
    response = client.get("/api/v1/search", method="POST")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET"
    assert response.json()["error"]["code"] == "method_not_allowed"


def test_health_follows_the_status(client: Client, status: Status) -> None:
    assert client.get("/livez").json() == {"live": True}
    assert client.get("/readyz").json() == {"ready": True, "checks": {"store": "ok"}}
    status.is_ready = False
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"ready": False, "checks": {"store": "starting"}}


def test_metrics_are_text(client: Client) -> None:
    response = client.get("/metrics")
    assert response.text == "clew_up 1\n"
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")


def test_traces_beyond_the_connections_are_told_to_come_back(
    store: FilledStore, app: FastAPI
) -> None:
    reader = store.reader()
    slow = Statement("test", "select number from numbers(1000000)", frozenset())
    streams = [reader.stream(slow) for _ in range(reader.streams)]
    for stream in streams:
        next(stream)
    store.take(build.request(build.span()))

    async def crowd() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://clew") as caller:
            asked = [caller.get(f"/api/v1/traces/{HEX}") for _ in range(reader.streams + 1)]
            answers = asyncio.gather(*asked)
            # Those that got a turn wait for a connection in their threads.
            asyncio.get_running_loop().call_later(0.5, lambda: [one.close() for one in streams])
            return list(await answers)

    answers = asyncio.run(crowd())
    assert sorted(answer.status_code for answer in answers) == [200] * reader.streams + [503]
    busy = next(answer for answer in answers if answer.status_code == 503)
    assert busy.headers["retry-after"] == "2"
    error = busy.json()["error"]
    assert error["code"] == "busy"
    assert error["hint"].startswith("Ask again after the seconds of Retry-After")


def test_client_that_leaves_frees_its_turn(store: FilledStore, app: FastAPI) -> None:
    spans = [build.span(span_id=number) for number in range(1, 6_001)]
    store.take(build.request(*spans))
    scope = {
        "type": "http",
        "method": "GET",
        "path": f"/api/v1/traces/{HEX}",
        "raw_path": b"",
        "query_string": b"",
        "headers": [],
        "http_version": "1.1",
    }

    async def leave_after_the_first_piece() -> None:
        first_piece = asyncio.Event()

        async def receive() -> dict[str, Any]:
            await first_piece.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            if message.get("body"):
                first_piece.set()

        await app(scope, receive, send)

    async def leave_often() -> None:
        for _ in range(2 * store.reader().streams):
            await leave_after_the_first_piece()

    asyncio.run(leave_often())
    assert store.reader().query(Statement("test", "select 1 as one", frozenset())).num_rows == 1


def test_openapi_of_the_health_routes_says_what_they_answer(client: Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    live, ready, metrics = (paths[f"/{name}"]["get"]["responses"] for name in PROBES)
    assert list(live) == ["200"]
    assert list(ready) == ["200", "503"]
    for answer in ready.values():
        schema = answer["content"]["application/json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/ReadyAnswer"}
    assert list(metrics) == ["200"]
    assert list(metrics["200"]["content"]) == ["text/plain"]


def test_openapi_of_the_parameters_says_what_is_refused(client: Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    (trace_id,) = paths["/api/v1/traces/{trace_id}"]["get"]["parameters"]
    assert trace_id["schema"]["pattern"] == "^[0-9a-fA-F]{32}$"
    of_search = {one["name"]: one["schema"] for one in paths["/api/v1/search"]["get"]["parameters"]}
    for name in ("start", "end", "cursor"):
        assert of_search[name]["anyOf"][0]["minLength"] == 1
