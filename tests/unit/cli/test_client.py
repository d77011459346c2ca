"""What the API answers, and what is made of its failures."""

from __future__ import annotations

from collections.abc import Callable

import httpx2
import pytest

from clew.cli.client import Api, advice, base_url
from clew.cli.output import Failure


def api(answer: Callable[[httpx2.Request], httpx2.Response]) -> Api:
    return Api("http://clew.example:7070", transport=httpx2.MockTransport(answer))


def answering(status: int, body: bytes) -> Api:
    headers = {"content-type": "application/json"}
    return api(lambda request: httpx2.Response(status, content=body, headers=headers))


def test_body_of_a_good_answer_is_returned() -> None:
    assert answering(200, b'{"traces":[]}').get("/api/v1/search") == {"traces": []}
    assert answering(200, b"{}").find("/api/v1/traces/1") == b"{}"


def test_parameters_are_encoded() -> None:
    seen = []

    def answer(request: httpx2.Request) -> httpx2.Response:
        seen.append(request.url.params["q"])
        return httpx2.Response(200, json={})

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


def error(code: str) -> bytes:
    return b'{"error":{"code":"%s","message":"No."}}' % code.encode()


def test_what_is_not_there_is_none() -> None:
    assert answering(404, error("trace_not_found")).find("/api/v1/traces/1") is None
    assert answering(503, error("busy")).find("/x", absent=("busy", "unavailable")) is None


@pytest.mark.parametrize("body", [b"404 page not found", b"{}", b'{"error":{"code":"x"}}'])
def test_404_of_something_else_is_not_a_missing_trace(body: bytes) -> None:
    with pytest.raises(Failure, match=r"answered 404.*this address is not Clew's API"):
        answering(404, body).find("/api/v1/traces/1")


def test_404_for_a_wrong_path_is_not_a_missing_trace() -> None:
    with pytest.raises(Failure, match=r"^No\.$"):
        answering(404, error("not_found")).find("/api/v1/traces/1")


@pytest.mark.parametrize("body", [b"<html>", b"[]"])
def test_good_answer_of_something_else_is_recognised(body: bytes) -> None:
    with pytest.raises(Failure, match="is not Clew's API"):
        answering(200, body).get("/api/v1/search")
    with pytest.raises(Failure, match="is not Clew's API"):
        api(lambda request: httpx2.Response(200, html="<p>")).find("/api/v1/traces/1")


def test_message_and_hint_are_set_apart() -> None:
    body = b'{"error":{"code":"x","message":"it is starting","hint":"ask again"}}'
    with pytest.raises(Failure, match=r"^it is starting; ask again$"):
        answering(503, body).get("/x")


@pytest.mark.parametrize(
    ("said", "advised"),
    [
        ("[SSL: WRONG_VERSION_NUMBER] wrong version number", "is it http:// there"),
        ("certificate verify failed", "is it http:// there"),
        ("[Errno -2] Name or service not known", "check the name"),
        ("Temporary failure in name resolution", "check the name"),
        ("Connection refused", "start"),
    ],
)
def test_advice_fits_the_failure(said: str, advised: str) -> None:
    assert advised in advice(httpx2.ConnectError(said), "start")


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


@pytest.mark.parametrize("text", ["", "ftp://h", "http://", "http://h:port", "http://h:65536"])
def test_wrong_address_names_the_flag(text: str) -> None:
    with pytest.raises(Failure, match=r"--api .* is not an address"):
        base_url(text, "--api")
