"""What `/api/v1/why` answers."""

from pydantic import Field

from clew.api.types import Model, Nanoseconds
from clew.query.why import Verdict


class WhyFact(Model):
    """Something that is known."""

    kind: str = Field(description="A word for programs; for refusals the ledger's reason.")
    sentence: str
    count: int | None
    first: Nanoseconds | None
    last: Nanoseconds | None


class WhyAnswer(Model):
    """What became of a trace, as far as this server can know."""

    trace_id: str = Field(description="32 lower-case hex digits.")
    form: str = Field(description="What was given, in words.")
    sampled: bool | None = Field(description="What the header says; null: it says nothing.")
    verdict: Verdict = Field(
        description="`refused` and `over_limit`: senders were turned away when it should have "
        "come, which may have been its; the ledger knows no trace ids."
    )
    sentence: str
    hint: str = Field(description="What to do next.")
    facts: list[WhyFact]
    span_count: int = Field(description="Spans of it that are stored.")
    missing_parent_count: int = Field(description="Spans of it whose parent is not stored.")
    start_time_unix_nano: Nanoseconds = Field(description="Of the time that was looked at.")
    end_time_unix_nano: Nanoseconds
