"""Attacks on the intake by somebody without a key, while others are served."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.build import request, span
from tests.flow.door import (
    DATA,
    GOAWAY,
    HEADERS,
    JSON,
    PROTOBUF,
    RST_STREAM,
    Frames,
    Line,
    attributes,
    body,
    frame,
    knock,
    post,
    serving,
    stored,
    trace_id,
    until_closed,
)
from tests.flow.server import Clew
from tests.flow.test_conformance_sizes import peak_bytes

MIB = 1 << 20


@pytest.fixture(scope="module")
def clew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clew]:
    with serving(tmp_path_factory.mktemp("attacked")) as server:
        yield server


@contextlib.contextmanager
def while_served(clew: Clew) -> Iterator[list[float]]:
    """A client beside the attack; how long each of its requests took is in the list."""
    took: list[float] = []
    ended = threading.Event()

    def send() -> None:
        line = Line(clew.ports[1])
        while not ended.is_set() or len(took) < 10:
            began = time.monotonic()
            assert line.send(b"{}", JSON).status == 200
            took.append(time.monotonic() - began)
            ended.wait(0.01)
        line.close()

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield took
    finally:
        ended.set()
        thread.join()
    assert len(took) >= 10, "the client beside was not served"
    took.sort()
    print(f"beside: {len(took)} requests, p99 {took[int(len(took) * 0.99)] * 1e3:.1f} ms")
    assert took[-1] < 10


def test_fifty_bombs_at_once_stay_within_the_budget_of_all(clew: Clew) -> None:
    intake = clew.children()["intake"]
    bomb = gzip.compress(bytes(63 * MIB))  # each alone is within the limit of a request
    before = peak_bytes(intake)
    found: list[int] = []

    def throw() -> None:
        found.append(post(clew, bomb, Content_Encoding="gzip").status)

    with while_served(clew):
        threads = [threading.Thread(target=throw) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert set(found) <= {400, 503}
    assert len(found) == 50
    grown = peak_bytes(intake) - before
    print(f"peak grew by {grown / MIB:.0f} MiB")
    # 256 MiB is the default of all bodies in flight; 50 × 63 MiB would be 3 GiB.
    assert grown < 400 * MIB
    assert post(clew, body("after the bombs")).status == 200


def test_promise_of_ten_gigabytes_takes_no_memory_and_is_refused(clew: Clew) -> None:
    intake = clew.children()["intake"]
    before = peak_bytes(intake)
    head = f"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: {PROTOBUF}\r\n"
    head += f"Expect: 100-continue\r\nContent-Length: {10 << 30}\r\n\r\n"
    with while_served(clew):
        connections = [knock(clew.ports[1], head.encode()) for _ in range(50)]
        for connection in connections:
            assert connection.recv(1_000).startswith(b"HTTP/1.1 413 ")
            connection.close()
    assert peak_bytes(intake) - before < 8 * MIB


def test_three_hundred_slow_heads_are_closed_and_others_served(clew: Clew) -> None:
    """On the UI's port too, where one Python process answers 256 connections."""
    for port in (1, 2):
        connections = [knock(clew.ports[port], b"GET / HTTP/1.1\r\nX: ") for _ in range(300)]
        began = time.monotonic()
        if port == 1:
            with while_served(clew):
                for connection in connections:
                    until_closed(connection)
        else:
            assert clew.get("/livez")[0] == 200
            for connection in connections:
                until_closed(connection)
            assert clew.get("/api/v1/services")[0] == 200
        assert time.monotonic() - began < 25
        for connection in connections:
            connection.close()


FLOODS: dict[str, Callable[[], bytes]] = {
    "settings": lambda: frame(4, 0, 0, b"\0\3\0\0\0\x64") * 50_000,
    "pings": lambda: frame(6, 0, 0, bytes(8)) * 50_000,
    "priorities": lambda: frame(2, 0, 1, b"\0\0\0\3\x10") * 50_000,
    "empty data": lambda: frame(HEADERS, 4, 1, b"\x83\x86\x84") + frame(DATA, 0, 1) * 50_000,
    "windows": lambda: frame(8, 0, 0, b"\0\0\0\1") * 50_000,
    "rapid resets": lambda: b"".join(
        frame(HEADERS, 5, stream, b"\x83\x86\x84") + frame(RST_STREAM, 0, stream, b"\0\0\0\x08")
        for stream in range(1, 100_001, 2)
    ),
    # The server is led to reset its own streams.
    "made resets": lambda: b"".join(
        frame(HEADERS, 5, stream, b"\x83\x86\x84") + frame(8, 0, stream, bytes(4))
        for stream in range(1, 100_001, 2)
    ),
    "unknown frames": lambda: frame(0xEE, 0, 0, b"x" * 100) * 50_000,
}


@pytest.mark.parametrize("name", FLOODS)
def test_floods_of_frames_cost_others_little_and_no_memory(clew: Clew, name: str) -> None:
    intake = clew.children()["intake"]
    before = peak_bytes(intake)
    content = FLOODS[name]()
    with while_served(clew):
        frames = Frames(clew.ports[0])
        frames.socket.settimeout(20)
        with contextlib.suppress(OSError):
            for at in range(0, len(content), 65_536):
                frames.send(content[at : at + 65_536])
            frames.socket.shutdown(socket.SHUT_WR)
            for kind, *_ in frames:
                if kind == GOAWAY:
                    break
        frames.close()
    assert peak_bytes(intake) - before < 64 * MIB


def test_readers_that_take_nothing_cost_no_memory(clew: Clew) -> None:
    """A client with a window of zero: its answers are small, and nothing is kept for it."""
    intake = clew.children()["intake"]
    before = peak_bytes(intake)
    with while_served(clew):
        held = []
        for _ in range(50):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            connection.connect(("127.0.0.1", clew.ports[1]))
            connection.settimeout(1)
            held.append(connection)
            with contextlib.suppress(OSError):
                connection.sendall(b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n" % (b"x" * 1_000) * 500)
        for connection in held:
            connection.close()
    assert peak_bytes(intake) - before < 64 * MIB


KEYS = [
    "",
    "\0",
    "a\0b",
    "'",
    '"',
    "\\",
    "`",
    "`; --",
    "k" * 300,
    "é",
    "\u202e",
    " ",
    "\n",
    "{x}",
    "%s",
]


def test_odd_keys_are_kept_as_they_are(clew: Clew) -> None:
    one = span("odd keys", trace_id=trace_id("odd keys"), attrs={key: key for key in KEYS})
    assert post(clew, request(one).SerializeToString()).status == 200
    found = attributes(stored(clew, "odd keys")[0])
    for key in KEYS:
        assert found[key]["stringValue"] == key
    large = span("large key", trace_id=trace_id("large key"), attrs={"k" * (10 * MIB): "v"})
    before = peak_bytes(clew.children()["intake"])
    assert post(clew, request(large).SerializeToString()).status == 200
    names = list(attributes(stored(clew, "large key")[0]))
    assert all(len(name) <= 10 * MIB for name in names)
    assert peak_bytes(clew.children()["intake"]) - before < 64 * MIB
