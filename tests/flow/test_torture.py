"""HTTP/1 and HTTP/2 as no client should speak them: refused or cut, and the others are served."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.flow.door import (
    ACK,
    DATA,
    GOAWAY,
    HEADERS,
    JSON,
    PING,
    RST_STREAM,
    SETTINGS,
    Frames,
    Line,
    body,
    frame,
    knock,
    serving,
    until_closed,
)
from tests.flow.server import Clew

PRIORITY, PUSH_PROMISE, WINDOW_UPDATE, CONTINUATION = 2, 5, 8, 9
END_STREAM, END_HEADERS = 1, 4
PROTOCOL_ERROR, FLOW_CONTROL, STREAM_CLOSED, FRAME_SIZE = 1, 3, 5, 6
REFUSED_STREAM, COMPRESSION, CALM = 7, 9, 11


@pytest.fixture(scope="module")
def clew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clew]:
    with serving(tmp_path_factory.mktemp("torture")) as server:
        yield server


@pytest.fixture
def healthy(clew: Clew) -> Iterator[Line]:
    """A client on a connection of its own, which is served before, and after by the same."""
    line = Line(clew.ports[1])
    assert line.send(b"").status == 200
    used = line.socket
    yield line
    assert line.send(body("healthy")).status == 200
    assert line.socket is used
    line.close()


def post(headers: bytes, content: bytes = b"", target: bytes = b"/v1/traces") -> bytes:
    kind = b"Content-Type: application/json\r\n"
    return b"POST %b HTTP/1.1\r\nHost: x\r\n%b%b\r\n%b" % (target, kind, headers, content)


def statuses(answer: bytes) -> list[int]:
    return [int(found) for found in re.findall(rb"HTTP/1\.[01] (\d{3}) ", answer)]


# What a strict reader cannot place, and what would let two readers see different requests.
WRONG_HTTP1 = {
    "two lengths": post(b"Content-Length: 2\r\nContent-Length: 3\r\n", b"{}"),
    "a negative length": post(b"Content-Length: -1\r\n"),
    "a length with a plus": post(b"Content-Length: +2\r\n", b"{}"),
    "a length of no number": post(b"Content-Length: two\r\n", b"{}"),
    "a length beyond 64 bits": post(b"Content-Length: 99999999999999999999\r\n", b"{}"),
    "an unknown transfer coding": post(b"Transfer-Encoding: gzip\r\n", b"{}"),
    "chunked that is not the last": post(b"Transfer-Encoding: chunked, gzip\r\n", b"{}"),
    "a chunk size of no number": post(b"Transfer-Encoding: chunked\r\n", b"xyz\r\n{}\r\n0\r\n\r\n"),
    "a chunk size beyond 64 bits": post(
        b"Transfer-Encoding: chunked\r\n", b"fffffffffffffffff\r\n{}\r\n0\r\n\r\n"
    ),
    "a chunk without its end": post(b"Transfer-Encoding: chunked\r\n", b"2\r\n{}xx0\r\n\r\n"),
    "a space before the colon": post(b"Content-Length : 2\r\n", b"{}"),
    "a zero byte in a header": post(b"X: a\0b\r\nContent-Length: 2\r\n", b"{}"),
    "a folded header": post(b"X: a\r\n b\r\nContent-Length: 2\r\n", b"{}"),
    "a header without a colon": post(b"nonsense\r\nContent-Length: 2\r\n", b"{}"),
    "a header without a name": post(b": x\r\nContent-Length: 2\r\n", b"{}"),
    "a carriage return in a header": post(b"X: a\rb\r\nContent-Length: 2\r\n", b"{}"),
    "200 headers": post(b"X: y\r\n" * 200 + b"Content-Length: 2\r\n", b"{}"),
    "a megabyte of a header": post(b"X: " + b"y" * (1 << 20) + b"\r\nContent-Length: 2\r\n", b"{}"),
    "a megabyte of a path": post(b"Content-Length: 2\r\n", b"{}", b"/" + b"y" * (1 << 20)),
    "HTTP/3 in the first line": post(b"Content-Length: 2\r\n", b"{}").replace(b"1.1", b"3.0", 1),
    "a space in the path": post(b"Content-Length: 2\r\n", b"{}", b"/v1/traces x"),
}


@pytest.mark.parametrize("name", WRONG_HTTP1)
def test_wrong_http1_is_never_taken(clew: Clew, healthy: Line, name: str) -> None:
    connection = knock(clew.ports[1])
    with suppress(OSError):  # the server may have heard enough
        connection.sendall(WRONG_HTTP1[name])
        connection.shutdown(1)
    found = statuses(until_closed(connection))
    connection.close()
    assert all(400 <= status < 500 for status in found), found
    assert len(found) <= 1, "nothing behind it is taken for a request"


ODD_HTTP1 = {
    "two requests at once": (post(b"Content-Length: 2\r\n", b"{}") * 2, [200, 200]),
    "empty lines before a request": (b"\r\n\r\n" + post(b"Content-Length: 2\r\n", b"{}"), [200]),
    "a whole address as the target": (
        post(b"Content-Length: 2\r\n", b"{}", b"http://x/v1/traces"),
        [200],
    ),
    "parameters behind the path": (post(b"Content-Length: 2\r\n", b"{}", b"/v1/traces?a=b"), [200]),
    "chunks with extensions and trailers": (
        post(b"Transfer-Encoding: Chunked\r\n", b"2;a=b\r\n{}\r\n0\r\nX: y\r\n\r\n"),
        [200],
    ),
    "HTTP/1.0": (post(b"Content-Length: 2\r\n", b"{}").replace(b"1.1", b"1.0", 1), [200]),
    "header names in capitals": (post(b"CONTENT-LENGTH: 2\r\n", b"{}"), [200]),
    "a body behind GET": (
        post(b"Content-Length: 2\r\n", b"{}").replace(b"POST", b"GET", 1)
        + post(b"Content-Length: 2\r\n", b"{}"),
        [405, 200],
    ),
}


@pytest.mark.parametrize("name", ODD_HTTP1)
def test_odd_but_right_http1_is_taken(clew: Clew, name: str) -> None:
    content, expected = ODD_HTTP1[name]
    connection = knock(clew.ports[1], content)
    connection.shutdown(1)
    assert statuses(until_closed(connection)) == expected
    connection.close()


def literal(name: bytes, value: bytes) -> bytes:
    """A header that is in no table, not compressed."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


