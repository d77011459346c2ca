"""What the HTTP server refuses by itself, on a real connection."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

import pytest
import uvicorn
from starlette.responses import Response
from uvicorn.server import ServerState

from clew.api import Protocol, protocol
from clew.api.types import ErrorAnswer
from clew.headers import SAFE

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def serving(**settings: int) -> AsyncIterator[Connection]:
    """A server, and a connection to it."""
    config = uvicorn.Config(
        Response(b"read"), http=Protocol, lifespan="off", log_level="critical", **settings
    )
    config.load()
    made = partial(Protocol, config=config, server_state=ServerState(), app_state={})
    server = await asyncio.get_running_loop().create_server(made, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        try:
            yield reader, writer
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()


async def ask(request: bytes) -> tuple[bytes, dict[bytes, bytes], bytes]:
    """The status line, headers and body of the answer."""
    async with serving() as (reader, writer):
        writer.write(request)
        answer = await asyncio.wait_for(reader.read(), 20)
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    return status, dict(line.lower().split(b": ", 1) for line in lines), body


@pytest.mark.parametrize(
    ("request_", "status", "code", "words"),
    [
        (
            b"GET /api/v1/search?q=" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: clew\r\n\r\n",
            b"HTTP/1.1 414 URI Too Long",
            "url_too_long",
            "The URL has 70017 bytes, 65535 can be read.",
        ),
        (
            b"nonsense\r\n\r\n",
            b"HTTP/1.1 400 Bad Request",
            "bad_request",
            "What came in is no HTTP request.",
        ),
    ],
    ids=["too long", "no request"],
)
def test_refusal_of_the_server_has_the_shape_of_all_errors(
    request_: bytes, status: bytes, code: str, words: str
) -> None:
    line, headers, body = asyncio.run(ask(request_))
    assert line == status
    assert headers[b"content-type"] == b"application/json"
    for name, value in SAFE.items():
        assert headers[name.lower().encode()] == value.lower().encode()
    assert int(headers[b"content-length"]) == len(body)
    error = ErrorAnswer.model_validate(json.loads(body)).error
    assert (error.code, error.message) == (code, words)
    assert error.hint


def test_longest_url_is_read() -> None:
    line = b"GET /" + b"a" * 65_500 + b" HTTP/1.1\r\nConnection: close\r\n\r\n"
    status, _, body = asyncio.run(ask(line))
    assert (status, body) == (b"HTTP/1.1 200 OK", b"read")


def test_slow_request_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "REQUEST_WITHIN_S", 0.2)

    async def slow(before: bytes, then: bytes) -> bytes:
        async with serving() as (reader, writer):
            writer.write(before)
            found = await asyncio.wait_for(reader.read(1), 20) if before else b""
            rest = asyncio.create_task(reader.read())
            for byte in then:
                if rest.done():
                    break
                writer.write(bytes([byte]))
                await asyncio.sleep(0.05)
            with suppress(ConnectionError):  # it may hang up on bytes that it has not read
                found += await asyncio.wait_for(rest, 20)
            return found

    whole = b"GET / HTTP/1.1\r\nHost: clew\r\n\r\n"
    # Nothing at all, and a head by bytes.
    assert asyncio.run(slow(b"", b"")) == b""
    assert asyncio.run(slow(b"", whole)) == b""
    # A second request on a kept connection has no longer.
    assert asyncio.run(slow(whole, whole)).count(b"HTTP/1.1 200") <= 1


def test_many_connections_are_refused_in_the_shape_of_all_errors_and_probes_are_not() -> None:
    async def ask_as_third(path: bytes) -> bytes:
        async with serving(limit_concurrency=2) as (_, writer):
            address = writer.get_extra_info("peername")
            others = [await asyncio.open_connection(*address) for _ in range(2)]
            reader, third = others[1]
            # The first two are known before the third is heard.
            await asyncio.sleep(0.05)
            third.write(b"GET %b HTTP/1.1\r\nHost: clew\r\nConnection: close\r\n\r\n" % path)
            answer = await asyncio.wait_for(reader.read(), 20)
            for _, other in others:
                other.close()
            return answer

    head, _, body = asyncio.run(ask_as_third(b"/api/v1/services")).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ")
    for name, value in SAFE.items():
        assert f"{name}: {value}".lower().encode() in head.lower()
    assert b"retry-after: 2" in head.lower()
    assert ErrorAnswer.model_validate(json.loads(body)).error.code == "too_many_connections"
    assert asyncio.run(ask_as_third(b"/livez")).startswith(b"HTTP/1.1 200 ")
