"""`/api/v1/services`: who has sent spans."""

from collections.abc import Awaitable, Callable

from clew.api.ask import Ask
from clew.api.searches import End, Start
from clew.api.times import parse_range
from clew.api.types import Service, ServicesAnswer
from clew.query.services import services


def endpoint(ask: Ask, now_ns: Callable[[], int]) -> Callable[..., Awaitable[ServicesAnswer]]:
    """The handler."""

    async def list_services(start: Start = None, end: End = None) -> ServicesAnswer:
        """Services with spans in the range, by name."""
        asked = parse_range(start, end, now_ns())
        found = await ask(services, asked.start_ns, asked.end_ns)
        return ServicesAnswer(
            services=[
                Service(name=one.name, span_count=one.span_count, error_count=one.error_count)
                for one in found
            ]
        )

    return list_services
