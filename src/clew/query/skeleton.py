"""All spans of one trace as a few columns, in the order in which a waterfall shows them.

Depth first, siblings by start time and then span id. A span whose parent is not stored stands at
the top, together with the others of that parent. Of spans with one id the earliest is the parent;
a circle of parents is opened at its earliest span. `flags` says so for each span it happened to.
"""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
from numpy.typing import NDArray

from clew.query.bounds import days, seconds_of, trace_ranges
from clew.query.rows import texts
from clew.sql import load
from clew.store import Reader

# Of a span; the first three come with the row.
HAS_EVENTS, HAS_LINKS, HAS_EXCEPTION, PARENT_MISSING, PARENT_CUT, REPEATED_ID = 1, 2, 4, 8, 16, 32
# Clients read numbers as doubles: above this they travel as strings.
MAX_NUMBER = 2**53 - 1

MAX_EVENTS = 20_000  # of a trace; those of the first spans

_CHUNK = 16_384  # values written at a time
_ROOT = 0

Numbers = NDArray[Any]


@dataclass(frozen=True)
class Arrangement:
    """`rows`: which row stands at each place. `parents`: the place of its parent, -1 for none.

    `flags` of the place; `missing`: id of a parent that is not there → places of its children.
    """

    rows: Numbers
    parents: Numbers
    flags: Numbers
    missing: dict[int, list[int]]


def skeleton_json(reader: Reader, trace_id: bytes) -> Generator[bytes]:
    """The pieces of the document; none at all when no span has this id.

    In memory are the columns, about 60 bytes a span, and one piece.
    """
    found = trace_ranges(reader, [trace_id])
    if not found:
        return
    statement = load("query/skeleton", seconds=load("query/part/seconds").text)
    bounds = {**days(found), **seconds_of(found)}
    blocks = [
        block
        for table in reader.stream(statement, trace_id=trace_id.hex(), **bounds)
        for block in table.to_batches()
    ]
    # The range of a trace is stored before its spans are, so there may be none yet.
    if any(block.num_rows for block in blocks):
        yield from _document(trace_id, blocks)


def arrange(ids: Numbers, parents: Numbers, starts: Numbers) -> Arrangement:
    """The order of spans with these ids; a parent of 0 is none. Rows are in any order."""
    by_start = np.lexsort((ids, starts))
    ids, wanted = ids[by_start], parents[by_start]
    known, first, inverse, counts = np.unique(
        ids, return_index=True, return_inverse=True, return_counts=True
    )
    nearest = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    child = wanted != _ROOT
    there = child & (known[nearest] == wanted)
    parent = np.where(there, first[nearest], -1).astype(np.int64)
    flags = np.where(child & ~there, PARENT_MISSING, 0).astype(np.uint8)
    flags[counts[inverse] > 1] |= REPEATED_ID
    for span in _circles(parent):
        parent[span] = -1
        flags[span] |= PARENT_CUT
    order = _depth_first(parent, _tops(parent, wanted, flags))
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    above = parent[order]
    missing: dict[int, list[int]] = {}
    for at in np.flatnonzero(flags[order] & PARENT_MISSING).tolist():
        missing.setdefault(int(wanted[order[at]]), []).append(at)
    return Arrangement(
        by_start[order], np.where(above >= 0, place[above], -1), flags[order], missing
    )


def _circles(parent: Numbers) -> list[int]:
    """The earliest span of every circle of parents."""
    above = parent.tolist()
    state = bytearray(len(above))  # 0 not seen, 1 on the path at hand, 2 leads to an end
    cut = []
    for span in range(len(above)):
        path = []
        while span >= 0 and not state[span]:
            state[span] = 1
            path.append(span)
            span = above[span]
        if span >= 0 and state[span] == 1:
            cut.append(min(path[path.index(span) :]))
        for passed in path:
            state[passed] = 2
    return cut


def _tops(parent: Numbers, wanted: Numbers, flags: Numbers) -> list[int]:
    """Spans without a parent by start, those of one missing parent beside the earliest of them."""
    tops = np.flatnonzero(parent < 0)
    earliest: dict[int, int] = {}
    group = [
        earliest.setdefault(absent, span) if orphan else span
        for span, absent, orphan in zip(
            tops.tolist(),
            wanted[tops].tolist(),
            (flags[tops] & PARENT_MISSING).tolist(),
            strict=True,
        )
    ]
    ordered: list[int] = tops[np.lexsort((tops, np.array(group)))].tolist()
    return ordered


def _depth_first(parent: Numbers, tops: list[int]) -> Numbers:
    spans = np.arange(len(parent))
    # Children by parent, the latest first: a stack turns them round.
    children = np.lexsort((-spans, parent))
    begin: list[int] = np.searchsorted(parent[children], spans).tolist()
    end: list[int] = np.searchsorted(parent[children], spans, side="right").tolist()
    below: list[int] = children.tolist()
    order, stack = [], tops[::-1]
    while stack:
        span = stack.pop()
        order.append(span)
        if begin[span] < end[span]:
            stack.extend(below[begin[span] : end[span]])
    return np.array(order, dtype=np.int64)


