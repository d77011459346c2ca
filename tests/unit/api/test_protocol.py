"""What the HTTP server refuses by itself, on a real connection."""

import asyncio
import json
from functools import partial

import pytest
import uvicorn
from starlette.responses import Response
from uvicorn.server import ServerState

from clew.api import Protocol
from clew.api.types import ErrorAnswer


async def ask(request: bytes) -> tuple[bytes, dict[bytes, bytes], bytes]:
    """The status line, headers and body of the answer."""
    config = uvicorn.Config(Response(b"read"), http=Protocol, lifespan="off", log_level="critical")
    config.load()
    made = partial(Protocol, config=config, server_state=ServerState(), app_state={})
    server = await asyncio.get_running_loop().create_server(made, "127.0.0.1", 0)
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(request)
        answer = await asyncio.wait_for(reader.read(), 20)
        writer.close()
        await writer.wait_closed()
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
    assert headers[b"cache-control"] == b"no-store"
    assert headers[b"x-content-type-options"] == b"nosniff"
    assert int(headers[b"content-length"]) == len(body)
    error = ErrorAnswer.model_validate(json.loads(body)).error
    assert (error.code, error.message) == (code, words)
    assert error.hint


def test_longest_url_is_read() -> None:
    line = b"GET /" + b"a" * 65_500 + b" HTTP/1.1\r\nConnection: close\r\n\r\n"
    status, _, body = asyncio.run(ask(line))
    assert (status, body) == (b"HTTP/1.1 200 OK", b"read")
