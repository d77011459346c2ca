"""What `/api/v1/arrival` answers: how far the first data has come."""

from typing import Literal

from pydantic import Field

from clew.api.key_types import Asked
from clew.api.ledger import LedgerEntry
from clew.api.types import Model, Nanoseconds


class Endpoints(Model):
    """Where senders connect. The host is for the client to say, who reached this server by it."""

    grpc_port: int
    http_port: int
    tls: bool
    loopback_only: bool = Field(description="Only senders on the server's own machine get in.")


class Arrived(Model):
    """A trace that a search finds."""

    trace_id: str = Field(description="32 lower-case hex digits.")
    service_name: str = Field(description="Of its root span.")
    name: str
    start_time_unix_nano: Nanoseconds
    span_count: int
    source: Literal["own", "test", "demo"] = Field(
        description="Whether it comes from `clew send`, the demo shop, or somebody's own service."
    )


class MisdatedSpans(Model):
    """Spans of a service that arrived lately, and say that they are of another time."""

    service_name: str
    spans: int = Field(description="Counted up to 10,000.")
    first_start_time_unix_nano: Nanoseconds
    last_start_time_unix_nano: Nanoseconds


class DemoState(Model):
    """The demo shop, as this server runs it."""

    available: bool = Field(description="false where senders need TLS: run `clew demo` then.")
    running: bool
    ends_in_seconds: int | None


class ArrivalAnswer(Model):
    """Counts are since the intake process started, but for `storedSpans`."""

    endpoints: Endpoints
    keys_required: bool = Field(description="Senders need a key.")
    connections: int = Field(description="Connections that were opened at the OTLP ports.")
    accepted_spans: int = Field(description="Acknowledged: on disk.")
    stored_spans: int = Field(description="In the store, of all times.")
    traces: list[Arrived] = Field(
        description="Those of the last quarter of an hour, newest first; somebody's own before "
        "tests and the demo's."
    )
    misdated: list[MisdatedSpans] = Field(
        description="While no trace of somebody's own is found: spans that arrived in that time "
        "and do not start in it, most first, without the demo's. The clock of their sender may be "
        "wrong."
    )
    refusals: list[LedgerEntry] = Field(
        description="Who was turned away in the last ten minutes; the most telling first."
    )
    demo: DemoState


class SendTestTrace(Asked):
    """How to send it."""

    key: str | None = Field(default=None, description="API key, where senders need one.")


class TestTraceAnswer(Model):
    """A test trace that was acknowledged; a search finds it about two seconds later."""

    trace_id: str


class SwitchDemo(Asked):
    """Start or stop the demo shop."""

    action: Literal["start", "stop"]
    key: str | None = Field(default=None, description="API key, where senders need one.")