METHOD_POST, SCHEME_HTTP = b"\x83", b"\x86"
PATH = b"\x04\x0a/v1/traces"
HEAD = METHOD_POST + SCHEME_HTTP + PATH + literal(b"content-type", JSON.encode())


def headers(stream: int, block: bytes = HEAD, flags: int = END_HEADERS | END_STREAM) -> bytes:
    return frame(HEADERS, flags, stream, block)


def setting(number: int, value: int) -> bytes:
    return frame(SETTINGS, 0, 0, struct.pack(">HI", number, value))


def update(stream: int, value: int) -> bytes:
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", value))


# Frames → error codes with which the connection or the stream must end.
WRONG_HTTP2: dict[str, tuple[bytes, set[int]]] = {
    "data on stream 0": (frame(DATA, 0, 0, b"x"), {PROTOCOL_ERROR}),
    "data on a stream that is not open": (
        frame(DATA, 0, 1, b"x"),
        {PROTOCOL_ERROR, STREAM_CLOSED},
    ),
    "headers on stream 0": (headers(0), {PROTOCOL_ERROR}),
    "headers on a stream of the server": (headers(2), {PROTOCOL_ERROR}),
    "streams that go backwards": (headers(5) + headers(3), {PROTOCOL_ERROR, STREAM_CLOSED}),
    "a frame above the largest": (frame(DATA, 0, 1, bytes((64 << 10) + 1)), {FRAME_SIZE}),
    "settings of five bytes": (frame(SETTINGS, 0, 0, b"12345"), {FRAME_SIZE}),
    "settings on a stream": (frame(SETTINGS, 0, 1), {PROTOCOL_ERROR}),
    "an answer to settings with content": (frame(SETTINGS, ACK, 0, bytes(6)), {FRAME_SIZE}),
    "a window of 2^31": (setting(4, 1 << 31), {FLOW_CONTROL}),
    "frames of one byte": (setting(5, 1), {PROTOCOL_ERROR}),
    "push that is 2": (setting(2, 2), {PROTOCOL_ERROR}),
    "a ping of seven bytes": (frame(PING, 0, 0, b"1234567"), {FRAME_SIZE}),
    "a ping on a stream": (frame(PING, 0, 1, b"12345678"), {PROTOCOL_ERROR}),
    "a window that grows by 0": (update(0, 0), {PROTOCOL_ERROR}),
    "a window beyond 2^31": (update(0, 2**31 - 1) * 2, {FLOW_CONTROL}),
    "a reset of no stream": (frame(RST_STREAM, 0, 1, bytes(4)), {PROTOCOL_ERROR}),
    "a continuation of nothing": (frame(CONTINUATION, END_HEADERS, 1, b""), {PROTOCOL_ERROR}),
    "a ping between headers": (
        headers(1, flags=END_STREAM) + frame(PING, 0, 0, bytes(8)),
        {PROTOCOL_ERROR},
    ),
    "a promise by a client": (
        frame(PUSH_PROMISE, END_HEADERS, 1, bytes(4) + HEAD),
        {PROTOCOL_ERROR},
    ),
    "an index that no table has": (headers(1, b"\xff\xff\x7f"), {COMPRESSION}),
    "index 0": (headers(1, b"\x80"), {COMPRESSION}),
    "a header in capitals": (headers(1, HEAD + literal(b"X-A", b"b")), {PROTOCOL_ERROR}),
    "a header of the connection": (
        headers(1, HEAD + literal(b"connection", b"close")),
        {PROTOCOL_ERROR},
    ),
    "no method": (headers(1, SCHEME_HTTP + PATH), {PROTOCOL_ERROR}),
    "a pseudo header behind a header": (
        headers(1, METHOD_POST + SCHEME_HTTP + literal(b"a", b"b") + PATH),
        {PROTOCOL_ERROR},
    ),
    "a length that is not the body's": (
        headers(1, HEAD + literal(b"content-length", b"7"), END_HEADERS)
        + frame(DATA, END_STREAM, 1, b"{}"),
        {PROTOCOL_ERROR},
    ),
    "headers without end": (
        headers(1, flags=END_STREAM)
        + b"".join(frame(CONTINUATION, 0, 1, literal(b"a", b"b" * 100)) for _ in range(10_000)),
        {PROTOCOL_ERROR, CALM, COMPRESSION},
    ),
    "streams that are opened and reset": (
        b"".join(
            headers(stream) + frame(RST_STREAM, 0, stream, struct.pack(">I", 8))
            for stream in range(1, 20_001, 2)
        ),
        {CALM},
    ),
}


