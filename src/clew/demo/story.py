"""A simulated clock and the spans that open and close on it; the same `Random`, the same story.

Times count from 0; the sender moves a finished story so that it ends now.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from random import Random

from clew.demo.services import Scope, Service, Value

_MS = 1_000_000


class Kind(Enum):
    """OTLP's span kinds."""

    INTERNAL = auto()
    SERVER = auto()
    CLIENT = auto()
    PRODUCER = auto()
    CONSUMER = auto()


class Broken(Exception):
    """Something in the shop went wrong; it travels up through the open spans like any exception."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.recorded = False


@dataclass(slots=True)
class Event:
    """Something that happened within a span."""

    name: str
    time_ns: int
    attributes: dict[str, Value]


@dataclass(slots=True, eq=False)
class Span:
    """A span in the making."""

    service: Service
    scope: Scope
    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    name: str
    kind: Kind
    start_ns: int
    end_ns: int = 0
    attributes: dict[str, Value] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    links: list[tuple[bytes, bytes]] = field(default_factory=list)
    failed: bool = False
    status_message: str = ""

    def fail(self, message: str = "", error_type: str = "") -> None:
        self.failed, self.status_message = True, message
        if error_type:
            self.attributes["error.type"] = error_type


class Story:
    """What happens because somebody does something: one trace, or more when queues are between."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.spans: list[Span] = []
        self.now_ns = 0
        self._trace_id = random.randbytes(16)
        self._open: list[Span] = []

    def wait(self, median_ms: float, spread: float = 0.35) -> None:
        """Time passes; log-normal, as latencies are."""
        self.now_ns += round(median_ms * _MS * math.exp(self.random.gauss(0, spread)))

    def happens(self, probability: float) -> bool:
        return self.random.random() < probability

    @contextmanager
    def span(
        self, service: Service, instrumented: str, kind: Kind, name: str, /, **attributes: Value
    ) -> Iterator[Span]:
        """A span around what the block does. Attribute names are written with `__` for the dot."""
        parent = self._open[-1] if self._open else None
        opened = Span(
            service,
            service.scopes[instrumented],
            self._trace_id,
            self.random.randbytes(8),
            parent.span_id if parent else b"",
            name,
            kind,
            self.now_ns,
            attributes={key.replace("__", "."): value for key, value in attributes.items()},
        )
        self.spans.append(opened)
        self._open.append(opened)
        try:
            yield opened
        except Broken as broken:
            opened.fail(broken.message, broken.kind)
            if not broken.recorded:
                broken.recorded = True
                self.record(opened, broken)
            raise
        finally:
            self.now_ns += 1000  # whatever is measured takes a microsecond
            opened.end_ns = self.now_ns
            self._open.pop()

    def record(self, span: Span, broken: Broken) -> None:
        """The exception as an event, where it was raised."""
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
    def elsewhere(self) -> Iterator[None]:
        """What the block does belongs to a trace of its own, as behind a queue."""
        trace_id, still_open = self._trace_id, self._open
        self._trace_id, self._open = self.random.randbytes(16), []
        try:
            yield
        finally:
            self._trace_id, self._open = trace_id, still_open


def _stacktrace(span: Span, broken: Broken) -> str:
    if span.service.sdk.language == "python":
        where = f'  File "/app/{span.service.name}/main.py", line 118, in handle\n'
        return f"Traceback (most recent call last):\n{where}{broken.kind}: {broken.message}\n"
    return f"{broken.kind}: {broken.message}\n    at {span.service.name}.handle(main:118)\n"
