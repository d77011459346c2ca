"""A text within one trace: names, ids, attributes of spans, resource, scope, events and links."""

from __future__ import annotations

from clew.query.bounds import days, seconds_of, trace_ranges
from clew.query.skeleton import arrange, ids_of, numbers_of
from clew.sql import load
from clew.store import Reader

LONGEST_TEXT = 1000


def places_of(reader: Reader, trace_id: bytes, text: str) -> list[int] | None:
    """Places of the spans that have it, in the order of the skeleton; None: no such trace."""
    found = trace_ranges(reader, [trace_id])
    if not found:
        return None
    levels = (load("query/part/texts", level=level).text for level in ("attr", "resource", "scope"))
    statement = load(
        "query/trace_find",
        texts=",\n".join(levels),
        seconds=load("query/part/seconds").text,
    )
    bounds = {**days(found), **seconds_of(found)}
    blocks = [
        block
        for table in reader.stream(statement, trace_id=trace_id.hex(), text=text, **bounds)
        for block in table.to_batches()
    ]
    if not any(block.num_rows for block in blocks):
        return None
    arranged = arrange(
        ids_of(blocks, "span_id"), ids_of(blocks, "parent_span_id"), numbers_of(blocks, "start_ns")
    )
    has = numbers_of(blocks, "found")[arranged.rows]
    places: list[int] = has.nonzero()[0].tolist()
    return places
