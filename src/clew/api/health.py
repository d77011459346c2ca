"""`/livez`, `/readyz`, `/metrics`: for supervisors and collectors of metrics."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from fastapi import Response
from fastapi.responses import PlainTextResponse

from clew.api.types import LiveAnswer, ReadyAnswer
from clew.settings import Settings


@dataclass(frozen=True)
class Facts:
    """What the process knows without asking the store. `rates`: spans a second by outcome."""

    settings: Settings
    uptime_s: float
    figures: Mapping[str, float]
    rates: Mapping[str, float]


class Status(Protocol):
    """What the process knows about itself and the others; every call returns at once."""

    def ready(self) -> tuple[bool, dict[str, str]]:
        """Whether spans are taken and questions answered, and the state of each part."""

    def facts(self) -> Facts:
        """Figures of all processes, and the settings they run with."""

    def metrics_text(self) -> str:
        """All metrics in Prometheus' text format."""


async def live() -> LiveAnswer:
    """200 as long as the process answers at all."""
    return LiveAnswer(live=True)


def ready_endpoint(status: Status) -> Callable[[Response], Awaitable[ReadyAnswer]]:
    """The handler."""

    async def ready(response: Response) -> ReadyAnswer:
        """200 once ports, API and store are open, else 503."""
        is_ready, checks = status.ready()
        response.status_code = 200 if is_ready else 503
        return ReadyAnswer(ready=is_ready, checks=checks)

    return ready


def metrics_endpoint(status: Status) -> Callable[[], Awaitable[PlainTextResponse]]:
    """The handler."""

    async def metrics() -> PlainTextResponse:
        """Metrics of all processes in Prometheus' text format."""
        return PlainTextResponse(
            status.metrics_text(), media_type="text/plain; version=0.0.4; charset=utf-8"
        )

    return metrics
