"""The route table. Clients are generated from `/openapi.json`, which this file makes."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from clew.api import errors, health, searches, services, traces
from clew.api.ask import WAIT_SECONDS, Ask
from clew.api.headers import SafeHeaders
from clew.api.health import Status
from clew.api.hosts import HostCheck
from clew.api.otlp_types import OtlpTraces
from clew.api.times import FORMS
from clew.api.types import ErrorAnswer, LiveAnswer, ReadyAnswer, SearchAnswer, ServicesAnswer
from clew.query import Reader

Endpoint = Callable[..., Awaitable[Any]]
Answers = dict[int | str, dict[str, Any]]

_ERRORS: Answers = {
    "4XX": {"model": ErrorAnswer, "description": "The request cannot be answered."},
    "5XX": {"model": ErrorAnswer, "description": "Not now; see Retry-After."},
}
_OTLP: Answers = {200: {"model": OtlpTraces}}
_NOT_READY: Answers = {503: {"model": ReadyAnswer, "description": "Not yet, or not any more."}}
_TEXT: Answers = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}

_DESCRIPTION = f"""Reads the traces that Clew has stored.

Every error has one shape, `ErrorAnswer`: `error.code` is for programs, `error.hint` for people.
Integers of 64 bits are decimal strings. Times in parameters are {FORMS}.
Spans can be read about two seconds after they were sent. Unknown and repeated parameters are
refused.
"""


def create_app(
    reader: Reader,
    status: Status,
    *,
    now_ns: Callable[[], int] = time.time_ns,
    wait_seconds: float = WAIT_SECONDS,
    allowed_hosts: frozenset[str] | None = None,
) -> FastAPI:
    """The application; it owns neither the reader nor the status.

    `allowed_hosts`, without ports, are the names it answers to; None: any name.
    """
    # The pages for /docs load scripts from another host; no request leaves this machine.
    app = FastAPI(
        title="Clew", version="1", description=_DESCRIPTION, docs_url=None, redoc_url=None
    )
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
            dependencies=[Depends(errors.known_parameters)],
        )

    def probe(
        path: str,
        name: str,
        endpoint: Endpoint,
        answers: Answers,
        kind: type[Response] = JSONResponse,
    ) -> None:
        app.add_api_route(path, endpoint, operation_id=name, responses=answers, response_class=kind)

    get("/api/v1/traces/{trace_id}", "getTrace", traces.endpoint(ask), None, _OTLP)
    get("/api/v1/search", "searchTraces", searches.endpoint(ask, now_ns), SearchAnswer)
    get("/api/v1/services", "listServices", services.endpoint(ask, now_ns), ServicesAnswer)
    probe("/livez", "live", health.live, {200: {"model": LiveAnswer}})
    ready = {200: {"model": ReadyAnswer}, **_NOT_READY}
    probe("/readyz", "ready", health.ready_endpoint(status), ready)
    probe("/metrics", "metrics", health.metrics_endpoint(status), _TEXT, PlainTextResponse)

    errors.install(app)
    if allowed_hosts is not None:
        app.add_middleware(HostCheck, hosts=allowed_hosts)
    app.add_middleware(SafeHeaders)
    return app
