"""Each instance's exporter: a bounded queue, batches, and retries as OTLP asks for.

It neither sends, sleeps nor looks at a clock: whoever drives it says what time it is, takes the
body that is due and brings back the answer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from clew.demo.fleet import Instance
from clew.demo.service import Scope, Value
from clew.demo.story import Span
from clew.demo.wire import Encoder

# The defaults of the SDKs' batch processors, but for the delay, which is 5 s there.
BATCH_SPANS = 512
QUEUE_SPANS = 2048
FLUSH_EVERY_S = 1.0

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0


@dataclass(frozen=True)
class Answer:
    """What came back for one request.

    `trouble` says what is wrong, in words; empty when nothing is. `taken`: the server has the
    spans, but for `rejected`. `again`: OTLP says to send the same once more.
    """

    taken: bool
    again: bool = False
    after_s: float | None = None
    rejected: int = 0
    trouble: str = ""


@dataclass
class Tally:
    """What became of the spans so far."""

    accepted: int = 0
    rejected: int = 0
    dropped: int = 0
    requests: int = 0


@dataclass
class Outbox:
    """One running instance's spans on their way out."""

    instance: Instance
    resource: Mapping[str, Value]
    encoder: Encoder
    random: Random
    tally: Tally
    queue_spans: int = QUEUE_SPANS
    due_s: float = 0.0
    closing: bool = False  # the rest goes at once
    _waiting: deque[tuple[int, Span]] = field(default_factory=deque)
    _batch: tuple[bytes, int] | None = None  # on its way, or to be sent again unchanged
    _under_way: bool = False
    _failures: int = 0

    @property
    def unsent(self) -> int:
        """Spans whose fate is open."""
        return len(self._waiting) + (self._batch[1] if self._batch else 0)

    def add(self, epoch_ns: int, span: Span) -> None:
        """A finished span; the newest are dropped when the queue is full."""
        if len(self._waiting) >= self.queue_spans:
            self.tally.dropped += 1
        else:
            self._waiting.append((epoch_ns, span))

    def take(self, now_s: float) -> bytes | None:
        """The request that is due, if any; nothing more is given until its answer has come."""
        enough = len(self._waiting) >= (1 if self.closing else BATCH_SPANS)
        at_once = enough and self._batch is None
        if self._under_way or (now_s < self.due_s and not at_once):
            return None
        if self._batch is None:
            self._batch = self._next_batch()
        if self._batch is None:
            self.due_s = now_s + FLUSH_EVERY_S
            return None
        self._under_way = True
        self.tally.requests += 1
        return self._batch[0]

    def settle(self, answer: Answer, now_s: float) -> None:
        """What was said to the request that `take` gave."""
        assert self._batch is not None, "no request is under way"
        self._under_way = False
        if answer.again:
            self.due_s = now_s + self._pause(answer)
            return
        _, spans = self._batch
        self._batch, self._failures = None, 0
        self.due_s = now_s + FLUSH_EVERY_S
        rejected = min(spans, answer.rejected) if answer.taken else spans
        self.tally.accepted += spans - rejected
        self.tally.rejected += rejected

    def _next_batch(self) -> tuple[bytes, int] | None:
        number = min(BATCH_SPANS, len(self._waiting))
        if not number:
            return None
        scopes: dict[Scope, list[bytes]] = {}
        for _ in range(number):
            epoch_ns, span = self._waiting.popleft()
            scopes.setdefault(span.scope, []).append(self.encoder.span(span, epoch_ns))
        schema_url = self.instance.service.sdk.schema_url
        return self.encoder.resource_spans(self.resource, schema_url, scopes.items()), number

    def _pause(self, answer: Answer) -> float:
        """As long as the server says, else doubling, with jitter so that services do not march."""
        self._failures += 1
        if answer.after_s is not None:
            return answer.after_s
        longest: float = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(self._failures - 1, 10))
        return longest * self.random.uniform(0.5, 1.0)
