"""`/api/v1/ledger`: who knocked at the intake and was turned away, and why."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Query
from pydantic import Field

from clew.api.ask import Ask
from clew.api.searches import End, Start
from clew.api.times import parse_range
from clew.api.types import Model, Nanoseconds
from clew.query.ledger import Knocks, ledger

Reason = Annotated[str | None, Query(description="With this reason only.", examples=["wrong_path"])]
Limit = Annotated[int, Query(ge=1, le=10_000, description="Most entries to list.")]


class LedgerEntry(Model):
    """Knocks that are alike, added up."""

    reason: str = Field(description="A word for programs.", examples=["tls_on_plain_port"])
    status: int = Field(
        description="The status that was given: HTTP's, or the code of gRPC where protocol is "
        "grpc; 0 when none could be."
    )
    protocol: str = Field(description="What the sender spoke, such as http1, grpc, tls, redis.")
    address: str = Field(
        description="Where it came from, without the port; empty for senders that are added up."
    )
    port: int = Field(description="The port at which it knocked.")
    user_agent: str
    key_prefix: str = Field(description="The beginning of the key that was sent, if one was.")
    headers: list[str] = Field(description="Names of the request's headers.")
    detail: str = Field(description="The value that is wrong, or the first that came.")
    count: int
    first: Nanoseconds
    last: Nanoseconds
    sentence: str = Field(description="The cause, and what to do.")


class LedgerAnswer(Model):
    """Knocks, those seen last first."""

    entries: list[LedgerEntry]
    complete: bool = Field(description="Whether these are all of the range.")


def entry(one: Knocks) -> LedgerEntry:
    """As clients see it."""
    return LedgerEntry(
        reason=one.reason,
        status=one.status,
        protocol=one.protocol,
        address=one.address,
        port=one.port,
        user_agent=one.user_agent,
        key_prefix=one.key_prefix,
        headers=list(one.headers),
        detail=one.detail,
        count=one.count,
        first=str(one.first_ns),
        last=str(one.last_ns),
        sentence=one.sentence,
    )


def endpoint(ask: Ask, now_ns: Callable[[], int]) -> Callable[..., Awaitable[LedgerAnswer]]:
    """The handler."""

    async def list_ledger(
        start: Start = None, end: End = None, reason: Reason = None, limit: Limit = 1000
    ) -> LedgerAnswer:
        """Refused and odd traffic at the intake, last seen in the range, newest first.

        The times of the range are those of the knocks, not of spans.
        """
        asked = parse_range(start, end, now_ns())
        found = await ask(ledger, reason, asked.start_ns, asked.end_ns, limit + 1)
        return LedgerAnswer(
            entries=[entry(one) for one in found[:limit]],
            complete=len(found) <= limit,
        )

    return list_ledger
