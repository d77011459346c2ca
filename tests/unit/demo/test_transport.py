"""Both protocols: requests look as the SDK's do, answers mean what OTLP says."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import grpc
import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from clew.demo.sender import Answer
from clew.demo.services import GO, NODE
from clew.demo.transport import Grpc, Http

EXPORT = "opentelemetry.proto.collector.trace.v1.TraceService"
BODY = ExportTraceServiceRequest().SerializeToString()
PARTIAL = ExportTraceServiceResponse()
PARTIAL.partial_success.rejected_spans = 3
PARTIAL.partial_success.error_message = "why"


def posted(answer: httpx2.Response) -> tuple[Answer, httpx2.Request]:
    seen: list[httpx2.Request] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return answer

    with Http("http://h", client=httpx2.Client(transport=httpx2.MockTransport(handle))) as http:
        return http(NODE, BODY), seen[0]


def test_http_request_looks_like_the_sdk_of_its_language() -> None:
    _, request = posted(httpx2.Response(200))
    assert str(request.url) == "http://h/v1/traces"
    assert request.headers["content-type"] == "application/x-protobuf"
    assert request.headers["user-agent"].startswith("OTel-OTLP-Exporter-JavaScript/")


def test_http_partial_success_is_read() -> None:
    answer, _ = posted(httpx2.Response(200, content=PARTIAL.SerializeToString()))
    assert answer == Answer(taken=True, rejected=3, trouble="rejected 3 spans: why")


@pytest.mark.parametrize(
    ("header", "seconds"), [("2", 2.0), ("Fri, 31 Dec 1999 23:59:59 GMT", None)]
)
def test_retry_after_is_read(header: str, seconds: float | None) -> None:
    answer, _ = posted(httpx2.Response(503, headers={"Retry-After": header}))
    assert answer == Answer(False, again=True, after_s=seconds, trouble="answers 503")


@pytest.mark.parametrize(
    ("status", "again"),
    [(429, True), (502, True), (503, True), (504, True)]
    + [(status, False) for status in (400, 401, 404, 413, 415, 500)],
)
def test_http_status_says_whether_to_try_again(status: int, again: bool) -> None:
    answer, _ = posted(httpx2.Response(status))
    assert (answer.taken, answer.again) == (False, again)


def test_http_without_an_answer_is_tried_again() -> None:
    def handle(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("Connection refused")

    with Http("http://h", client=httpx2.Client(transport=httpx2.MockTransport(handle))) as http:
        answer = http(NODE, BODY)
    assert answer == Answer(False, again=True, trouble="does not answer (Connection refused)")


class Service:
    """A gRPC server that answers as it is told."""

    def __init__(self) -> None:
        self.code: grpc.StatusCode | None = None
        self.agents: list[str] = []

    def export(self, body: bytes, context: grpc.ServicerContext) -> bytes:
        self.agents += [
            value for key, value in context.invocation_metadata() if key == "user-agent"
        ]
        if self.code is not None:
            context.abort(self.code, "told to")
        return PARTIAL.SerializeToString()


@pytest.fixture
def service() -> Iterator[tuple[Service, str]]:
    service = Service()
    with ThreadPoolExecutor(1) as pool:
        server = grpc.server(pool)
        handler = grpc.unary_unary_rpc_method_handler(service.export)
        server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(EXPORT, {"Export": handler}),)
        )
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        yield service, f"http://127.0.0.1:{port}"
        server.stop(None).wait()


def test_grpc_sends_with_the_user_agent_of_the_sdk(service: tuple[Service, str]) -> None:
    server, url = service
    with Grpc(url) as transport:
        assert transport(GO, BODY) == Answer(True, rejected=3, trouble="rejected 3 spans: why")
        transport(NODE, BODY)
    assert [agent.partition("/")[0] for agent in server.agents] == [
        "OTel OTLP Exporter Go",
        "OTel-OTLP-Exporter-JavaScript",
    ]


@pytest.mark.parametrize(
    ("code", "again"),
    [
        ("UNAVAILABLE", True),
        ("DEADLINE_EXCEEDED", True),
        ("RESOURCE_EXHAUSTED", False),
        ("INVALID_ARGUMENT", False),
        ("UNAUTHENTICATED", False),
    ],
)
def test_grpc_code_says_whether_to_try_again(
    service: tuple[Service, str], code: str, again: bool
) -> None:
    server, url = service
    server.code = grpc.StatusCode[code]
    with Grpc(url) as transport:
        answer = transport(GO, BODY)
    assert answer == Answer(False, again=again, trouble=f"answers {code}: told to")


def test_grpc_takes_no_path() -> None:
    with pytest.raises(ValueError, match="gRPC takes no path"):
        Grpc("http://h:4317/v1/traces")
