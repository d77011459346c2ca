"""A trace in columns, as the skeleton endpoint answers it; written by `query/skeleton.py`."""

from typing import Annotated

from pydantic import Field

from clew.api.otlp_types import OtlpTraces
from clew.api.types import Model, Nanoseconds

# A number, unless a client that reads numbers as doubles would lose digits.
SafeNanoseconds = Annotated[
    int | Annotated[str, Field(pattern=r"^\d{16,20}$")],
    Field(description="Nanoseconds: a number up to 2^53 - 1, a decimal string above."),
]


class MissingParent(Model):
    """A span that others name as their parent and that is not stored."""

    span_id: str = Field(description="16 lower-case hex digits.")
    children: list[int] = Field(description="Places of the spans that name it.")


class SkeletonSpans(Model):
    """One array a field, all of the same length: a value for each span of the trace."""

    id: list[str] = Field(description="Span ids, 16 lower-case hex digits.")
    name: list[int] = Field(description="Indexes into `names`.")
    service: list[int] = Field(description="Indexes into `services`.")
    parent: list[int] = Field(
        description="Places of the parents, always before their children; -1: has none, or its "
        "parent is missing or was cut, see `flags`."
    )
    start_offset_nanos: list[SafeNanoseconds] = Field(
        description="Nanoseconds from `startTimeUnixNano` to the start of the span."
    )
    duration_nanos: list[SafeNanoseconds] = Field(
        description="Nanoseconds; 0 when a span ends before it starts."
    )
    kind: list[int] = Field(
        description="0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer."
    )
    status: list[int] = Field(description="0 unset, 1 ok, 2 error.")
    flags: list[int] = Field(
        description="A sum of: 1 has events, 2 has links, 4 has an event named `exception`, "
        "8 its parent is missing, 16 the link to its parent was cut, because the parents form a "
        "circle, 32 another span of the trace has the same id."
    )


class SkeletonEvents(Model):
    """Where events stand, by the place of their span and then by time."""

    span: list[int] = Field(description="Places of the spans.")
    offset_nanos: list[int | Annotated[str, Field(pattern=r"^-?\d{16,20}$")]] = Field(
        description="Nanoseconds from `startTimeUnixNano`; below 0 for an event before all spans. "
        "A number up to 2^53 - 1, a decimal string above."
    )
    exceptions: list[int] = Field(
        description="Which of these are named `exception`: places in the two lists, ascending."
    )
    complete: bool = Field(description="Whether these are all; else those of the first spans.")


class SkeletonAnswer(Model):
    """A trace in columns, depth first, siblings by start time and then id.

    The children of a missing parent stand beside each other, where the earliest of them starts.
    """

    trace_id: str = Field(description="32 lower-case hex digits.")
    start_time_unix_nano: Nanoseconds = Field(description="Start of the earliest span.")
    span_count: int
    names: list[str] = Field(description="Each span name once.")
    services: list[str] = Field(description="Each service once.")
    missing_parents: list[MissingParent]
    spans: SkeletonSpans
    events: SkeletonEvents


class FoundAnswer(Model):
    """Where a text is within a trace."""

    places: list[int] = Field(description="Places of the spans that have it, in their order.")
    complete: bool = Field(description="Whether all spans were looked at.")


class SomeSpansAnswer(OtlpTraces):
    """OTLP's TracesData of the spans asked for."""

    unknown_span_ids: list[str] = Field(description="Ids that no span of the trace has.")
