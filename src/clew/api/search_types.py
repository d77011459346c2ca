"""What `/api/v1/search` answers."""

from pydantic import Field
from typing_extensions import TypedDict

from clew.api.types import Covered, Model, Nanoseconds


class AnyValues(TypedDict, total=False):
    """A list of values."""

    values: list["AnyValue"]


class NamedAnyValue(TypedDict, total=False):
    """A name and its value."""

    key: str
    value: "AnyValue"


class NamedAnyValues(TypedDict, total=False):
    """A list of named values."""

    values: list[NamedAnyValue]


class AnyValue(TypedDict, total=False):
    """As in OTLP JSON: exactly one field is there, none for an empty value."""

    stringValue: str
    boolValue: bool
    intValue: str
    doubleValue: float | str
    arrayValue: AnyValues
    kvlistValue: NamedAnyValues
    bytesValue: str


class GroupValue(Model):
    """A field that the query groups by, as it writes it, and its value; null: there is none."""

    field: str
    value: AnyValue | None


class SelectedAttribute(Model):
    """A field that the query selects, as it writes it, and its value in this span."""

    key: str
    value: AnyValue


class MatchedSpan(Model):
    """A span that the query matched."""

    span_id: str = Field(description="16 lower-case hex digits.")
    name: str
    service_name: str
    start_time_unix_nano: Nanoseconds
    duration_nanos: Nanoseconds
    status_code: int = Field(description="0 unset, 1 ok, 2 error.")
    attributes: list[SelectedAttribute] = Field(
        description="What the query selects, without the fields that the span does not have."
    )


class SpanSet(Model):
    """Spans of one trace that the query matched together."""

    matched: int = Field(description="How many spans it has.")
    by: list[GroupValue] = Field(description="The values it was grouped by.")
    spans: list[MatchedSpan] = Field(description="The first of them, by start.")


class ServicePart(Model):
    """What one service has in a trace."""

    name: str
    span_count: int
    error_count: int


class TraceSummary(Model):
    """One trace of a search result, counted over all its spans, matching or not."""

    trace_id: str = Field(description="32 lower-case hex digits.")
    root_service_name: str = Field(
        description="Service of the span without a parent; if there is none, of the earliest span "
        "whose parent is missing."
    )
    root_name: str = Field(description="Name of the same span.")
    start_time_unix_nano: Nanoseconds
    duration_nanos: Nanoseconds
    span_count: int
    error_count: int = Field(description="Spans with status error.")
    orphan_count: int = Field(description="Spans whose parent is not stored.")
    services: list[ServicePart]
    set_count: int = Field(
        description="How many sets of spans the query matched; the first 100 are listed."
    )
    span_sets: list[SpanSet]


class SearchAnswer(Model):
    """Traces, the one with the newest matching span first."""

    traces: list[TraceSummary]
    next_cursor: str | None = Field(
        description="Ask again with it for what follows; null at the end."
    )
    covered: Covered
