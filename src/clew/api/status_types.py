"""What `/api/v1/status` answers."""

from datetime import date

from pydantic import Field

from clew.api.types import Model


class Rate(Model):
    """A counter since the intake process started, and how fast it rose over the last minute."""

    total: int
    per_second: float


class IntakeStatus(Model):
    """What came in by OTLP, in spans."""

    state: str = Field(
        description="`ok`, `starting`, or why senders are asked to send again.",
        examples=["refusing: 1.2 GiB free on the disk, reserve 2.0 GiB"],
    )
    accepted: Rate = Field(description="Acknowledged: on disk.")
    rejected: Rate = Field(description="Not valid; the sender was told, and must not send again.")
    refused: Rate = Field(description="Valid, but not now; the sender was asked to send again.")
    rejected_by_reason: dict[str, int]
    refused_by_reason: dict[str, int]


class JournalStatus(Model):
    """Spans that were acknowledged and wait for the store."""

    bytes: int
    max_bytes: int
    backlog_segments: int
    backlog_seconds: float = Field(description="Age of the oldest segment that waits.")
    lag_seconds: float = Field(description="From receipt to search, of what was stored last.")


class TableStatus(Model):
    """A table of the store."""

    name: str
    row_count: int
    bytes: int
    parts: int


class StoreStatus(Model):
    """Live data of the store. Days are days of receipt, UTC."""

    span_count: int
    bytes: int = Field(description="On disk, compressed, all tables.")
    bytes_per_span: float | None
    parts: int
    oldest_day: date | None
    newest_day: date | None
    tables: list[TableStatus]
    replaced_bytes: int = Field(description="What merges have replaced; deleted within minutes.")
    detached_parts: int = Field(description="Parts put aside because they cannot be read.")
    dead_letters: int = Field(description="Spans, records and segments that could not be stored.")


class DiskStatus(Model):
    """Free space where the data folder is."""

    free_bytes: int | None = Field(description="null: not known yet.")
    reserve_bytes: int = Field(description="Below it senders are asked to send again.")


class RetentionStatus(Model):
    """What is removed when, and what has been since the store process started."""

    days: int = Field(description="0: for ever.")
    store_max_bytes: int = Field(description="0: no cap.")
    free_bytes: int = Field(description="Below so much free space the oldest goes; 0: never.")
    counted_from: date | None = Field(
        description="The day that age is counted from; null until an hour of data has come."
    )
    days_ahead: int = Field(
        description="By how many days the newest receive day is ahead of the clock; 0 unless one "
        "of them is wrong."
    )
    removed_spans: dict[str, int] = Field(description="By reason: age, size or disk.")
    removed_bytes: dict[str, int] = Field(description="By the same reasons.")


class QueryStatus(Model):
    """Limits of the questions that this server answers."""

    queries: int = Field(description="Answered at one time; others wait.")
    streams: int = Field(description="Whole traces read at one time.")
    query_seconds: int
    stream_seconds: int
    row_limit: int = Field(description="Most rows the store gives out for one question.")


class StatusAnswer(Model):
    """How this Clew is: one page for people and scripts."""

    version: str
    uptime_seconds: int
    ready: bool
    checks: dict[str, str]
    intake: IntakeStatus
    journal: JournalStatus
    store: StoreStatus
    disk: DiskStatus
    retention: RetentionStatus
    query: QueryStatus
