"""The attribute index of a request in plain Python: what its rows say by definition."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

SPAN, RESOURCE, INSTRUMENTATION, EVENT = 1, 2, 3, 4
STRING, INT, FLOAT, BOOL, OTHER = 1, 2, 3, 4, 5
WIDTHS = (1, 2, 5, 10, 30, 60, 300, 3_600, 86_400, 2**32)
MOST_ROWS = 4_096
LISTED, LISTED_OF_MORE, LONGEST = 32, 8, 128

_TYPES = {"string_value": STRING, "int_value": INT, "double_value": FLOAT, "bool_value": BOOL}
_WORD = 2**64 - 1


@dataclass(frozen=True)
class Attribute:
    """One attribute of one span."""

    scope: int
    key: str
    type: int
    text: str | None  # none: of type other
    number: float  # nan: not a number


@dataclass
class _Row:
    first: int = 2**32
    last: int = 0
    spans: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    numbers: list[float] = field(default_factory=list)


def spans_with_attributes(
    message: ExportTraceServiceRequest,
) -> Iterator[tuple[int, list[Attribute]]]:
    """Start second and attributes of each span: of repeated keys of a type the first, of events
    all.
    """
    for group in message.resource_spans:
        for inner in group.scope_spans:
            for span in inner.spans:
                yield (
                    min(span.start_time_unix_nano // 10**9, 2**32 - 1),
                    [
                        *_firsts(SPAN, span.attributes),
                        *_firsts(RESOURCE, group.resource.attributes),
                        *_firsts(INSTRUMENTATION, inner.scope.attributes),
                        *dict.fromkeys(_of_events(span)),
                    ],
                )


def rows(message: ExportTraceServiceRequest, segment: bytes, receive_day: int) -> list[Any]:
    """The rows of table `attribute_index`; of requests whose keys all have rows."""
    spans = list(spans_with_attributes(message))
    starts = {second for second, _ in spans}
    most = 2 + len(spans) // 8_192
    width = next(width for width in WIDTHS if len({start // width for start in starts}) <= most)
    found: dict[tuple[int, str, int, int], _Row] = {}
    for second, attributes in spans:
        for where, carried in _by_row(attributes, second // width).items():
            row = found.setdefault(where, _Row())
            row.first, row.last = min(row.first, second), max(row.last, second)
            if where[1]:
                row.spans += 1
                for one in carried:
                    row.numbers.append(one.number)
                    if one.text is not None:
                        row.counts[one.text] = row.counts.get(one.text, 0) + 1
    if len(found) > MOST_ROWS // 5:
        raise ValueError(f"{len(found)} rows: the reference does not leave keys out")
    milliseconds = int.from_bytes(segment[:6], "big") & 0xFFFFFFFF
    batch = milliseconds << 32 | xxh64(segment) & 0xFFFFFFFF
    return [
        {"receive_day": receive_day, "scope": scope, "key": key, "type": kind, "batch": batch}
        | _said(kind, row)
        for (scope, key, kind, _), row in found.items()
    ]


def bits(text: str, length: int) -> list[int]:
    """Which bits of a filter of so many bytes stand for a value."""
    hashed = xxh64(text.encode())
    return [((hashed & 0xFFFFFFFF) + i * (hashed >> 32 | 1)) % (8 * length) for i in range(4)]


def xxh64(data: bytes) -> int:
    """XXH64 with seed 0, from its specification."""
    p1, p2, p3, p4, p5 = (
        0x9E3779B185EBCA87,
        0xC2B2AE3D27D4EB4F,
        0x165667B19E3779F9,
        0x85EBCA77C2B2AE63,
        0x27D4EB2F165667C5,
    )

    def left(word: int, by: int) -> int:
        return (word << by | word >> (64 - by)) & _WORD

    def mixed(lane: int, word: int) -> int:
        return left((lane + word * p2) & _WORD, 31) * p1 & _WORD

    words = [int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data) - 7, 8)]
    hashed = p5
    striped = len(data) // 32 * 4
    if striped:
        lanes = [(p1 + p2) & _WORD, p2, 0, -p1 & _WORD]
        for at, word in enumerate(words[:striped]):
            lanes[at % 4] = mixed(lanes[at % 4], word)
        hashed = sum(left(lane, by) for lane, by in zip(lanes, (1, 7, 12, 18), strict=True))
        for lane in lanes:
            hashed = ((hashed ^ mixed(0, lane)) * p1 + p4) & _WORD
    hashed = (hashed + len(data)) & _WORD
    for word in words[striped:]:
        hashed = (left(hashed ^ mixed(0, word), 27) * p1 + p4) & _WORD
    rest = data[8 * len(words) :]
    if len(rest) >= 4:
        hashed = left(hashed ^ int.from_bytes(rest[:4], "little") * p1 & _WORD, 23) * p2 + p3
        hashed, rest = hashed & _WORD, rest[4:]
    for byte in rest:
        hashed = left(hashed ^ byte * p5 & _WORD, 11) * p1 & _WORD
    for shift, prime in ((33, p2), (29, p3)):
        hashed = (hashed ^ hashed >> shift) * prime & _WORD
    return hashed ^ hashed >> 32


def _firsts(scope: int, pairs: Iterable[KeyValue]) -> list[Attribute]:
    firsts: dict[tuple[str, int], Attribute] = {}
    for pair in pairs:
        one = _attribute(scope, pair)
        firsts.setdefault((one.key, one.type), one)
    return list(firsts.values())


def _of_events(span: Span) -> list[Attribute]:
    return [_attribute(EVENT, pair) for event in span.events for pair in event.attributes]


def _attribute(scope: int, pair: KeyValue) -> Attribute:
    name = pair.value.WhichOneof("value") or ""
    kind = _TYPES.get(name, OTHER)
    value = getattr(pair.value, name) if kind != OTHER else None
    text = {
        STRING: lambda: value,
        INT: lambda: str(value),
        FLOAT: lambda: _float_text(value),
        BOOL: lambda: "true" if value else "false",
        OTHER: lambda: None,
    }[kind]()
    number = float(value) if kind in (INT, FLOAT) else math.nan
    return Attribute(scope, pair.key, kind, text, number)


def _float_text(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    mantissa, _, exponent = repr(value).partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def _by_row(
    attributes: list[Attribute], time_range: int
) -> dict[tuple[int, str, int, int], list[Attribute]]:
    """A span counts once for each value of a row; an empty key says only where it is."""
    carried: dict[tuple[int, str, int, int], dict[str | None, Attribute]] = {}
    for one in attributes:
        kind = one.type if one.key else OTHER
        carried.setdefault((one.scope, one.key, kind, time_range), {})[one.text] = one
    return {where: list(ones.values()) for where, ones in carried.items()}


def _said(kind: int, row: _Row) -> dict[str, Any]:
    listable = sorted(
        (text for text in row.counts if len(text.encode()) <= LONGEST),
        key=lambda text: -row.counts[text],
    )
    complete = bool(row.spans) and kind != OTHER and len(row.counts) <= LISTED
    complete = complete and len(listable) == len(row.counts)
    if not complete:
        listable = [text for text in listable if row.counts[text] >= 2][:LISTED_OF_MORE]
    filter_bits = bytearray()
    if row.counts and not complete:
        # The least of 8, 12, 16, 24, 32, 48, … bytes that gives each value 12 bits.
        lengths = sorted(part << n for part in (2, 3) for n in range(2, 18))
        length = next((one for one in lengths if 8 * one >= 12 * len(row.counts)), 256 << 10)
        filter_bits = bytearray(length)
        for text in row.counts:
            for bit in bits(text, length):
                filter_bits[bit // 8] |= 1 << bit % 8
    numbers = [number for number in row.numbers if not math.isnan(number)]
    return {
        "time": row.first,
        "last_time": row.last,
        "spans": row.spans,
        "values": listable,
        "counts": [row.counts[text] for text in listable],
        "complete": complete,
        "filter": bytes(filter_bits),
        "min_value": min(numbers, default=math.nan),
        "max_value": max(numbers, default=math.nan),
    }
