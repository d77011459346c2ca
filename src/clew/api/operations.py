"""`/api/v1/operations`: what the services do."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal

from fastapi import Query

from clew.api.ask import Ask
from clew.api.explore_types import Operation, OperationsAnswer
from clew.api.searches import End, Start
from clew.api.times import parse_range
from clew.query.operations import operations

Service = Annotated[str | None, Query(description="Of this service only.", examples=["checkout"])]
Kind = Annotated[
    Literal["unspecified", "internal", "server", "client", "producer", "consumer"] | None,
    Query(description="Of this span kind only."),
]
Limit = Annotated[int, Query(ge=1, le=10_000, description="Most operations to list.")]


def endpoint(ask: Ask, now_ns: Callable[[], int]) -> Callable[..., Awaitable[OperationsAnswer]]:
    """The handler."""

    async def list_operations(
        service: Service = None,
        kind: Kind = None,
        start: Start = None,
        end: End = None,
        limit: Limit = 1000,
    ) -> OperationsAnswer:
        """Span names with their kind, with spans in the range, the most frequent first."""
        asked = parse_range(start, end, now_ns())
        found = await ask(operations, service, kind, asked.start_ns, asked.end_ns, limit + 1)
        return OperationsAnswer(
            operations=[
                Operation(
                    service_name=one.service,
                    name=one.name,
                    kind=one.kind,
                    span_count=one.span_count,
                    error_count=one.error_count,
                )
                for one in found[:limit]
            ],
            complete=len(found) <= limit,
        )

    return list_operations