def ends(frames: Frames) -> tuple[set[int], bool]:
    """Error codes with which streams and the connection end, and whether it ended altogether.

    A stream's reset may stand behind the answer to a ping, but not behind that to a second one.
    """
    found = set()
    with suppress(ConnectionError):  # a reset of TCP can overtake the farewell
        frames.send(frame(PING, 0, 0, b"the last"))
    with suppress(ConnectionError):
        for kind, flags, _, payload in frames:
            if kind == GOAWAY:
                found.add(struct.unpack(">I", payload[4:8])[0])
            elif kind == RST_STREAM:
                found.add(struct.unpack(">I", payload)[0])
            elif kind == PING and flags & ACK and payload == b"the last":
                frames.send(frame(PING, 0, 0, b"the end!"))
            elif kind == PING and flags & ACK and payload == b"the end!":
                return found, False
    return found, True


@pytest.mark.parametrize("name", WRONG_HTTP2)
def test_wrong_http2_ends_the_stream_or_the_connection(
    clew: Clew, healthy: Line, name: str
) -> None:
    content, expected = WRONG_HTTP2[name]
    frames = Frames(clew.ports[0])
    with suppress(ConnectionError):  # the server may have heard enough
        frames.send(content)
    found, ended = ends(frames)
    frames.close()
    # The general error may stand for any other.
    assert found & {*expected, PROTOCOL_ERROR} or (ended and found <= {0}), found


def test_unknown_frames_and_settings_are_passed_over(clew: Clew) -> None:
    frames = Frames(clew.ports[0])
    frames.send(
        frame(0xEE, 0xFF, 0, b"x"),
        setting(0xABC, 5),
        frame(PRIORITY, 0, 1, struct.pack(">IB", 3, 16)),
        headers(1, flags=END_HEADERS),
        frame(0xEE, 0, 1, b"x"),
        frame(DATA, END_STREAM, 1, b"{}"),
    )
    answered = False
    for kind, _, stream, payload in frames:
        assert kind not in (GOAWAY, RST_STREAM)
        answered = answered or (kind == DATA and stream == 1 and payload == b"{}")
        if answered:
            break
    frames.close()
    assert answered


def test_more_streams_than_allowed_are_refused_one_by_one(clew: Clew) -> None:
    frames = Frames(clew.ports[0])
    open_ones = [headers(stream, flags=END_HEADERS) for stream in range(1, 401, 2)]
    frames.send(*open_ones)
    found, ended = ends(frames)
    frames.close()
    assert (found, ended) == ({REFUSED_STREAM}, False)
