"""What every attack is given: the ports, the time, a place to count, and sockets from many
addresses.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.flow.door import ACK, DATA, HEADERS, PING, PREFACE, SETTINGS, frame

WINDOW_UPDATE = 8
END_STREAM, END_HEADERS = 1, 4
SPEED_LIMIT_S = 0.05  # after a connection that came to nothing
ADDRESSES = 240

Pipe = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass
class Field:
    """One attacking process."""

    grpc: int
    http: int
    ui: int
    seconds: float
    folder: Path
    authority: str = ""
    until: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)
    ready: Callable[[], None] = lambda: None

    def begin(self) -> None:
        """All is prepared; the time runs."""
        self.ready()
        self.until = time.monotonic() + self.seconds

    def goes_on(self) -> bool:
        return time.monotonic() < self.until

    async def rest(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, min(seconds, self.until - time.monotonic())))

    @asynccontextmanager
    async def connected(
        self, port: int, nth: int, *, receive: int = 0, context: ssl.SSLContext | None = None
    ) -> AsyncIterator[Pipe]:
        """A connection of the nth attacker, reset at the end so that no port waits."""
        one = socket.socket()
        one.setblocking(False)
        if receive:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        try:
            # So that the port is chosen for the pair of addresses: 28,000 for each of ours.
            one.setsockopt(socket.IPPROTO_IP, 24, 1)
            one.bind((f"127.0.1.{2 + nth % ADDRESSES}", 0))
            # Not `wait_for`, which can lose the crowd's own timeout.
            async with asyncio.timeout(10):
                await asyncio.get_running_loop().sock_connect(one, ("127.0.0.1", port))
        except BaseException:
            one.close()
            raise
        limit = {"limit": 1 << 16, "sock": one}
        if context:
            pipe = await asyncio.open_connection(
                **limit, ssl=context, server_hostname="localhost", ssl_handshake_timeout=20
            )
        else:
            pipe = await asyncio.open_connection(**limit)
        self.counts["connections"] += 1
        try:
            yield pipe
        finally:
            pipe[1].transport.abort()

    async def crowd(self, count: int, one: Callable[[int], Awaitable[None]]) -> None:
        """So many attackers at a time; each begins again when its connection has ended."""

        async def again(nth: int) -> None:
            while self.goes_on():
                began = time.monotonic()
                try:
                    await one(nth)
                except TimeoutError:
                    self.counts["not connected"] += 1
                except (OSError, EOFError, ssl.SSLError):
                    self.counts["cut by the server"] += 1
                await self.rest(SPEED_LIMIT_S - (time.monotonic() - began))

        tasks = [asyncio.create_task(again(nth)) for nth in range(count)]
        _, left = await asyncio.wait(tasks, timeout=self.until - time.monotonic())
        for task in left:
            task.cancel()
        if left:
            # The process ends soon, and they with it.
            await asyncio.wait(left, timeout=1)


async def until_closed(reader: asyncio.StreamReader) -> bytes:
    """The last 4 KiB that still came."""
    last = b""
    with suppress(ConnectionError):
        while more := await reader.read(1 << 16):
            last = (last + more)[-4096:]
    return last


def literal(name: bytes, value: bytes) -> bytes:
    """A header that is in no table, not compressed; up to 126 bytes each."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def grpc_head(*more: bytes) -> bytes:
    """The headers of a call of Export, with the table's entries where there are some."""
    path = b"/opentelemetry.proto.collector.trace.v1.TraceService/Export"
    return b"".join(
        (
            b"\x83\x86",  # POST, http
            b"\x04" + bytes([len(path)]) + path,
            b"\x01\x01x",  # :authority
            literal(b"content-type", b"application/grpc"),
            literal(b"te", b"trailers"),
            *more,
        )
    )


class Http2:
    """Frames with flow control, as far as sending a large body needs them."""

    def __init__(self, pipe: Pipe) -> None:
        self.reader, self.writer = pipe
        self._initial, self._connection = 65_535, 65_535
        self._streams: dict[int, int] = {}
        self._moved = asyncio.Event()
        self.ended: set[int] = set()

    async def start(self) -> None:
        """Settings are exchanged."""
        self.writer.write(PREFACE + frame(SETTINGS, 0, 0))
        while not await self._take():
            pass

    async def send(self, stream: int, head: bytes, body: bytes) -> None:
        """One request; ends early when it is answered before."""
        self.writer.write(frame(HEADERS, END_HEADERS, stream, head))
        self._streams[stream] = self._initial
        at = 0
        while at < len(body) and stream not in self.ended:
            room = min(16_384, len(body) - at, self._connection, self._streams[stream])
            if room <= 0:
                await self._take()
                continue
            last = END_STREAM if at + room == len(body) else 0
            self.writer.write(frame(DATA, last, stream, body[at : at + room]))
            self._connection -= room
            self._streams[stream] -= room
            at += room
            await self.writer.drain()

    async def answered(self, stream: int) -> None:
        while stream not in self.ended:
            await self._take()

    async def _take(self) -> bool:
        """Reads one frame; whether it was the server's settings."""
        head = await self.reader.readexactly(9)
        payload = await self.reader.readexactly(int.from_bytes(head[:3], "big"))
        kind, flags, stream = head[3], head[4], int.from_bytes(head[5:], "big")
        if kind == WINDOW_UPDATE:
            more = int.from_bytes(payload, "big")
            if stream:
                self._streams[stream] = self._streams.get(stream, self._initial) + more
            else:
                self._connection += more
        elif kind == SETTINGS and not flags & ACK:
            for at in range(0, len(payload), 6):
                if payload[at : at + 2] == b"\0\x04":
                    new = int.from_bytes(payload[at + 2 : at + 6], "big")
                    for one in self._streams:
                        self._streams[one] += new - self._initial
                    self._initial = new
            self.writer.write(frame(SETTINGS, ACK, 0))
            return True
        elif kind == PING and not flags & ACK:
            self.writer.write(frame(PING, ACK, 0, payload))
        elif (kind in (DATA, HEADERS) and flags & END_STREAM) or kind == 3:
            self.ended.add(stream)
        elif kind == 7:
            raise ConnectionAbortedError("the server said goodbye")
        return False
