"""What the API answers, as clients see it. Integers of 64 bits travel as decimal strings."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Nanoseconds = Annotated[
    str,
    Field(
        pattern=r"^\d+$",
        description="Nanoseconds as a decimal string.",
        examples=["1795348800000000000"],
    ),
]


class Model(BaseModel):
    """Written in Python's style here, in lowerCamelCase on the wire."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class ErrorDetail(Model):
    """Why a request was not answered, and what to do."""

    code: str = Field(description="A word for programs.", examples=["invalid_query"])
    message: str = Field(description="What is wrong, with the value.")
    hint: str | None = Field(default=None, description="What to do about it.")
    position: int | None = Field(
        default=None, description="Where in the query, in characters from 0."
    )


class ErrorAnswer(Model):
    """The one shape of every error."""

    error: ErrorDetail


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
    services: list[ServicePart]


class Covered(Model):
    """The range of span start times for which the page is complete."""

    start_time_unix_nano: Nanoseconds
    end_time_unix_nano: Nanoseconds
    limited_by: Literal["limit", "time"] | None = Field(
        description="Why it ends before the range asked for: the page is full, or the time for one "
        "search is over. null when the whole range was looked at."
    )


class SearchAnswer(Model):
    """Traces, the one with the newest matching span first."""

    traces: list[TraceSummary]
    next_cursor: str | None = Field(
        description="Ask again with it for what follows; null at the end."
    )
    covered: Covered


class Service(Model):
    """A service and what it sent in the range asked about."""

    name: str
    span_count: int
    error_count: int


class ServicesAnswer(Model):
    """Services by name."""

    services: list[Service]


class LiveAnswer(Model):
    """The process answers."""

    live: bool


class ReadyAnswer(Model):
    """Whether spans are taken and questions answered, and the state of each part."""

    ready: bool
    checks: dict[str, str]
