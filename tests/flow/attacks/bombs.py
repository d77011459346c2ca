"""Attacks by what is in a request: compression that grows, nesting, headers without measure."""

from __future__ import annotations

import gzip
import itertools
import zlib
from collections.abc import Sequence

from tests.flow.attacks.field import Field, Http2, grpc_head, literal, until_closed
from tests.flow.door import JSON, PROTOBUF

GIB = 1 << 30


def gzip_bomb(size: int = GIB) -> bytes:
    """About 1 MB that says it is a GiB."""
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    zeros = bytes(1 << 20)
    parts = [packer.compress(zeros) for _ in range(size >> 20)]
    return b"".join([*parts, packer.flush()])


async def _posts(
    field: Field, bodies: Sequence[bytes], *, coding: str = "", kind: str = PROTOBUF, at_once: int
) -> None:
    """These bodies by HTTP/1 and, when they are protobuf, by gRPC in turn."""
    named = f"Content-Encoding: {coding}\r\n" if coding else ""
    number = itertools.count()

    async def one(nth: int) -> None:
        body = bodies[next(number) % len(bodies)]
        async with field.connected(field.http, nth) as pipe:
            if kind == PROTOBUF and nth % 2:
                calls = Http2(pipe)
                await calls.start()
                flag = b"\1" if coding else b"\0"
                head = grpc_head(literal(b"grpc-encoding", (coding or "identity").encode()))
                await calls.send(1, head, flag + len(body).to_bytes(4, "big") + body)
                await calls.answered(1)
                field.counts["answered by gRPC"] += 1
                return
            reader, writer = pipe
            writer.write(
                f"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\n{named}"
                f"Content-Length: {len(body)}\r\n\r\n".encode()
            )
            writer.write(body)
            answer = await reader.read(4096)
            field.counts[f"HTTP {answer[9:12].decode()}"] += 1

    field.begin()
    await field.crowd(at_once, one)


async def gzip_bombs(field: Field) -> None:
    """1 MB that becomes 1 GB, 50 at a time."""
    await _posts(field, [gzip_bomb()], coding="gzip", at_once=50)


async def zstd_bombs(field: Field) -> None:
    """The same by zstd, and a frame that asks for a window of 2 GiB."""
    from backports import zstd

    packer = zstd.ZstdCompressor()
    zeros = bytes(1 << 20)
    bomb = b"".join([*(packer.compress(zeros) for _ in range(1024)), packer.flush()])
    wide = b"\x28\xb5\x2f\xfd\x00" + bytes([21 << 3]) + b"\x01\x00\x00"
    await _posts(field, [bomb, bomb, wide], coding="zstd", at_once=50)


async def gzip_members(field: Field) -> None:
    """Thousands of small members, and of empty ones; each is a beginning of its own."""
    small = gzip.compress(bytes(60_000)) * 1_000
    empty = gzip.compress(b"") * 50_000
    await _posts(field, [small, empty], coding="gzip", at_once=50)


async def deep_json(field: Field) -> None:
    """Brackets without an end, at the top and within an attribute."""
    arrays = b"[" * 4_000_000
    objects = b'{"a":' * 1_000_000
    ids = b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"attributes":[{"key":"k","value":'
    values = ids + b'{"arrayValue":{"values":[' * 200_000
    await _posts(field, [arrays, objects, values], kind=JSON, at_once=20)


async def deep_protobuf(field: Field) -> None:
    """An attribute whose value is an array that holds an array, 20,000 deep."""

    def wrapped(number: int, content: bytes) -> bytes:
        size, length = bytearray(), len(content)
        while length > 0x7F:
            size.append(length & 0x7F | 0x80)
            length >>= 7
        return bytes([number << 3 | 2, *size, length]) + content

    value = b""
    for _ in range(20_000):
        value = wrapped(5, wrapped(1, value))
    # Without ids the span is not taken, so that nothing of it is in the store.
    span = wrapped(9, wrapped(1, b"k") + wrapped(2, value))
    await _posts(field, [wrapped(1, wrapped(2, wrapped(2, span)))], at_once=20)


async def huge_heads(field: Field) -> None:
    """Headers of nearly 400 KB that never end, on as many connections as there are."""
    head = b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 390_000

    async def one(nth: int) -> None:
        async with field.connected(field.http, nth) as (reader, writer):
            writer.write(head)
            await writer.drain()
            field.counts["KiB sent"] += len(head) // 1024
            await until_closed(reader)
            field.counts["closed by the server"] += 1

    field.begin()
    await field.crowd(1_500, one)
