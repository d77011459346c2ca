"""One trace as OTLP JSON, written piece by piece: a block is in memory, never the trace."""

from collections.abc import Generator

import orjson
import pyarrow as pa

from clew.query import otlp
from clew.query.bounds import days, seconds_of, trace_ranges
from clew.sql import load
from clew.store import Reader


def trace_json(
    reader: Reader, trace_id: bytes, span_ids: frozenset[bytes] | None = None
) -> Generator[bytes]:
    """The pieces of a `{"resourceSpans": …}` document; none at all when no span has this id.

    With `span_ids` only those spans, and at the end `unknownSpanIds`: those that no span has.
    The generator holds a connection of the reader until it is read out or closed.
    """
    found = trace_ranges(reader, [trace_id])
    if not found:
        return
    bounds = {**days(found), **seconds_of(found)}
    wanted = "query/part/everything"
    if span_ids is not None:
        wanted = "query/part/spans"
        bounds["span_ids"] = ",".join(span_id.hex() for span_id in span_ids)
    statement = load(
        "query/trace_spans", seconds=load("query/part/seconds").text, spans=load(wanted).text
    )
    document = _Document(trace_id.hex())
    unknown = set(span_ids or ())
    for table in reader.stream(statement, trace_id=trace_id.hex(), **bounds):
        for block in table.to_batches():
            yield document.block(block)
            if unknown:
                unknown.difference_update(block.column("span_id").to_pylist())
    if span_ids is not None:
        listed = orjson.dumps(sorted(span_id.hex() for span_id in unknown))
        begun = document.end()[:-1] if document.begun else b'{"resourceSpans":[]'
        yield begun + b',"unknownSpanIds":' + listed + b"}"
    # The range of a trace is stored before its spans are, so there may be none yet.
    elif document.begun:
        yield document.end()


class _Document:
    """Writes spans that come ordered by resource and scope, and knows what is open."""

    def __init__(self, trace_id: str) -> None:
        self._trace_id = trace_id
        self._resource: int | None = None
        self._scope: int | None = None

    @property
    def begun(self) -> bool:
        return self._resource is not None

    def block(self, block: pa.RecordBatch) -> bytes:
        text: list[bytes] = []
        resources = block.column("resource_key").to_pylist()
        scopes = block.column("scope_key").to_pylist()
        for row, span in enumerate(otlp.spans(block)):
            if resources[row] != self._resource:
                text.append(b"]}]}," if self.begun else b'{"resourceSpans":[')
                text.append(_open("resource", otlp.resource(block, row), block, row))
                text.append(b'"scopeSpans":[')
                text.append(_open("scope", otlp.scope(block, row), block, row))
                text.append(b'"spans":[')
            elif scopes[row] != self._scope:
                text.append(b"]},")
                text.append(_open("scope", otlp.scope(block, row), block, row))
                text.append(b'"spans":[')
            else:
                text.append(b",")
            self._resource, self._scope = resources[row], scopes[row]
            text.append(orjson.dumps({"traceId": self._trace_id, **span}))
        return b"".join(text)

    def end(self) -> bytes:
        return b"]}]}]}"


def _open(owner: str, described: otlp.Json, block: pa.RecordBatch, row: int) -> bytes:
    """`{"resource":{…},"schemaUrl":"…",` of a group, which goes on with its members."""
    group: otlp.Json = {owner: described}
    if url := otlp.schema_url(block, row, owner):
        group["schemaUrl"] = url
    return orjson.dumps(group)[:-1] + b","