def _document(trace_id: bytes, blocks: list[pa.RecordBatch]) -> Iterator[bytes]:
    ids, parents = (ids_of(blocks, name) for name in ("span_id", "parent_span_id"))
    starts = numbers_of(blocks, "start_ns")
    arranged = arrange(ids, parents, starts)
    rows = arranged.rows
    base = int(starts.min())
    names, name = _words(blocks, "name")
    services, service = _words(blocks, "service")
    head = {
        "traceId": trace_id.hex(),
        "startTimeUnixNano": str(base),
        "spanCount": len(rows),
        "names": names,
        "services": services,
        "missingParents": [
            {"spanId": f"{span_id:016x}", "children": places}
            for span_id, places in arranged.missing.items()
        ],
    }
    yield orjson.dumps(head)[:-1] + b',"spans":{'
    columns = {
        "name": name[rows],
        "service": service[rows],
        "parent": arranged.parents,
        "startOffsetNanos": starts[rows] - np.uint64(base),
        "durationNanos": numbers_of(blocks, "duration_ns")[rows],
        "kind": numbers_of(blocks, "kind")[rows],
        "status": numbers_of(blocks, "status_code")[rows],
        "flags": numbers_of(blocks, "flags")[rows] | arranged.flags,
    }
    yield b'"id":['
    yield from _chunks(ids[rows], lambda part: [f"{value:016x}" for value in part.tolist()])
    for title, column in columns.items():
        yield f'],"{title}":['.encode()
        yield from _chunks(column, _safe)
    yield b"]},"
    yield b'"events":' + _events(blocks, rows, base) + b"}"


def _events(blocks: list[pa.RecordBatch], rows: Numbers, base: int) -> bytes:
    """
    Where events stand: the place of their span, and the time from the start of the trace; then
    which of them are exceptions.
    """
    place = np.empty_like(rows)
    place[rows] = np.arange(len(rows))
    spans, times, exceptions, row = [], [], [], 0
    for block in blocks:
        column = block.column("event_time_ns")
        counts = np.diff(column.offsets.to_numpy())
        spans.append(np.repeat(place[row : row + len(column)], counts))
        times.append(column.flatten().to_numpy())
        exceptions.append(block.column("event_is_exception").flatten().to_numpy())
        row += len(column)
    span, time = np.concatenate(spans), np.concatenate(times)
    order = np.lexsort((time, span))[:MAX_EVENTS]
    offsets = [int(one) - base for one in time[order].tolist()]
    return orjson.dumps(
        {
            "span": span[order].tolist(),
            "offsetNanos": [one if abs(one) <= MAX_NUMBER else str(one) for one in offsets],
            "exceptions": np.flatnonzero(np.concatenate(exceptions)[order]).tolist(),
            "complete": len(order) == len(span),
        }
    )


def _chunks(column: Numbers, form: Any) -> Iterator[bytes]:
    """The values as JSON, with commas between them."""
    for at in range(0, len(column), _CHUNK):
        text = orjson.dumps(form(column[at : at + _CHUNK]), option=orjson.OPT_SERIALIZE_NUMPY)
        yield (b"," if at else b"") + text[1:-1]


def _safe(part: Numbers) -> Any:
    if part.max() <= MAX_NUMBER:
        return np.ascontiguousarray(part)
    return [value if value <= MAX_NUMBER else str(value) for value in part.tolist()]


def numbers_of(blocks: list[pa.RecordBatch], name: str) -> Numbers:
    """A column of all blocks."""
    return np.concatenate([block.column(name).to_numpy() for block in blocks])


def ids_of(blocks: list[pa.RecordBatch], name: str) -> Numbers:
    """Ids of 8 bytes as numbers, which sort as the bytes do."""
    parts = []
    for block in blocks:
        column = block.column(name)
        held = np.frombuffer(column.buffers()[1], dtype=">u8")
        parts.append(held[column.offset : column.offset + len(column)])
    return np.concatenate(parts).astype(np.uint64)


def _words(blocks: list[pa.RecordBatch], name: str) -> tuple[list[str], Numbers]:
    """A column of repeated strings: the strings, and the index of each row's."""
    known: dict[str, int] = {}
    parts = []
    for block in blocks:
        column = block.column(name)
        # The dictionary of a block may be that of its part, with the words of other traces.
        used, indices = np.unique(column.indices.to_numpy(), return_inverse=True)
        words = texts(column.dictionary.take(pa.array(used)))
        places = [known.setdefault(word, len(known)) for word in words]
        parts.append(np.array(places, dtype=np.int64)[indices])
    return list(known), np.concatenate(parts)
