"""The route table. Clients are generated from `/openapi.json`, which this file makes."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI

from clew.api import errors, health, searches, services, traces
from clew.api.ask import WAIT_SECONDS, Ask
from clew.api.headers import SafeHeaders
from clew.api.health import Status
from clew.api.otlp_types import OtlpTraces
from clew.api.types import ErrorAnswer, LiveAnswer, ReadyAnswer, SearchAnswer, ServicesAnswer
from clew.query import Reader

Endpoint = Callable[..., Awaitable[Any]]
Answers = dict[int | str, dict[str, Any]]

_ERRORS: Answers = {
    "4XX": {"model": ErrorAnswer, "description": "The request cannot be answered."},
    "5XX": {"model": ErrorAnswer, "description": "Not now; see Retry-After."},
}
_OTLP: Answers = {200: {"model": OtlpTraces}}
_TEXT: Answers = {200: {"content": {"text/plain": {}}}}


def create_app(
    reader: Reader,
    status: Status,
    *,
    now_ns: Callable[[], int] = time.time_ns,
    wait_seconds: float = WAIT_SECONDS,
) -> FastAPI:
    """The application; it owns neither the reader nor the status."""
    # The pages for /docs load scripts from another host; no request leaves this machine.
    app = FastAPI(title="Clew", version="1", docs_url=None, redoc_url=None)
    ask = Ask(reader, wait_seconds)

    def get(
        path: str, name: str, endpoint: Endpoint, model: Any, answers: Answers | None = None
    ) -> None:
        app.add_api_route(
            path,
            endpoint,
            operation_id=name,
            response_model=model,
            responses={**_ERRORS, **(answers or {})},
        )

    get("/api/v1/traces/{trace_id}", "getTrace", traces.endpoint(ask), None, _OTLP)
    get("/api/v1/search", "searchTraces", searches.endpoint(ask, now_ns), SearchAnswer)
    get("/api/v1/services", "listServices", services.endpoint(ask, now_ns), ServicesAnswer)
    get("/livez", "live", health.live, LiveAnswer)
    get("/readyz", "ready", health.ready_endpoint(status), ReadyAnswer)
    get("/metrics", "metrics", health.metrics_endpoint(status), None, _TEXT)

    errors.install(app)
    app.add_middleware(SafeHeaders)
    return app
