"""The shop as a whole, without a network."""

from __future__ import annotations

import httpx2
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from clew.demo.sender import Answer
from clew.demo.services import STOREFRONT, Service
from clew.demo.shop import Refused, Reporter, Shop, describe, post

NOW_NS = 1_795_348_800_000_000_000


def tell(shop: Shop, stories: int) -> None:
    for _ in range(stories):
        shop.tell(NOW_NS)
    shop.flush(0.0)


def test_every_service_sends_its_own_spans_and_they_end_now() -> None:
    bodies: dict[str, bytes] = {}

    def take(service: Service, body: bytes) -> Answer:
        bodies[service.name] = body
        return Answer(200)

    tell(Shop(take, seed=3), 30)
    ends = []
    for name, body in bodies.items():
        (group,) = ExportTraceServiceRequest.FromString(body).resource_spans
        attributes = {pair.key: pair.value.string_value for pair in group.resource.attributes}
        assert attributes["service.name"] == name
        ends += [span.end_time_unix_nano for scoped in group.scope_spans for span in scoped.spans]
    assert len(bodies) >= 6
    assert max(ends) == NOW_NS


def test_same_seed_sends_the_same_bytes() -> None:
    def sent() -> list[bytes]:
        bodies: list[bytes] = []

        def take(service: Service, body: bytes) -> Answer:
            bodies.append(body)
            return Answer(200)

        tell(Shop(take, seed=3), 20)
        return bodies

    assert sent() == sent()


def heard(*answers: Answer) -> list[str]:
    said: list[str] = []
    shop = Shop(lambda service, body: Answer(200), seed=1)
    reporter = Reporter("http://h/v1/traces", shop, said.append)
    for answer in answers:
        reporter.hear([answer], 0.0)
    return said


def test_first_failure_ends_the_demo() -> None:
    with pytest.raises(Refused, match=r"does not answer .*clew serve"):
        heard(Answer(0, message="Connection refused"))


def test_later_trouble_is_said_once_and_its_end_too() -> None:
    assert heard(Answer(200), Answer(503), Answer(503), Answer(200), Answer(200)) == [
        "http://h/v1/traces answers 503 and is asked again",
        "http://h/v1/traces takes spans",
    ]


def test_rejected_spans_are_said_with_the_reason() -> None:
    assert describe(Answer(200, rejected=2, message="bad ids")) == "rejected 2 spans: bad ids"


def posted(answer: httpx2.Response) -> tuple[Answer, httpx2.Request]:
    seen: list[httpx2.Request] = []

    def handle(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return answer

    with httpx2.Client(transport=httpx2.MockTransport(handle)) as client:
        return post(client, "http://h/v1/traces", STOREFRONT, b"body"), seen[0]


def test_request_looks_like_the_sdk_of_its_language() -> None:
    _, request = posted(httpx2.Response(200))
    assert request.headers["content-type"] == "application/x-protobuf"
    assert request.headers["user-agent"].startswith("OTel-OTLP-Exporter-JavaScript/")


def test_partial_success_is_read() -> None:
    body = ExportTraceServiceResponse()
    body.partial_success.rejected_spans = 3
    body.partial_success.error_message = "why"
    answer, _ = posted(httpx2.Response(200, content=body.SerializeToString()))
    assert answer == Answer(200, rejected=3, message="why")


@pytest.mark.parametrize(
    ("header", "seconds"), [("2", 2.0), ("Fri, 31 Dec 1999 23:59:59 GMT", None)]
)
def test_retry_after_is_read(header: str, seconds: float | None) -> None:
    answer, _ = posted(httpx2.Response(503, headers={"Retry-After": header}))
    assert answer == Answer(503, retry_after_s=seconds)


def test_no_answer_has_status_0() -> None:
    def handle(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("Connection refused")

    with httpx2.Client(transport=httpx2.MockTransport(handle)) as client:
        answer = post(client, "http://h", STOREFRONT, b"")
    assert answer == Answer(0, message="Connection refused")
