"""The route table. Clients are generated from `/openapi.json`, which this file makes."""

import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from clew.admin import KeysError
from clew.api import (
    arrival,
    attributes,
    compares,
    errors,
    health,
    histograms,
    keys,
    ledger,
    operations,
    searches,
    services,
    skeletons,
    traces,
    why,
)
from clew.api.access import (
    DEMO_PATH,
    KEYS_PATH,
    TEST_TRACE_PATH,
    Access,
    AccessCheck,
    JsonBodies,
    keys_unavailable,
)
from clew.api.arrival_types import ArrivalAnswer, DemoState, TestTraceAnswer
from clew.api.ask import WAIT_SECONDS, Ask
from clew.api.children import Children
from clew.api.compress import Gzip
from clew.api.explore_types import (
    AttributeKeysAnswer,
    AttributeValuesAnswer,
    CompareAnswer,
    HistogramAnswer,
    OperationsAnswer,
)
from clew.api.headers import SafeHeaders
from clew.api.health import Status
from clew.api.hosts import HostCheck
from clew.api.key_types import ApiKey, KeysAnswer, NewKeyAnswer
from clew.api.otlp_types import OtlpTraces
from clew.api.search_types import SearchAnswer
from clew.api.skeleton_types import FoundAnswer, SkeletonAnswer, SomeSpansAnswer
from clew.api.status import endpoint as status_endpoint
from clew.api.status_types import StatusAnswer
from clew.api.times import FORMS
from clew.api.types import ErrorAnswer, LiveAnswer, ReadyAnswer, ServicesAnswer
from clew.api.ui import BUILT, Ui
from clew.api.why_types import WhyAnswer
from clew.query import Reader

Endpoint = Callable[..., Awaitable[Any]]
Answers = dict[int | str, dict[str, Any]]

COMPRESS_FROM_BYTES = 1024
# A trace of 100,000 spans: 34 MB become 2.0 in 0.1 s of a thread; level 6 takes 2.5 times as long
# for a tenth less. Pieces of a stream are flushed one by one.
GZIP_LEVEL = 3

