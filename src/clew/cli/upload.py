"""Groups of spans → requests of bounded size → OTLP/HTTP, a few at a time, each until it is taken.

The same groups make the same requests, byte by byte: so the server recognises what is sent again.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import httpx2
from google.protobuf.message import DecodeError, EncodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans

from clew.cli.client import (
    KEY_ADVICE,
    LOOPBACK,
    advice,
    credentials,
    verify_and_present,
)
from clew.cli.output import Failure

BATCH_SPANS = 2000
BATCH_BYTES = 2 << 20
IN_FLIGHT = 4
RETRYABLE = frozenset({429, 502, 503, 504})
# What says that no other request would be taken either.
HOPELESS = frozenset({401, 403, 404, 405, 415})
TRIES = 8
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 30.0
TIMEOUT_S = 60.0
REASONS_KEPT = 5


class Batcher:
    """Collects groups until a request is full; groups of one resource and scope are joined."""

    def __init__(self) -> None:
        self._empty()

    def _empty(self) -> None:
        self._request = ExportTraceServiceRequest()
        self._resources: dict[bytes, ResourceSpans] = {}
        self._scopes: dict[tuple[bytes, bytes], ScopeSpans] = {}
        self._spans = self._bytes = 0

    def add(self, group: ResourceSpans) -> Iterator[tuple[bytes, int]]:
        """Requests that are full now, with their number of spans."""
        resource = ResourceSpans(schema_url=group.schema_url)
        resource.resource.CopyFrom(group.resource)
        key = resource.SerializeToString(deterministic=True)
        for scoped in group.scope_spans:
            scope = ScopeSpans(schema_url=scoped.schema_url)
            scope.scope.CopyFrom(scoped.scope)
            scope_key = key, scope.SerializeToString(deterministic=True)
            for span in scoped.spans:
                into = self._scopes.get(scope_key)
                if into is None:
                    into = self._open(resource, scope, scope_key)
                into.spans.append(span)
                self._spans += 1
                self._bytes += span.ByteSize()
                if self._spans >= BATCH_SPANS or self._bytes >= BATCH_BYTES:
                    yield from self.rest()

    def _open(
        self, resource: ResourceSpans, scope: ScopeSpans, key: tuple[bytes, bytes]
    ) -> ScopeSpans:
        group = self._resources.get(key[0])
        if group is None:
            group = self._resources[key[0]] = self._request.resource_spans.add()
            group.CopyFrom(resource)
            self._bytes += len(key[0])
        into = self._scopes[key] = group.scope_spans.add()
        into.CopyFrom(scope)
        self._bytes += len(key[1])
        return into

    def rest(self) -> Iterator[tuple[bytes, int]]:
        """What is left, if anything."""
        if self._spans:
            request, spans = self._request, self._spans
            self._empty()
            yield request.SerializeToString(), spans


@dataclass
class Tally:
    """What became of the spans so far; the first few reasons of refusals."""

    accepted: int = 0
    refused: int = 0
    reasons: list[str] = field(default_factory=list)

    def refuse(self, spans: int, reason: str) -> None:
        self.refused += spans
        if reason and reason not in self.reasons and len(self.reasons) < REASONS_KEPT:
            self.reasons.append(reason)


@dataclass(frozen=True)
class Outcome:
    """Of one request. `lost`: the server could not be brought to take it."""

    spans: int
    refused: int = 0
    reason: str = ""
    lost: bool = False


class Uploader:
    """Sends requests with `IN_FLIGHT` threads. `Failure` when going on makes no sense."""

    def __init__(
        self,
        url: str,
        *,
        transport: httpx2.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = url if url.endswith("/v1/traces") else f"{url}/v1/traces"
        self.tally = Tally()
        self._sleep = sleep
        local = httpx2.URL(url).host in LOOPBACK
        self._client = httpx2.Client(
            timeout=TIMEOUT_S,
            transport=transport,
            trust_env=not local,
            verify=verify_and_present(),
            headers=credentials(),
        )
        self._threads = ThreadPoolExecutor(IN_FLIGHT, "upload")
        self._pending: deque[Future[Outcome]] = deque()
        self._stopped = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stopped = True
        self._threads.shutdown(cancel_futures=True)
        self._client.close()

    def send(self, body: bytes, spans: int) -> None:
        """Returns when there is room for the next request."""
        self._pending.append(self._threads.submit(self._deliver, body, spans))
        while len(self._pending) >= 2 * IN_FLIGHT:
            self._settle(self._pending.popleft().result())

    def finish(self) -> None:
        """Until every request is answered."""
        while self._pending:
            self._settle(self._pending.popleft().result())

    def _settle(self, outcome: Outcome) -> None:
        self.tally.accepted += outcome.spans - outcome.refused
        self.tally.refuse(outcome.refused, outcome.reason)
        if outcome.lost:
            raise Failure(outcome.reason)

    def _deliver(self, body: bytes, spans: int) -> Outcome:
        pause_s, said = FIRST_PAUSE_S, ""
        for attempt in range(TRIES):
            if self._stopped:
                break
            try:
                answer = self._client.post(
                    self.url, content=body, headers={"Content-Type": "application/x-protobuf"}
                )
            except httpx2.ConnectError as error:
                start = "start Clew with clew serve, or name its address with --endpoint"
                said = f"cannot reach {self.url} ({error}); {advice(error, start)}"
                if not self.tally.accepted and attempt == 0:
                    break  # nobody was there to begin with
                wait_s = None
            except httpx2.HTTPError as error:
                said, wait_s = f"{self.url} broke off ({error}); is it an OTLP/HTTP port?", None
            else:
                if answer.status_code not in RETRYABLE:
                    return self._judge(answer, spans)
                said = f"{self.url} answers {answer.status_code}: {_reason(answer.content)}"
                wait_s = _seconds(answer.headers.get("Retry-After"))
            if attempt + 1 < TRIES:
                self._sleep(min(LONGEST_PAUSE_S, pause_s if wait_s is None else wait_s))
                pause_s *= 2
        return Outcome(spans, spans, said, lost=True)

    def _judge(self, answer: httpx2.Response, spans: int) -> Outcome:
        if answer.status_code != 200:
            said = f"{self.url} answered {answer.status_code}: {_reason(answer.content)}"
            if answer.status_code == 401:
                said += f"; {KEY_ADVICE}"
            return Outcome(spans, spans, said, lost=answer.status_code in HOPELESS)
        try:
            partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
        except DecodeError:
            said = f"{self.url} does not answer as OTLP does; is it an OTLP/HTTP port?"
            return Outcome(spans, spans, said, lost=True)
        return Outcome(spans, min(spans, partial.rejected_spans), partial.error_message)


def _reason(body: bytes) -> str:
    """The sentence of a google.rpc.Status, which has it in the same field as OTLP's own."""
    from opentelemetry.proto.trace.v1.trace_pb2 import Status

    try:
        return Status.FromString(body).message or "no reason given"
    except (DecodeError, EncodeError):
        return body.decode(errors="replace")[:200]


def _seconds(text: str | None) -> float | None:
    """`Retry-After` in seconds; its other form, a date, is read as absent."""
    return float(text) if text is not None and text.isascii() and text.isdigit() else None
