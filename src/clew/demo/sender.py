"""Each service's exporter: a bounded queue, batches, and retries as OTLP asks for.

It neither sleeps nor looks at a clock: whoever drives it says what time it is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from clew.demo.otlp import request
from clew.demo.services import Service
from clew.demo.story import Span

# The defaults of the SDKs' batch processors, but for the delay, which is 5 s there.
BATCH_SPANS = 512
QUEUE_SPANS = 2048
FLUSH_EVERY_S = 1.0

RETRYABLE = frozenset({429, 502, 503, 504})
FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0


@dataclass(frozen=True)
class Answer:
    """What came back for one request; status 0 when nothing did, `message` says why."""

    status: int
    retry_after_s: float | None = None
    rejected: int = 0
    message: str = ""


Post = Callable[[Service, bytes], Answer]


@dataclass
class Tally:
    """What became of the spans so far."""

    accepted: int = 0
    rejected: int = 0
    dropped: int = 0


@dataclass
class Outbox:
    """One running instance of a service, on its way out."""

    service: Service
    instance_id: str
    post: Post
    random: Random
    tally: Tally
    due_s: float = 0.0
    _waiting: deque[tuple[int, Span]] = field(default_factory=deque)
    _batch: tuple[bytes, int] | None = None  # sent before, and to be sent again unchanged
    _failures: int = 0

    @property
    def empty(self) -> bool:
        return self._batch is None and not self._waiting

    def add(self, epoch_ns: int, span: Span) -> None:
        """A finished span; the newest are dropped when the queue is full."""
        if len(self._waiting) >= QUEUE_SPANS:
            self.tally.dropped += 1
        else:
            self._waiting.append((epoch_ns, span))

    def flush(self, now_s: float) -> Answer | None:
        """Sends one request if it is time to; None if there was nothing to do."""
        if now_s < self.due_s:
            return None
        if self._batch is None:
            self._batch = self._next_batch()
        if self._batch is None:
            self.due_s = now_s + FLUSH_EVERY_S
            return None
        body, spans = self._batch
        answer = self.post(self.service, body)
        if answer.status == 0 or answer.status in RETRYABLE:
            self.due_s = now_s + self._pause(answer)
            return answer
        self._batch, self._failures = None, 0
        self.due_s = now_s if len(self._waiting) >= BATCH_SPANS else now_s + FLUSH_EVERY_S
        rejected = answer.rejected if answer.status == 200 else spans
        self.tally.accepted += spans - rejected
        self.tally.rejected += rejected
        return answer

    def _next_batch(self) -> tuple[bytes, int] | None:
        taken = [self._waiting.popleft() for _ in range(min(BATCH_SPANS, len(self._waiting)))]
        if not taken:
            return None
        message = request(self.service, self.instance_id, taken)
        return message.SerializeToString(), len(taken)

    def _pause(self, answer: Answer) -> float:
        """As long as the server says, else doubling, with jitter so that services do not march."""
        self._failures += 1
        if answer.retry_after_s is not None:
            return answer.retry_after_s
        longest: float = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** (self._failures - 1))
        return longest * self.random.uniform(0.5, 1.0)
