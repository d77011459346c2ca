"""OTLP JSON, as the trace endpoint answers it: a document for the OpenAPI page and for generators.

The answer itself is written by `query/trace.py`; a test reads it back through these types.
"""

from pydantic import Field

from clew.api.types import Model, Nanoseconds


class OtlpArray(Model):
    """A list of values."""

    values: list["OtlpValue"] = Field(default=[])


class OtlpMap(Model):
    """A list of named values."""

    values: list["OtlpAttribute"] = Field(default=[])


class OtlpValue(Model):
    """Exactly one field is set, none for an empty value."""

    string_value: str | None = None
    bool_value: bool | None = None
    int_value: str | None = Field(default=None, description="A 64-bit integer as a decimal string.")
    double_value: float | str | None = Field(
        default=None, description="NaN and Infinity are strings."
    )
    array_value: OtlpArray | None = None
    kvlist_value: OtlpMap | None = None
    bytes_value: str | None = Field(default=None, description="base64")


class OtlpAttribute(Model):
    """A name and its value. A name can be there twice, if it was sent twice."""

    key: str
    value: OtlpValue


class OtlpEvent(Model):
    """Something that happened at one time within a span."""

    time_unix_nano: Nanoseconds
    name: str
    attributes: list[OtlpAttribute] = Field(default=[])
    dropped_attributes_count: int = 0


class OtlpLink(Model):
    """A reference to another span."""

    trace_id: str
    span_id: str
    trace_state: str = ""
    attributes: list[OtlpAttribute] = Field(default=[])
    dropped_attributes_count: int = 0
    flags: int = 0


class OtlpStatus(Model):
    """0 unset, 1 ok, 2 error."""

    code: int = 0
    message: str = ""


class OtlpSpan(Model):
    """One span, with all that was sent."""

    trace_id: str
    span_id: str
    parent_span_id: str = Field(default="", description="Left out for a root.")
    trace_state: str = ""
    flags: int = 0
    name: str
    kind: int = Field(
        description="0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer."
    )
    start_time_unix_nano: Nanoseconds
    end_time_unix_nano: Nanoseconds
    attributes: list[OtlpAttribute] = Field(default=[])
    dropped_attributes_count: int = 0
    events: list[OtlpEvent] = Field(default=[])
    dropped_events_count: int = 0
    links: list[OtlpLink] = Field(default=[])
    dropped_links_count: int = 0
    status: OtlpStatus


class OtlpScope(Model):
    """The library that made the spans."""

    name: str = ""
    version: str = ""
    attributes: list[OtlpAttribute] = Field(default=[])
    dropped_attributes_count: int = 0


class OtlpScopeSpans(Model):
    """Spans of one scope."""

    scope: OtlpScope
    schema_url: str = ""
    spans: list[OtlpSpan]


class OtlpResource(Model):
    """What sent the spans."""

    attributes: list[OtlpAttribute] = Field(default=[])
    dropped_attributes_count: int = 0


class OtlpResourceSpans(Model):
    """Spans of one resource."""

    resource: OtlpResource
    schema_url: str = ""
    scope_spans: list[OtlpScopeSpans]


class OtlpTraces(Model):
    """OTLP's TracesData."""

    resource_spans: list[OtlpResourceSpans]
