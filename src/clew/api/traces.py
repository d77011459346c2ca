"""`/api/v1/traces/{trace_id}`: one trace as OTLP JSON."""

import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated

from fastapi import Path

from clew.api.ask import Ask
from clew.api.errors import ApiError, invalid
from clew.api.streamed import Streamed
from clew.query.trace import trace_json

_TRACE_ID = re.compile(r"[0-9a-fA-F]{32}")

TraceId = Annotated[
    str,
    # Checked below, with a better sentence; the pattern is for the OpenAPI page.
    Path(
        description="32 hex digits.",
        examples=["5b8efff798038103d269b633813fc60c"],
        json_schema_extra={"pattern": "^[0-9a-fA-F]{32}$"},
    ),
]


def endpoint(ask: Ask) -> Callable[[str], Awaitable[Streamed]]:
    """The handler."""

    async def get_trace(trace_id: TraceId) -> Streamed:
        """All spans of a trace in OTLP JSON, by resource and scope, each scope's by start time.

        A very large trace is sent while it is read; an answer that breaks off is not valid JSON.
        """
        pieces = await ask.stream(partial(trace_json, trace_id=parse_trace_id(trace_id)))
        if pieces is None:
            raise trace_not_found(trace_id)
        return Streamed(pieces)

    return get_trace


def trace_not_found(trace_id: str) -> ApiError:
    """The answer when no span has the id."""
    return ApiError(
        404,
        "trace_not_found",
        f"No span of trace {trace_id.lower()} is stored.",
        "New spans can be read about two seconds after they were sent.",
    )


def parse_trace_id(text: str) -> bytes:
    """The 16 bytes of an id in a path."""
    if not _TRACE_ID.fullmatch(text):
        shown = f"{text[:100]!r}, {len(text)} characters long, is not a trace id"
        raise invalid("trace_id", shown, "Give the 32 hex digits of the id.")
    return bytes.fromhex(text)
