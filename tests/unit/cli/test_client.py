"""What the API answers, and what is made of its failures."""

from __future__ import annotations

from collections.abc import Callable

import httpx2
import pytest

from clew.cli.client import Api, base_url
from clew.cli.output import Failure


def api(answer: Callable[[httpx2.Request], httpx2.Response]) -> Api:
    return Api("http://clew.example:7070", transport=httpx2.MockTransport(answer))


def answering(status: int, body: bytes) -> Api:
    return api(lambda request: httpx2.Response(status, content=body))


def test_body_of_a_good_answer_is_returned() -> None:
    assert answering(200, b"{}").get("/api/v1/search") == b"{}"


def test_parameters_are_encoded() -> None:
    seen = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.url.params["q"])
        return httpx2.Response(200, content=b"{}")

    api(answer).get("/api/v1/search", {"q": "service.name = a&b=c"})
    assert seen == ["service.name = a&b=c"]


def test_error_of_the_api_is_its_message_and_hint() -> None:
    body = b'{"error":{"code":"invalid_query","message":"There is no field x.","hint":"Use y."}}'
    with pytest.raises(Failure, match=r"^There is no field x\. Use y\.$"):
        answering(400, body).get("/api/v1/search")


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"error":"no"}', b'{"error":{}}', b"\xff"])
def test_answer_of_something_else_is_recognised(body: bytes) -> None:
    with pytest.raises(Failure, match="answered 502, and not as Clew's API does"):
        answering(502, body).get("/api/v1/search")


def test_what_is_not_there_is_none() -> None:
    assert answering(404, b"{}").find("/api/v1/traces/1") is None
    assert answering(503, b"{}").find("/x", absent=(404, 503)) is None


def test_unexpected_status_is_a_failure_also_when_looking() -> None:
    with pytest.raises(Failure, match="answered 500"):
        answering(500, b"").find("/api/v1/traces/1")


def test_refused_connection_says_how_to_start_clew() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("Connection refused")

    with pytest.raises(
        Failure, match=r"cannot reach Clew.s API at http://clew\.example:7070.*serve"
    ):
        api(answer).get("/")


def test_silence_is_a_failure() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadTimeout("too late")

    with pytest.raises(Failure, match="did not answer within 60 s"):
        api(answer).get("/")


def test_other_protocol_is_a_failure() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.RemoteProtocolError("illegal status line")

    with pytest.raises(Failure, match="does not answer as Clew's API does"):
        api(answer).get("/")


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://h:1", "http://h:1"),
        ("http://h:1/", "http://h:1"),
        ("h:1", "http://h:1"),
        ("https://h/clew/", "https://h/clew"),
        ("[::1]:7070", "http://[::1]:7070"),
    ],
)
def test_address_is_read_with_and_without_scheme(text: str, url: str) -> None:
    assert base_url(text, "--api") == url


@pytest.mark.parametrize("text", ["", "ftp://h", "http://", "http://h:port"])
def test_wrong_address_names_the_flag(text: str) -> None:
    with pytest.raises(Failure, match=r"--api .* is not an address"):
        base_url(text, "--api")
