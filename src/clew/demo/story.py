"""A simulated clock and the spans that open and close on it; the same `Random`, the same story.

Times count from 0; the sender moves a finished story so that it ends now.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from random import Random
from types import TracebackType

from clew.demo.fleet import HOME, Fleet, Instance
from clew.demo.service import Scope, Service, Value

_MS = 1_000_000


class Kind(IntEnum):
    """OTLP's span kinds, by their numbers on the wire."""

    INTERNAL = 1
    SERVER = 2
    CLIENT = 3
    PRODUCER = 4
    CONSUMER = 5


class Broken(Exception):
    """Something in the shop went wrong; it travels up through the open spans like any exception.

    `grpc` is what a gRPC server answers when it gets so far.
    """

    def __init__(self, kind: str, message: str, *, grpc: str = "INTERNAL") -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.grpc = grpc
        self.recorded = False


@dataclass(slots=True)
class Event:
    """Something that happened within a span."""

    name: str
    time_ns: int
    attributes: dict[str, Value]


@dataclass(slots=True)
class Link:
    """Another span that has to do with this one, in another process."""

    trace_id: bytes
    span_id: bytes
    attributes: dict[str, Value] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Span:
    """A span in the making."""

    instance: Instance
    scope: Scope
    trace_id: bytes
    span_id: bytes
    parent: Span | None
    name: str
    kind: Kind
    start_ns: int
    attributes: dict[str, Value]
    end_ns: int = 0
    events: list[Event] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    failed: bool = False
    status_message: str = ""

    @property
    def service(self) -> Service:
        return self.instance.service

    @property
    def is_entry(self) -> bool:
        """Whether it is where its process came to know of the trace."""
        return self.parent is None or self.parent.instance is not self.instance

    def fail(self, message: str = "", error_type: str = "") -> None:
        self.failed, self.status_message = True, message
        if error_type:
            self.attributes["error.type"] = error_type


class Story:
    """What happens because somebody does something: one trace, or more when queues are between."""

    def __init__(
        self,
        random: Random,
        fleet: Fleet,
        *,
        region: str = HOME,
        tenant: str = "",
        canary: bool = False,
    ) -> None:
        self.random = random
        self.region = region
        self.tenant = tenant
        self.spans: list[Span] = []
        self.now_ns = 0
        self._fleet = fleet
        self._canary = canary
        self._running: dict[Service, Instance] = {}
        self._trace_id = random.randbytes(16)
        self._open: list[Span] = []

    def at(self, service: Service) -> Instance:
        """The instance that serves this story; always the same one."""
        instance = self._running.get(service)
        if instance is None:
            instance = self._running[service] = self._fleet.pick(
                service, self.region, self.random, canary=self._canary
            )
        return instance

    def wait(self, median_ms: float, spread: float = 0.35) -> None:
        """Time passes; log-normal, as latencies are."""
        self.now_ns += round(median_ms * _MS * math.exp(self.random.gauss(0, spread)))

    def happens(self, probability: float) -> bool:
        return self.random.random() < probability

    def span(
        self,
        service: Service,
        instrumented: str,
        kind: Kind,
        name: str,
        attributes: dict[str, Value] | None = None,
    ) -> _Open:
        """A span around what the block does; it keeps the attributes given."""
        opened = Span(
            self.at(service),
            service.scopes[instrumented],
            self._trace_id,
            self.random.randbytes(8),
            self._open[-1] if self._open else None,
            name,
            kind,
            self.now_ns,
            {} if attributes is None else attributes,
        )
        if service.sdk.names_threads:
            thread = self._trace_id[0] % 24 + 1
            opened.attributes["thread.id"] = 40 + thread
            opened.attributes["thread.name"] = f"http-nio-{service.port}-exec-{thread}"
        return _Open(self, opened)

    def enter(self, span: Span) -> None:
        if self._open:
            # Between a span and the next within it there is some code, 1 to 52 µs here.
            self.now_ns += (span.span_id[0] + 5) * 200
            span.start_ns = self.now_ns
        self.spans.append(span)
        self._open.append(span)

    def leave(self, span: Span) -> None:
        self.now_ns += 1000  # whatever is measured takes a microsecond
        span.end_ns = self.now_ns
        self._open.pop()

    def record(self, span: Span, broken: Broken) -> None:
        """The exception as an event, where it was raised."""
        broken.recorded = True
        span.events.append(
            Event(
                "exception",
                self.now_ns,
                {
                    "exception.type": broken.kind,
                    "exception.message": broken.message,
                    "exception.stacktrace": _stacktrace(span, broken),
                },
            )
        )

    def together(self, *branches: Callable[[], None]) -> None:
        """Several things at once; the slowest decides. The first that breaks breaks the whole."""
        began_ns, ended_ns = self.now_ns, self.now_ns
        first: Broken | None = None
        for branch in branches:
            self.now_ns = began_ns
            try:
                branch()
            except Broken as broken:
                first = first or broken
            ended_ns = max(ended_ns, self.now_ns)
        self.now_ns = ended_ns
        if first is not None:
            raise first

    @contextmanager
    def later(self, parent: Span | None) -> Iterator[None]:
        """What the block does happens on its own: under a span that has ended, or in a new trace.

        The storyteller's clock goes on; whoever waits for an answer does not wait for this.
        """
        trace_id, still_open = self._trace_id, self._open
        if parent is None:
            self._trace_id, self._open = self.random.randbytes(16), []
        else:
            self._trace_id, self._open = parent.trace_id, [parent]
        try:
            yield
        finally:
            self._trace_id, self._open = trace_id, still_open


class _Open:
    """A span while its block runs."""

    __slots__ = ("_span", "_story")

    def __init__(self, story: Story, span: Span) -> None:
        self._story = story
        self._span = span

    def __enter__(self) -> Span:
        self._story.enter(self._span)
        return self._span

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, Broken):
            self._span.fail(error.message, error.kind)
            if not error.recorded:
                self._story.record(self._span, error)
        self._story.leave(self._span)


def _stacktrace(span: Span, broken: Broken) -> str:
    name, kind, message = span.service.name, broken.kind, broken.message
    match span.service.sdk.language:
        case "python":
            frames = f'  File "/app/{name}/main.py", line 118, in handle\n    return run(request)\n'
            return f"Traceback (most recent call last):\n{frames}{kind}: {message}\n"
        case "java":
            frames = f"\tat example.shop.{name}.Handler.handle(Handler.java:118)\n"
            return f"{kind}: {message}\n{frames}\tat java.base/java.lang.Thread.run(Thread.java)\n"
        case "go":
            return f"goroutine 118 [running]:\nmain.handle(...)\n\t/src/{name}/main.go:118 +0x1d\n"
        case "nodejs":
            return f"{kind}: {message}\n    at handle (/app/{name}.js:118:11)\n"
        case "dotnet":
            return f"{kind}: {message}\n   at Shop.{name.title()}.Handle() in Handler.cs:line 118\n"
        case _:
            return f"{kind}: {message}\n  {name}/handler:118:in 'handle'\n"
