"""`/api/v1/traces/{trace_id}/skeleton` and `…/spans`: first all spans, then a few."""

import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated

from fastapi import Query

from clew.api.ask import Ask
from clew.api.errors import invalid
from clew.api.skeleton_types import FoundAnswer
from clew.api.streamed import Streamed
from clew.api.traces import TraceId, parse_trace_id, trace_not_found
from clew.query.find_in_trace import LONGEST_TEXT, places_of
from clew.query.skeleton import skeleton_json
from clew.query.trace import trace_json

MAX_IDS = 500

_SPAN_ID = re.compile(r"[0-9a-fA-F]{16}")

SpanIds = Annotated[
    str,
    # Checked below, with a better sentence; the pattern is for the OpenAPI page.
    Query(
        description=f"Up to {MAX_IDS} span ids of 16 hex digits, with commas between them.",
        examples=["051581bf3cb55c13,5fb397be34d26b51"],
        json_schema_extra={
            "pattern": f"^[0-9a-fA-F]{{16}}(,[0-9a-fA-F]{{16}}){{0,{MAX_IDS - 1}}}$"
        },
    ),
]

SearchText = Annotated[
    str,
    Query(
        min_length=1,
        max_length=LONGEST_TEXT,
        description="In names, ids, keys and values of attributes, events, links, scope, resource "
        "and the message of the status.",
        examples=["timeout"],
        # Checked below, with a better sentence.
        json_schema_extra={"pattern": r"^[^\x00]+$"},
    ),
]


def skeleton_endpoint(ask: Ask) -> Callable[[str], Awaitable[Streamed]]:
    """The handler."""

    async def get_skeleton(trace_id: TraceId) -> Streamed:
        """All spans of a trace as columns, depth first: enough to draw it, without attributes."""
        pieces = await ask.stream(partial(skeleton_json, trace_id=parse_trace_id(trace_id)))
        if pieces is None:
            raise trace_not_found(trace_id)
        return Streamed(pieces)

    return get_skeleton


def spans_endpoint(ask: Ask) -> Callable[..., Awaitable[Streamed]]:
    """The handler."""

    async def get_spans(trace_id: TraceId, ids: SpanIds) -> Streamed:
        """Some spans of a trace in OTLP JSON, with `unknownSpanIds`: those that are not there."""
        wanted = _parse(ids)
        found = partial(trace_json, trace_id=parse_trace_id(trace_id), span_ids=wanted)
        pieces = await ask.stream(found)
        if pieces is None:
            raise trace_not_found(trace_id)
        return Streamed(pieces)

    return get_spans


def find_endpoint(ask: Ask) -> Callable[..., Awaitable[FoundAnswer]]:
    """The handler."""

    async def find_in_trace(trace_id: TraceId, text: SearchText) -> FoundAnswer:
        """Spans of a trace that have a text in whatever is said of them, in small or capitals."""
        if "\0" in text:
            raise invalid(
                "text", "it has a NUL, which no attribute is searched for", "Leave it out."
            )
        places = await ask(places_of, parse_trace_id(trace_id), text)
        if places is None:
            raise trace_not_found(trace_id)
        return FoundAnswer(places=places, complete=True)

    return find_in_trace


def _parse(text: str) -> frozenset[bytes]:
    ids = text.split(",")
    if len(ids) > MAX_IDS:
        raise invalid("ids", f"{len(ids)} span ids are given, {MAX_IDS} are allowed", "Ask twice.")
    for one in ids:
        if not _SPAN_ID.fullmatch(one):
            shown = f"{one[:100]!r}, {len(one)} characters long, is not a span id"
            raise invalid("ids", shown, "Give 16 hex digits each, with commas between them.")
    return frozenset(bytes.fromhex(one) for one in ids)
