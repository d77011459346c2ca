"""What OTLP says about answers (docs/reference/otlp.md, items 40 to 68)."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from tests.build import request, span
from tests.flow.door import (
    JSON,
    PROTOBUF,
    RETRYABLE_HTTP,
    Answer,
    Calls,
    Refused,
    body,
    json_body,
    post,
    serving,
    stored,
    stored_in_the_end,
    trace_id,
)
from tests.flow.server import Clew

SUCCESS = ExportTraceServiceResponse()
# name → content, content type, headers and path; the status they must get.
REFUSED: dict[str, tuple[int, bytes, str | None, dict[str, str]]] = {
    "protobuf: random bytes": (400, b"\xff\xfe random", PROTOBUF, {}),
    "protobuf: cut": (400, body("cut")[:-3], PROTOBUF, {}),
    "json: cut": (400, json_body()[:-3], JSON, {}),
    "json: protobuf inside": (400, body("wrong type"), JSON, {}),
    "protobuf: json inside": (400, json_body(), PROTOBUF, {}),
    "protobuf: no gzip": (400, b"no gzip", PROTOBUF, {"Content_Encoding": "gzip"}),
    "json: no gzip": (400, b"no gzip", JSON, {"Content_Encoding": "gzip"}),
    "protobuf: other path": (404, b"", PROTOBUF, {"path": "/"}),
    "json: other path": (404, b"{}", JSON, {"path": "/v1/trace"}),
    "protobuf: other method": (405, b"", PROTOBUF, {"method": "PUT"}),
    "json: other method": (405, b"{}", JSON, {"method": "GET"}),
    "protobuf: too large": (413, bytes((1 << 20) + 1), PROTOBUF, {}),
    "json: too large": (413, b" " * ((1 << 20) + 1), JSON, {}),
    "protobuf: other coding": (415, b"", PROTOBUF, {"Content_Encoding": "br"}),
    "json: other coding": (415, b"{}", JSON, {"Content_Encoding": "br"}),
    "no content type": (415, b"{}", None, {}),
    "other content type": (415, b"{}", "text/plain", {}),
    "grpc over HTTP/1": (415, b"", "application/grpc", {}),
}


@pytest.fixture(scope="module")
def clew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clew]:
    with serving(tmp_path_factory.mktemp("answers"), max_request_bytes="1MiB") as server:
        yield server


@pytest.fixture(scope="module")
def full_clew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clew]:
    """A server that can keep nothing: no disk has the reserve that it is told to leave free."""
    settings = {"disk_reserve_bytes": "100000TiB", "retention_free_bytes": "0"}
    with serving(tmp_path_factory.mktemp("full"), ready=False, **settings) as server:
        deadline = time.monotonic() + 30
        while not refuses(server):
            assert time.monotonic() < deadline, server.log.read_text()
            time.sleep(0.05)
        yield server


def refuses(server: Clew) -> bool:
    """False while the intake is not yet there."""
    try:
        return post(server, body("is it full?")).status == 503
    except (OSError, http.client.HTTPException):
        return False


def test_success_is_200_with_an_empty_response_of_the_requests_type(clew: Clew) -> None:
    for kind in (PROTOBUF, "application/protobuf"):
        answer = post(clew, body(kind), kind)
        assert (answer.status, answer.type) == (200, kind)
        assert ExportTraceServiceResponse.FromString(answer.body) == SUCCESS
        assert not ExportTraceServiceResponse.FromString(answer.body).HasField("partial_success")
    answer = post(clew, json_body(name="success"), JSON)
    assert (answer.status, answer.type, answer.body) == (200, JSON, b"{}")
    with Calls(clew) as calls:
        assert calls.export(body("grpc success")) == SUCCESS


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "APPLICATION/JSON", "Application/Json;a=b"]
)
def test_parameters_and_case_of_the_content_type_are_ignored(clew: Clew, kind: str) -> None:
    answer = post(clew, json_body(name=kind), kind)
    assert (answer.status, answer.type) == (200, JSON)


@pytest.mark.parametrize("name", REFUSED)
def test_refusal_is_a_status_in_the_requests_encoding(clew: Clew, name: str) -> None:
    status, content, kind, more = REFUSED[name]
    answer = post(clew, content, kind, **more)
    assert answer.status == status
    assert answer.type == (kind if kind in (PROTOBUF, JSON) else JSON)
    assert answer.said().code in (3, 8, 12)
    assert len(answer.said().message) > 20
    assert answer.status not in RETRYABLE_HTTP
    assert "Retry-After" not in answer.headers
    if status == 400:
        assert violations(answer) == [answer.said().message]


def violations(answer: Answer) -> list[str]:
    """Descriptions in the BadRequest detail."""
    if answer.type == JSON:
        return [
            one["description"]
            for detail in json.loads(answer.body)["details"]
            if detail["@type"] == "type.googleapis.com/google.rpc.BadRequest"
            for one in detail["fieldViolations"]
        ]
    detail = error_details_pb2.BadRequest()
    (packed,) = status_pb2.Status.FromString(answer.body).details
    assert packed.Unpack(detail)
    return [one.description for one in detail.field_violations]


def test_refusals_tell_no_secrets_and_no_insides(clew: Clew) -> None:
    secret = {"Authorization": "Bearer very-secret", "Cookie": "very-secret=1"}
    for _, content, kind, more in REFUSED.values():
        answer = post(clew, content, kind, **{**secret, **more})
        text = answer.body.decode(errors="replace") + str(answer.headers)
        assert "very-secret" not in text
        assert "panicked" not in text
        assert ".rs" not in text


EMPTY = {
    "protobuf: no bytes": (b"", PROTOBUF),
    "protobuf: no scopes": (b"\x0a\x00", PROTOBUF),
    "protobuf: no spans": (b"\x0a\x02\x12\x00", PROTOBUF),
    "json: object": (b"{}", JSON),
    "json: no resources": (b'{"resourceSpans":[]}', JSON),
    "json: no scopes": (b'{"resourceSpans":[{"resource":{}}]}', JSON),
    "json: no spans": (b'{"resourceSpans":[{"scopeSpans":[{"scope":{},"spans":[]}]}]}', JSON),
}


@pytest.mark.parametrize("name", EMPTY)
def test_empty_requests_succeed(clew: Clew, name: str) -> None:
    content, kind = EMPTY[name]
    answer = post(clew, content, kind)
    assert (answer.status, answer.body) == (200, b"{}" if kind == JSON else b"")
    if kind == PROTOBUF:
        with Calls(clew) as calls:
            assert calls.export(content) == SUCCESS


def ten_spans_three_invalid(name: str) -> bytes:
    spans = [span(f"span {n}", trace_id=trace_id(name), span_id=n) for n in range(1, 11)]
    spans[2].trace_id = bytes(16)
    spans[4].span_id = b"short"
    spans[6].trace_id = b""
    return request(*spans).SerializeToString()


def test_partial_success_has_the_exact_number_and_keeps_the_rest(clew: Clew) -> None:
    rejected, message = post(clew, ten_spans_three_invalid("partial http")).rejected()
    assert rejected == 3
    for word in ("span 3", "span 5", "span_id has 5 bytes instead of 8", "must not be sent again"):
        assert word in message
    with Calls(clew) as calls:
        answer = calls.export(ten_spans_three_invalid("partial grpc"))
    assert isinstance(answer, ExportTraceServiceResponse)
    assert answer.partial_success.rejected_spans == 3
    kept = {f"span {n}" for n in range(1, 11)} - {"span 3", "span 5", "span 7"}
    for name in ("partial http", "partial grpc"):
        assert {one["name"] for one in stored(clew, name, 7)} == kept


def test_json_answer_writes_the_count_as_a_string(clew: Clew) -> None:
    answer = post(clew, json_body('"kind":true'), JSON)
    assert json.loads(answer.body)["partialSuccess"]["rejectedSpans"] == "1"


def test_undecodable_grpc_is_invalid_argument(clew: Clew) -> None:
    with Calls(clew) as calls:
        answer = calls.export(b"\xff\xfe random")
    assert isinstance(answer, Refused)
    assert answer.code == grpc.StatusCode.INVALID_ARGUMENT
    assert "not an OTLP trace request" in answer.message
    assert answer.delay_s() == []


@pytest.mark.parametrize("kind", [PROTOBUF, JSON])
def test_full_disk_is_503_with_a_delay_that_clients_have_time_for(
    full_clew: Clew, kind: str
) -> None:
    seen = set()
    for number in range(6):
        name = f"full {kind} {number}"
        answer = post(full_clew, body(name) if kind == PROTOBUF else json_body(name=name), kind)
        assert (answer.status, answer.type, answer.said().code) == (503, kind, 14)
        assert "send them again" in answer.said().message
        delay = answer.headers["Retry-After"]
        assert delay.isdecimal()
        seen.add(int(delay))
    assert seen <= {1, 2, 3}
    assert len(seen) > 1, "senders are spread"


def test_full_disk_is_unavailable_with_retry_info_in_both_trailers(full_clew: Clew) -> None:
    with Calls(full_clew) as calls:
        answer = calls.export(body("full grpc"))
    assert isinstance(answer, Refused)
    assert answer.code == grpc.StatusCode.UNAVAILABLE
    delays = answer.delay_s()
    assert len(delays) == 2
    assert delays[0] == delays[1]
    assert 1 <= delays[0] <= 3


def test_refusals_of_a_full_server_are_still_final_for_what_is_wrong(full_clew: Clew) -> None:
    assert post(full_clew, b"\xff random").status == 400
    assert post(full_clew, b"", path="/").status == 404
    assert post(full_clew, b"").status == 200, "nothing to keep"


def test_same_request_is_taken_again_and_stored_once(clew: Clew) -> None:
    content = body("replayed", spans=2)
    for _ in range(3):
        assert post(clew, content).rejected() == (0, "")
    with Calls(clew) as calls:
        assert calls.export(content) == SUCCESS
    assert len(stored_in_the_end(clew, "replayed")) == 2
