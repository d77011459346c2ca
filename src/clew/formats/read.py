"""A file of any known format → its groups of spans; the format shows in the first bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from enum import StrEnum

from clew.formats import jaeger_read, otlp_read, protobuf, zipkin_read
from clew.formats.cursor import Cursor, Syntax, TooLong
from clew.formats.item import Item, Unreadable, within
from clew.formats.source import ZSTD, Damaged, Source


class Format(StrEnum):
    """What a file may hold."""

    OTLP_JSON = "otlp-json"
    OTLP_JSONL = "otlp-jsonl"
    OTLP_PROTO = "otlp-proto"
    OTLP_PROTO_PREFIXED = "otlp-proto-prefixed"
    JAEGER = "jaeger"
    ZIPKIN = "zipkin"


_JSON: dict[Format, Callable[[Cursor], Iterator[Item]]] = {
    Format.OTLP_JSON: otlp_read.read,
    Format.OTLP_JSONL: otlp_read.read,
    Format.JAEGER: jaeger_read.read,
    Format.ZIPKIN: zipkin_read.read,
}
_OTLP_NAMES = {*otlp_read.GROUPS, *otlp_read.WRAPPERS, *otlp_read.OTHER_SIGNALS}
_JAEGER_NAMES = {"data", "spans", "processes", "traceID"}
_ZIPKIN_NAMES = {"traceId", "id", "parentId", "localEndpoint", "annotations", "timestamp"}
_MARK = b"\xef\xbb\xbf"  # what some editors put before UTF-8

UNKNOWN = (
    "it begins like no format that can be imported (OTLP in JSON or protobuf, Jaeger JSON, Zipkin "
    "v2 JSON); name its format with --format if it is one"
)


def read(source: Source, format: Format | None = None) -> Iterator[Item]:
    """Groups of spans, and what cannot be read. `OSError` is the disk's."""
    try:
        if source.peek(3) == _MARK:
            source.read(3)
        start = source.peek()
        if not start.strip() and start[:1] != b"\n":
            source.read(1)  # tells of damage
            if format is None:
                yield Unreadable("byte 0", "it is empty")
            return
        found = format or recognise(start)
        if found is None:
            yield Unreadable("byte 0", UNKNOWN)
        elif found is Format.OTLP_PROTO:
            yield from protobuf.read_message(source)
        elif found is Format.OTLP_PROTO_PREFIXED:
            yield from protobuf.read_prefixed(source)
        elif found is Format.OTLP_JSONL or _is_line(start):
            yield from _lines(source, _JSON[found])
        else:
            yield from _documents(source, _JSON[found])
        if not source.peek(1):
            source.read(1)  # tells of damage where everything seems to be read
    except (Damaged, ValueError) as error:
        yield Unreadable(f"byte {source.offset}", str(error))


def recognise(start: bytes) -> Format | None:
    """By the first bytes; None if they are of no format."""
    text = start.lstrip()
    # A length of protobuf may look like a bracket.
    if text[:1] in (b"{", b"[") and (found := _recognise_json(text)):
        return found
    if start[:1] == b"\n" and len(start) > 1:
        return Format.OTLP_PROTO
    if len(start) >= 5 and start[0] < 4 and (start[4] == 0x0A or start[4:8] == ZSTD):
        return Format.OTLP_PROTO_PREFIXED
    return Format.OTLP_PROTO_PREFIXED if start == bytes(4) else None


def _recognise_json(text: bytes) -> Format | None:
    """By the names in the first object."""
    brackets = re.match(rb"[\[\s]*", text)
    inner = text[brackets.end() :] if brackets else text
    if not inner.startswith(b"{"):
        return Format.ZIPKIN if re.match(rb"\[[\s\[\]]*\]", text) else None
    names = _names(inner)
    for known, format in (
        (_OTLP_NAMES, Format.OTLP_JSON),
        (_JAEGER_NAMES, Format.JAEGER),
        (_ZIPKIN_NAMES, Format.ZIPKIN),
    ):
        if any(name in known for name in names):
            return format
    return Format.OTLP_JSON if re.match(rb"\{\s*\}", inner) else None


def _names(text: bytes) -> list[str]:
    """The names in an object, as far as the text goes."""
    pieces = iter([text])
    cursor = Cursor(lambda size: next(pieces, b""))
    found = []
    try:
        for name in cursor.members():
            found.append(name)
            cursor.skip()
    except (Syntax, TooLong):
        pass  # the rest is not here, or is the business of the reader
    return found


def _is_line(start: bytes) -> bool:
    """Whether the first line is a document; one that is laid out in lines has open brackets."""
    line, end, rest = start.lstrip().partition(b"\n")
    if not end:
        return True
    pieces = iter([line])
    cursor = Cursor(lambda size: next(pieces, b""))
    try:
        cursor.skip()
        cursor.end()
    except (Syntax, TooLong):
        # A line that breaks off, if the next one begins anew; else a document laid out in lines.
        return rest[:1] == b"{" and line.rstrip()[-1:] not in (b",", b"[", b"{")
    return True


def _documents(source: Source, reader: Callable[[Cursor], Iterator[Item]]) -> Iterator[Item]:
    """One document, or several one after the other."""
    cursor = Cursor(source.read, source.offset)
    try:
        while cursor.peek():
            yield from reader(cursor)
    except Syntax as error:
        yield Unreadable(f"byte {error.at}", f"not JSON: {error}; what follows is not read")
    except TooLong as error:
        yield Unreadable(f"byte {cursor.offset}", f"{error}; what follows is not read")


def _lines(source: Source, reader: Callable[[Cursor], Iterator[Item]]) -> Iterator[Item]:
    """A document a line; a line that breaks off costs itself."""
    number = 0
    while source.peek(1):
        number += 1
        line = _Line(source)
        cursor = Cursor(line.read)
        place = f"line {number}"
        try:
            if cursor.peek():
                yield from within(place, reader(cursor))
                cursor.end()
        except Syntax as error:
            yield Unreadable(f"{place}, byte {error.at}", f"not JSON: {error}")
        except TooLong as error:
            yield Unreadable(f"{place}, byte {cursor.offset}", str(error))
        line.skip()


class _Line:
    """The source up to the end of the line."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._ended = False

    def read(self, size: int) -> bytes:
        if self._ended:
            return b""
        part = self._source.read_line(size)
        self._ended = not part or part.endswith(b"\n")
        return part

    def skip(self) -> None:
        while self.read(1 << 20):
            pass
