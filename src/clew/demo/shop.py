"""Opens the shop: stories at a rate, every instance sending its own share of each."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from random import Random

from clew.demo.broken import Scenario
from clew.demo.fleet import Instance
from clew.demo.journeys import Diary
from clew.demo.reporter import Reporter
from clew.demo.schedule import tide
from clew.demo.sender import QUEUE_SPANS, Answer, Outbox, Tally
from clew.demo.story import Span, Story
from clew.demo.town import Town
from clew.demo.transport import Grpc, Http, Tls, Transport
from clew.demo.wire import Encoder

LOOK_EVERY_S = 0.05
LAST_TRIES_S = 5.0
SHORT_PAUSE_S = 0.002
# Requests under way at once; each instance waits for its own answer before the next.
SENDERS = 4
# So far behind, the shop skips what should have happened, and says so.
LONGEST_LAG_S = 1.0


class Shop:
    """The instances and the stories that they tell."""

    def __init__(self, seed: int | None, broken: Scenario | None = None) -> None:
        random = Random(seed)
        self.tally = Tally()
        self.stories = 0
        self.spans = 0
        self.skipped = 0
        self._broken = broken
        self._diary = Diary(Town(random))
        encoder = Encoder()
        self.outboxes: dict[Instance, Outbox] = {}
        for instance in self._diary.town.fleet.instances:
            resource = dict(instance.resource)
            if broken is not None:
                broken.resource(instance, resource)
            self.outboxes[instance] = Outbox(
                instance, resource, encoder, Random(random.random()), self.tally
            )
            if broken is not None and broken.queue_spans is not None:
                self.outboxes[instance].queue_spans = broken.queue_spans

    def tell(self, elapsed_s: float, now_ns: int) -> None:
        """What clocks and queues bring about by this moment, and one customer; it all ends now."""
        for story in (*self._diary.until(elapsed_s), self._diary.visit()):
            self.stories += 1
            epoch_ns = now_ns - max(span.end_ns for span in story.spans)
            for span in self._sent(story, elapsed_s):
                self.spans += 1
                self.outboxes[span.instance].add(epoch_ns, span)

    def _sent(self, story: Story, elapsed_s: float) -> list[Span]:
        if self._broken is None:
            return story.spans
        return self._broken.spans(story.spans, elapsed_s)

    @property
    def crowded(self) -> bool:
        """Whether a queue is half full: whoever can wait should."""
        return any(outbox.unsent > QUEUE_SPANS // 2 for outbox in self.outboxes.values())

    @property
    def unsent(self) -> int:
        return sum(outbox.unsent for outbox in self.outboxes.values())


class Couriers:
    """Carries what is due, several requests at once, and brings the answers back."""

    def __init__(self, shop: Shop, post: Transport) -> None:
        self._shop = shop
        self._post = post
        self._pool = ThreadPoolExecutor(SENDERS, "courier")
        self._under_way: dict[Future[Answer], Outbox] = {}

    def work(self, now_s: float) -> list[Answer]:
        """Settles what was answered and starts what is due."""
        answers = []
        for future in [future for future in self._under_way if future.done()]:
            answer = future.result()
            self._under_way.pop(future).settle(answer, now_s)
            answers.append(answer)
        for outbox in self._shop.outboxes.values():
            if (body := outbox.take(now_s)) is not None:
                sdk = outbox.instance.service.sdk
                self._under_way[self._pool.submit(self._post, sdk, body)] = outbox
        return answers

    def close(self) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)


def arrivals(rate: float, seed: int | None, *, steady: bool) -> Iterator[float]:
    """The moments at which customers come, in seconds since the shop opened; `rate` a second."""
    random = Random(seed)
    elapsed_s = 0.0
    while True:
        yield elapsed_s
        elapsed_s += random.expovariate(rate if steady else rate * tide(elapsed_s))


def run(
    endpoint: str,
    *,
    tls: Tls | None = None,
    grpc: bool,
    rate: float,
    duration_s: float | None,
    history_s: float,
    seed: int | None,
    steady: bool,
    broken: Scenario | None,
    headers: Mapping[str, str] | None = None,
    say: Callable[[str], None],
) -> None:
    """Until the time is over or Ctrl-C. `reporter.Refused` when the first request fails.

    The shop opened `history_s` ago: what happened since is sent at once, then life goes on.
    """
    sending = Grpc(endpoint, headers, tls) if grpc else Http(endpoint, headers, tls=tls)
    with sending as transport:
        shop = Shop(seed, broken)
        couriers = Couriers(shop, transport)
        reporter = Reporter(transport.url, shop, say, rate)
        say(f"the shop sends {rate:g} traces a second to {transport.url}; Ctrl-C closes it")
        try:
            try:
                moments = arrivals(rate, seed, steady=steady)
                last_s = None if duration_s is None else history_s + duration_s
                _open(shop, couriers, reporter, moments, history_s, last_s)
            except KeyboardInterrupt:
                pass  # closing the shop is what Ctrl-C is for
            reporter.closed(time.monotonic())
            finish(shop, couriers, reporter)
        finally:
            couriers.close()
        reporter.summary(last=True)


def _open(
    shop: Shop,
    couriers: Couriers,
    reporter: Reporter,
    moments: Iterator[float],
    history_s: float,
    last_s: float | None,
) -> None:
    """Tells what happens at the moments, in seconds since the opening, up to the last."""
    began_s = time.monotonic() - history_s
    reporter.opened(began_s, time.monotonic())
    behind = history_s > 0
    next_s = next(moments)
    while last_s is None or next_s < last_s:
        looked_s = time.monotonic()
        while next_s <= (elapsed_s := time.monotonic() - began_s):
            lag_s = elapsed_s - next_s
            behind = behind and lag_s > LONGEST_LAG_S
            if lag_s > LONGEST_LAG_S and not behind:
                shop.skipped += 1
            else:
                shop.tell(next_s, time.time_ns() - int(lag_s * 1e9))
            next_s = next(moments)
            if (last_s is not None and next_s >= last_s) or (behind and shop.crowded):
                break
            if time.monotonic() - looked_s > LOOK_EVERY_S:
                break
        now_s = time.monotonic()
        reporter.hear(couriers.work(now_s), now_s)
        if behind:
            time.sleep(SHORT_PAUSE_S if shop.crowded else 0)
        else:
            time.sleep(max(0.0, min(began_s + next_s - time.monotonic(), LOOK_EVERY_S)))
    while (left_s := began_s + last_s - time.monotonic()) > 0:
        reporter.hear(couriers.work(time.monotonic()), time.monotonic())
        time.sleep(min(left_s, LOOK_EVERY_S))


def finish(shop: Shop, couriers: Couriers, reporter: Reporter) -> None:
    """Sends what is left, for a few seconds."""
    for outbox in shop.outboxes.values():
        outbox.closing = True
    give_up_s = time.monotonic() + LAST_TRIES_S
    while shop.unsent and (now_s := time.monotonic()) < give_up_s:
        reporter.hear(couriers.work(now_s), now_s)
        time.sleep(SHORT_PAUSE_S)
