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


class Covered(Model):
    """The range of span start times for which the page is complete."""

    start_time_unix_nano: Nanoseconds
    end_time_unix_nano: Nanoseconds
    limited_by: Literal["limit", "time", "memory"] | None = Field(
        description="Why it ends before the range asked for: the page is full, or the time or the "
        "memory for one search is over. null when the whole range was looked at."
    )


class SampleCovered(Covered):
    """The same for an answer that may come from a part of the spans."""

    sampled_spans: int | None = Field(
        description="How many spans the answer was made from; null when it was made from all."
    )


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
