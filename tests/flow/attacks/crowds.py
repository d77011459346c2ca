"""Attacks by connections: many, idle, slow, or never read from."""

from __future__ import annotations

import asyncio
import random
import ssl
from contextlib import suppress

from tests.flow.attacks.field import END_HEADERS, Field, Http2, grpc_head, until_closed
from tests.flow.door import DATA, HEADERS, PREFACE, SETTINGS, frame

EMPTY = (
    b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    b"Content-Length: 2\r\n\r\n{}"
)


async def idle(field: Field, count: int = 10_000, *, silent: bool = True) -> None:
    """A third says nothing, a third made one request, a third only shook hands in HTTP/2."""
    held = 0

    async def one(nth: int) -> None:
        nonlocal held
        kind = nth % 3 if silent else 1 + nth % 2
        async with field.connected(field.http, nth) as pipe:
            reader, writer = pipe
            if kind == 1:
                writer.write(EMPTY)
                if not await reader.read(4096):
                    field.counts["refused"] += 1
                    await field.rest(1)
                    return
            elif kind == 2:
                try:
                    await Http2(pipe).start()
                except (EOFError, ConnectionError):
                    field.counts["refused"] += 1
                    await field.rest(1)
                    return
            held += 1
            field.counts["most held"] = max(field.counts["most held"], held)
            try:
                await until_closed(reader)
                field.counts["closed by the server"] += 1
            finally:
                held -= 1

    field.begin()
    await field.crowd(count, one)


async def idle_beyond(field: Field) -> None:
    """More connections that made a request and idle than the server may have at all."""
    await idle(field, silent=False)


async def connect_storm(field: Field) -> None:
    """Connections that end as soon as they are there."""

    async def one(nth: int) -> None:
        async with field.connected(field.http if nth % 2 else field.grpc, nth):
            await asyncio.sleep(0)

    field.begin()
    await field.crowd(200, one)


async def slow_heads(field: Field) -> None:
    """Headers that come by one byte a second, and never end."""

    async def one(nth: int) -> None:
        async with field.connected(field.http, nth) as (reader, writer):
            writer.write(b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nX-Slow: ")
            closed = asyncio.ensure_future(until_closed(reader))
            try:
                while not closed.done():
                    writer.write(b"x")
                    await asyncio.wait([closed], timeout=1)
            finally:
                closed.cancel()

    field.begin()
    await field.crowd(1_000, one)


async def slow_bodies(field: Field) -> None:
    """Bodies of one byte a second, in both protocols."""
    head = (
        b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
        b"Content-Length: 100000\r\n\r\n"
    )

    async def one(nth: int) -> None:
        async with field.connected(field.http, nth) as (reader, writer):
            by_frames = nth % 2
            if by_frames:
                writer.write(PREFACE + frame(SETTINGS, 0, 0))
                writer.write(frame(HEADERS, END_HEADERS, 1, grpc_head()))
            else:
                writer.write(head)
            closed = asyncio.ensure_future(until_closed(reader))
            try:
                while not closed.done():
                    writer.write(frame(DATA, 0, 1, b"x") if by_frames else b"x")
                    await asyncio.wait([closed], timeout=1)
            finally:
                closed.cancel()

    field.begin()
    await field.crowd(1_000, one)


async def held_bodies(field: Field) -> None:
    """Eight bodies of 60 MiB whose last byte does not come: more than all memory for bodies."""
    size = 60 << 20
    head = (
        b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
        b"Content-Length: %d\r\n\r\n" % size
    )
    piece = bytes(1 << 20)

    async def one(nth: int) -> None:
        async with field.connected(field.http, nth) as (reader, writer):
            writer.write(head)
            for _ in range((size >> 20) - 1):
                writer.write(piece)
                await writer.drain()
                field.counts["MiB sent"] += 1
            answer = await until_closed(reader)
            field.counts[f"HTTP {answer[9:12].decode()}"] += 1

    field.begin()
    await field.crowd(8, one)


async def slow_streams(field: Field) -> None:
    """All the calls that a connection may have, on 500 connections, none of which goes on."""
    head = grpc_head()

    async def one(nth: int) -> None:
        async with field.connected(field.grpc, nth) as (reader, writer):
            writer.write(PREFACE + frame(SETTINGS, 0, 0))
            for stream in range(1, 256, 2):
                writer.write(frame(HEADERS, END_HEADERS, stream, head))
                writer.write(frame(DATA, 0, stream, b"\0\0\0\1\0x"))
            field.counts["calls"] += 128
            await until_closed(reader)
            field.counts["closed by the server"] += 1

    field.begin()
    await field.crowd(500, one)


async def slow_readers(field: Field) -> None:
    """Requests one behind the other whose answers nobody reads."""
    wrong = EMPTY.replace(b"/v1/traces", b"/" + b"x" * 1_000) * 50

    async def one(nth: int) -> None:
        async with field.connected(field.http, nth, receive=4_096) as (reader, writer):
            reader._transport.pause_reading()  # type: ignore[attr-defined] # asyncio reads ahead
            while field.goes_on():
                writer.write(wrong)
                await writer.drain()
                field.counts["requests"] += 50

    field.begin()
    await field.crowd(200, one)


async def endless_bodies(field: Field) -> None:
    """Chunks at full speed without an end."""
    head = (
        b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    )
    chunk = b"10000\r\n" + random.Random(1).randbytes(1 << 16) + b"\r\n"

    async def one(nth: int) -> None:
        async with field.connected(field.http, nth) as (reader, writer):
            writer.write(head)
            closed = asyncio.ensure_future(until_closed(reader))
            try:
                while not closed.done():
                    writer.write(chunk)
                    await writer.drain()
                    field.counts["MiB sent"] += 1
            finally:
                closed.cancel()

    field.begin()
    await field.crowd(20, one)
    field.counts["MiB sent"] //= 16


async def garbage(field: Field) -> None:
    """Random bytes, and a gRPC or TLS beginning with random bytes behind it."""
    choice = random.Random(2)
    beginnings = (b"", PREFACE, b"\x16\x03\x01", b"POST ", PREFACE + frame(SETTINGS, 0, 0))

    async def one(nth: int) -> None:
        async with field.connected(field.grpc, nth) as (reader, writer):
            writer.write(choice.choice(beginnings) + choice.randbytes(choice.randrange(1, 20_000)))
            with suppress(TimeoutError):
                async with asyncio.timeout(1):
                    await until_closed(reader)

    field.begin()
    await field.crowd(100, one)


async def tls_hellos(field: Field) -> None:
    """One recorded greeting on every new connection, which costs the server a signature and the
    attacker nothing; every tenth connection shakes hands to the end and leaves.
    """
    context = ssl.create_default_context(cafile=field.authority)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with suppress(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_hostname="localhost").do_handshake()
    hello = outgoing.read()

    async def one(nth: int) -> None:
        if nth % 10 == 0:
            async with field.connected(field.http, nth, context=context):
                field.counts["whole handshakes"] += 1
            return
        async with field.connected(field.http, nth) as (reader, writer):
            writer.write(hello)
            if await reader.read(4096):
                field.counts["hellos answered"] += 1

    field.begin()
    await field.crowd(100, one)
