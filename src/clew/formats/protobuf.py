"""OTLP in protobuf → ResourceSpans: one request of any size, or the Collector's form, in which each
request has its length before it, as 4 bytes, the highest first.

A group that cannot be decoded is taken apart, so that a broken span costs itself.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

from google.protobuf.message import DecodeError
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from clew.formats.item import LIMIT_BYTES, Item, Unreadable, too_long, within
from clew.formats.source import ZSTD, Source, zstd_stream

Read = Callable[[int], bytes]

_GROUPS = 1  # resource_spans of a request, the same as of TracesData
_MEMBERS = 2  # scope_spans of a group, spans of a scope
_BYTES = 2  # the wire type of what has a length
_SKIP_BYTES = 1 << 20


def read_message(source: Source) -> Iterator[Item]:
    """The groups of one request that is the whole file."""
    yield from _request(source.read, lambda: source.offset)


def read_prefixed(source: Source) -> Iterator[Item]:
    """The groups of requests with their lengths."""
    number = 0
    while head := _exactly(source.read, 4):
        place = f"request {number}"
        number += 1
        length = int.from_bytes(head, "big")
        if len(head) < 4:
            yield Unreadable(f"byte {source.offset}", "the file ends within a length")
            return
        if source.peek(4) == ZSTD:
            yield from within(place, _zstd(source, length))
            continue
        part = _Part(source.read, length)
        yield from within(place, _request(part.read, lambda: source.offset))
        if part.skip():
            yield Unreadable(place, f"the file ends {part.left} bytes before the request does")
            return


class _Part:
    """The next `left` bytes."""

    def __init__(self, read: Read, left: int) -> None:
        self._read = read
        self.left = left

    def read(self, size: int) -> bytes:
        found = self._read(min(size, self.left)) if self.left else b""
        self.left -= len(found)
        return found

    def skip(self) -> int:
        """To its end; how much of it is missing."""
        while self.left and self.read(_SKIP_BYTES):
            pass
        return self.left


def _zstd(source: Source, length: int) -> Iterator[Item]:
    """One request, which the Collector compressed by itself."""
    if length > LIMIT_BYTES:
        _Part(source.read, length).skip()
        yield Unreadable("", too_long(length))
        return
    data = _exactly(source.read, length)
    inner = Source(zstd_stream(io.BytesIO(data)))
    if inner.peek(1) == b"{":
        yield Unreadable("", "it is JSON within zstd: decompress it and import the lines")
    else:
        yield from _request(inner.read, lambda: inner.offset)


def _request(read: Read, offset: Callable[[], int]) -> Iterator[Item]:
    """Field by field; `ValueError`-free: what is wrong ends it with an `Unreadable`."""
    index = 0
    while True:
        at = offset()
        try:
            tag = _varint(read)
            if tag is None:
                return
            if tag != _GROUPS << 3 | _BYTES:
                raise ValueError(f"field {tag >> 3} of wire type {tag & 7} is not of an OTLP trace")
            length = _varint(read)
            if length is None:
                raise ValueError("it ends within a length")
        except ValueError as error:
            yield Unreadable(f"byte {at}", str(error))
            return
        place = f"resourceSpans[{index}]"
        index += 1
        if length > LIMIT_BYTES:
            missing = _Part(read, length).skip()
            yield Unreadable(place, too_long(length))
        else:
            data = _exactly(read, length)
            missing = length - len(data)
            if not missing:
                yield from within(place, group(data))
        if missing:
            yield Unreadable(place, f"it has {length} bytes, but the file ends {missing} before")
            return


def group(data: bytes) -> Iterator[Item]:
    """One ResourceSpans, without what of it cannot be decoded."""
    try:
        yield ResourceSpans.FromString(data)
        return
    except DecodeError as error:
        whole = error
    try:
        head, members = _take_apart(data)
        found = ResourceSpans.FromString(head)
    except (ValueError, DecodeError):
        yield Unreadable("", _reason(whole))
        return
    for index, member in enumerate(members):
        yield from within(f"scopeSpans[{index}]", _scope(member, found))
    yield found


def _scope(data: bytes, into: ResourceSpans) -> Iterator[Unreadable]:
    try:
        into.scope_spans.append(ScopeSpans.FromString(data))
        return
    except DecodeError as error:
        whole = error
    try:
        head, members = _take_apart(data)
        found = ScopeSpans.FromString(head)
    except (ValueError, DecodeError):
        yield Unreadable("", _reason(whole))
        return
    for index, member in enumerate(members):
        try:
            found.spans.append(Span.FromString(member))
        except DecodeError as error:
            yield Unreadable(f"spans[{index}]", _reason(error))
    into.scope_spans.append(found)


def _take_apart(data: bytes) -> tuple[bytes, list[bytes]]:
    """The bytes of everything but the members, and the members."""
    stream = io.BytesIO(data)
    head, members = b"", []
    while (tag := _varint(stream.read)) is not None:
        start = stream.tell()
        kind = tag & 7
        if kind == _BYTES:
            length = _varint(stream.read)
            if length is None or length > len(data) - stream.tell():
                raise ValueError("a length points beyond the end")
            found = stream.read(length)
            if tag >> 3 == _MEMBERS:
                members.append(found)
                continue
        elif kind == 0:
            _varint(stream.read)
        elif kind in (1, 5):
            stream.read(8 if kind == 1 else 4)
        else:
            raise ValueError(f"wire type {kind}")
        head += _encoded(tag) + data[start : stream.tell()]
    return head, members


def _varint(read: Read) -> int | None:
    """None at the end. `ValueError` if it does not end, or is longer than 64 bits."""
    value = 0
    for shift in range(0, 70, 7):
        byte = read(1)
        if not byte:
            if shift:
                raise ValueError("it ends within a number")
            return None
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    raise ValueError("a number has more than 10 bytes")


def _encoded(value: int) -> bytes:
    encoded = bytearray()
    while value >= 0x80:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)


def _exactly(read: Read, size: int) -> bytes:
    """So many bytes; fewer at the end."""
    parts = []
    while size and (part := read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _reason(error: DecodeError) -> str:
    return f"not OTLP in protobuf ({str(error).partition(': ')[2] or error})"