_ERRORS: Answers = {
    "4XX": {"model": ErrorAnswer, "description": "The request cannot be answered."},
    "5XX": {"model": ErrorAnswer, "description": "Not now; see Retry-After."},
}
_OTLP: Answers = {200: {"model": OtlpTraces}}
_SKELETON: Answers = {200: {"model": SkeletonAnswer}}
_SOME_SPANS: Answers = {200: {"model": SomeSpansAnswer}}
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
    access: Access,
    *,
    now_ns: Callable[[], int] = time.time_ns,
    wait_seconds: float = WAIT_SECONDS,
    allowed_hosts: frozenset[str] | None = None,
    ui: Path = BUILT,
) -> FastAPI:
    """The application; it owns neither the reader, the status nor the keys. `ui`: the built pages.

    `allowed_hosts`, without ports, are the names it answers to; None: any name.
    """
    # The pages for /docs load scripts from another host; no request leaves this machine.
    app = FastAPI(
        title="Clew", version="1", description=_DESCRIPTION, docs_url=None, redoc_url=None
    )
    ask = Ask(reader, wait_seconds)

    def get(
        path: str,
        name: str,
        endpoint: Endpoint,
        model: Any,
        answers: Answers | None = None,
        method: str = "GET",
    ) -> None:
        app.add_api_route(
            path,
            endpoint,
            methods=[method],
            operation_id=name,
            response_model=model,
            responses={**_ERRORS, **(answers or {})},
            dependencies=[Depends(errors.known_parameters)],
        )

    def post(path: str, name: str, endpoint: Endpoint, model: Any) -> None:
        get(path, name, endpoint, model, method="POST")

    def probe(
        path: str,
        name: str,
        endpoint: Endpoint,
        answers: Answers,
        kind: type[Response] = JSONResponse,
    ) -> None:
        app.add_api_route(path, endpoint, operation_id=name, responses=answers, response_class=kind)

    get("/api/v1/traces/{trace_id}", "getTrace", traces.endpoint(ask), None, _OTLP)
    skeleton, spans = skeletons.skeleton_endpoint(ask), skeletons.spans_endpoint(ask)
    get("/api/v1/traces/{trace_id}/skeleton", "getTraceSkeleton", skeleton, None, _SKELETON)
    get("/api/v1/traces/{trace_id}/spans", "getTraceSpans", spans, None, _SOME_SPANS)
    find = skeletons.find_endpoint(ask)
    get("/api/v1/traces/{trace_id}/find", "findInTrace", find, FoundAnswer)
    get("/api/v1/search", "searchTraces", searches.endpoint(ask, now_ns), SearchAnswer)
    get("/api/v1/services", "listServices", services.endpoint(ask, now_ns), ServicesAnswer)
    get("/api/v1/operations", "listOperations", operations.endpoint(ask, now_ns), OperationsAnswer)
    get("/api/v1/ledger", "listLedger", ledger.endpoint(ask, now_ns), ledger.LedgerAnswer)
    get("/api/v1/why/{trace}", "getWhy", why.endpoint(ask, status, now_ns), WhyAnswer)
    of_attributes = attributes.keys_endpoint(ask, now_ns)
    get("/api/v1/attributes", "listAttributes", of_attributes, AttributeKeysAnswer)
    values = attributes.values_endpoint(ask, now_ns)
    of_key = "/api/v1/attributes/{key:path}/values"
    get(of_key, "listAttributeValues", values, AttributeValuesAnswer)
    get("/api/v1/histogram", "getHistogram", histograms.endpoint(ask, now_ns), HistogramAnswer)
    get("/api/v1/compare", "compareSpans", compares.endpoint(ask, now_ns), CompareAnswer)
    get("/api/v1/status", "getStatus", status_endpoint(ask, status), StatusAnswer)
    children = Children(lambda: status.facts().settings)
    arrived = arrival.endpoint(ask, status, children, now_ns)
    get("/api/v1/arrival", "getArrival", arrived, ArrivalAnswer)
    tested = arrival.send_endpoint(children)
    post(TEST_TRACE_PATH, "sendTestTrace", tested, TestTraceAnswer)
    post(DEMO_PATH, "switchDemo", arrival.demo_endpoint(children), DemoState)
    get(KEYS_PATH, "listKeys", keys.list_endpoint(access), KeysAnswer)
    post(KEYS_PATH, "createKey", keys.create_endpoint(access), NewKeyAnswer)
    of_one = KEYS_PATH + "/{key_id}"
    post(f"{of_one}/rotate", "rotateKey", keys.rotate_endpoint(access), NewKeyAnswer)
    post(f"{of_one}/revoke", "revokeKey", keys.revoke_endpoint(access), ApiKey)
    probe("/livez", "live", health.live, {200: {"model": LiveAnswer}})
    ready = {200: {"model": ReadyAnswer}, **_NOT_READY}
    probe("/readyz", "ready", health.ready_endpoint(status), ready)
    probe("/metrics", "metrics", health.metrics_endpoint(status), _TEXT, PlainTextResponse)

    errors.install(app)
    app.add_exception_handler(KeysError, _keys_error)
    app.add_middleware(JsonBodies)
    app.add_middleware(AccessCheck, access=access)
    app.add_middleware(Ui, built=ui)
    app.add_middleware(Gzip, minimum_size=COMPRESS_FROM_BYTES, compresslevel=GZIP_LEVEL)
    if allowed_hosts is not None:
        app.add_middleware(HostCheck, hosts=allowed_hosts)
    app.add_middleware(SafeHeaders)
    return app


def _keys_error(request: Request, error: Exception) -> Response:
    return keys_unavailable(str(error))
