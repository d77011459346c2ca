"""Blocks of rows of `trace_spans.sql` → spans, resources and scopes in the shape of OTLP JSON.

Ids are lower-case hex, 64-bit integers strings, enumerations numbers; what is empty is left out,
as protobuf's JSON does, except the fields that every reader needs.
"""

import math
from collections.abc import Iterator
from typing import Any

import orjson
import pyarrow as pa

from clew._kernel import any_value_json
from clew.query.rows import lists, maps, text, texts, values

Json = dict[str, Any]
Pairs = list[tuple[str, Any]]

_ROOT = bytes(8)
_TYPES = ("str", "int", "float", "bool", "other")


def spans(block: pa.RecordBatch) -> Iterator[Json]:
    """The spans of a block, in its order."""
    column = block.column
    attributes = _attributes(block, "attr")
    events = _events(block)
    links = _links(block)
    for (
        row,
        (span_id, parent, name, kind, start_ns, end_ns, code, message, flags, state, *dropped),
    ) in enumerate(
        zip(
            values(column("span_id")),
            values(column("parent_span_id")),
            texts(column("name")),
            values(column("kind")),
            values(column("start_ns")),
            values(column("end_ns")),
            values(column("status_code")),
            texts(column("status_message")),
            values(column("flags")),
            texts(column("trace_state")),
            values(column("dropped_attributes")),
            values(column("dropped_events")),
            values(column("dropped_links")),
            strict=True,
        )
    ):
        yield {
            "spanId": span_id.hex(),
            **({"parentSpanId": parent.hex()} if parent != _ROOT else {}),
            "name": name,
            "kind": kind,
            "startTimeUnixNano": str(start_ns),
            "endTimeUnixNano": str(end_ns),
            "status": _present(message=message, code=code),
            **_present(
                traceState=state,
                flags=flags,
                attributes=attributes[row],
                events=events[row],
                links=links[row],
                droppedAttributesCount=dropped[0],
                droppedEventsCount=dropped[1],
                droppedLinksCount=dropped[2],
            ),
        }


def resource(block: pa.RecordBatch, row: int) -> Json:
    """The resource of one row."""
    return _present(
        attributes=_row_attributes(block, row, "resource"),
        droppedAttributesCount=_cell(block, row, "resource_dropped_attributes"),
    )


def scope(block: pa.RecordBatch, row: int) -> Json:
    """The instrumentation scope of one row."""
    return _present(
        name=text(_cell(block, row, "scope_name")),
        version=text(_cell(block, row, "scope_version")),
        attributes=_row_attributes(block, row, "scope"),
        droppedAttributesCount=_cell(block, row, "scope_dropped_attributes"),
    )


def schema_url(block: pa.RecordBatch, row: int, owner: str) -> str:
    """The schema URL of the row's `resource` or `scope`."""
    return text(_cell(block, row, f"{owner}_schema_url"))


def _events(block: pa.RecordBatch) -> list[list[Json]]:
    times = block.column("event_time_ns")
    if not len(times.values):
        return [[]] * block.num_rows
    flat = [
        {
            "timeUnixNano": str(time_ns),
            "name": name,
            **_present(attributes=attributes, droppedAttributesCount=dropped),
        }
        for time_ns, name, dropped, attributes in zip(
            values(times.values),
            texts(block.column("event_name").values),
            values(block.column("event_dropped_attributes").values),
            _listed_attributes(block, "event"),
            strict=True,
        )
    ]
    return lists(times, flat)


def _links(block: pa.RecordBatch) -> list[list[Json]]:
    ids = block.column("link_trace_id")
    if not len(ids.values):
        return [[]] * block.num_rows
    flat = [
        {
            # Zeros stand for an id that the sender left out.
            "traceId": trace_id.hex() if any(trace_id) else "",
            "spanId": span_id.hex() if any(span_id) else "",
            **_present(
                traceState=state, attributes=attributes, droppedAttributesCount=dropped, flags=flags
            ),
        }
        for trace_id, span_id, state, flags, dropped, attributes in zip(
            values(ids.values),
            values(block.column("link_span_id").values),
            texts(block.column("link_trace_state").values),
            values(block.column("link_flags").values),
            values(block.column("link_dropped_attributes").values),
            _listed_attributes(block, "link"),
            strict=True,
        )
    ]
    return lists(ids, flat)


def _attributes(block: pa.RecordBatch, owner: str) -> list[list[Json]]:
    """The attributes of every row."""
    columns = [maps(block.column(f"{owner}_{held}")) for held in _TYPES]
    return [_typed(*row) for row in zip(*columns, strict=True)]


def _row_attributes(block: pa.RecordBatch, row: int, owner: str) -> list[Json]:
    """The attributes of one row, without a look at the others."""
    cells = [_cell(block, row, f"{owner}_{held}") for held in _TYPES]
    return _typed(*[[(text(key), value) for key, value in cell] for cell in cells])


def _typed(
    strings: Pairs, integers: Pairs, floats: Pairs, booleans: Pairs, others: Pairs
) -> list[Json]:
    return [
        *[{"key": key, "value": {"stringValue": text(value)}} for key, value in strings],
        *[{"key": key, "value": {"intValue": str(value)}} for key, value in integers],
        *[{"key": key, "value": {"doubleValue": _double(value)}} for key, value in floats],
        *[{"key": key, "value": {"boolValue": value}} for key, value in booleans],
        *[{"key": key, "value": _any_value(value)} for key, value in others],
    ]


def _listed_attributes(block: pa.RecordBatch, owner: str) -> list[list[Json]]:
    """OTLP attributes of the events or links of all rows, one after the other."""
    pairs = zip(
        maps(block.column(f"{owner}_str").values),
        maps(block.column(f"{owner}_other").values),
        strict=True,
    )
    return [_typed(strings, [], [], [], others) for strings, others in pairs]


def _any_value(value: bytes) -> orjson.Fragment:
    return orjson.Fragment(any_value_json(value))


def _double(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _cell(block: pa.RecordBatch, row: int, name: str) -> Any:
    return block.column(name)[row].as_py()


def _present(**fields: Any) -> Json:
    return {name: value for name, value in fields.items() if value}
