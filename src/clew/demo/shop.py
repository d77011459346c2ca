"""Opens the shop: stories at a rate, every service sending its own share of each."""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random
from uuid import UUID

import httpx2
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from clew.demo.journeys import next_story
from clew.demo.sender import RETRYABLE, Answer, Outbox, Tally
from clew.demo.services import SERVICES, Service

SAY_EVERY_S = 10.0
LOOK_EVERY_S = 0.05
LAST_TRIES_S = 5.0
TIMEOUT_S = 10.0


class Refused(Exception):
    """The very first request was not taken; sending more would not help."""


class Shop:
    """The services' instances and the stories that they tell."""

    def __init__(self, post: Callable[[Service, bytes], Answer], seed: int | None) -> None:
        self.random = Random(seed)
        self.tally = Tally()
        self.stories = 0
        self.outboxes = {
            service: Outbox(
                service,
                str(UUID(bytes=self.random.randbytes(16), version=4)),
                post,
                Random(self.random.random()),
                self.tally,
            )
            for service in SERVICES
        }

    def tell(self, now_ns: int) -> None:
        """One story that ends now."""
        story = next_story(self.random)
        self.stories += 1
        epoch_ns = now_ns - max(span.end_ns for span in story.spans)
        for span in story.spans:
            self.outboxes[span.service].add(epoch_ns, span)

    def flush(self, now_s: float) -> list[Answer]:
        """What was answered to the requests that were due."""
        answers = (outbox.flush(now_s) for outbox in self.outboxes.values())
        return [answer for answer in answers if answer is not None]

    @property
    def empty(self) -> bool:
        return all(outbox.empty for outbox in self.outboxes.values())


def run(
    endpoint: str,
    *,
    rate: float,
    duration_s: float | None,
    seed: int | None,
    say: Callable[[str], None],
) -> None:
    """Until the time is over or Ctrl-C. `Refused` when the first request fails."""
    url = endpoint if endpoint.endswith("/v1/traces") else f"{endpoint}/v1/traces"
    with httpx2.Client(timeout=TIMEOUT_S) as client:
        shop = Shop(lambda service, body: post(client, url, service, body), seed)
        reporter = Reporter(url, shop, say)
        pace = Random(seed)
        began_s = time.monotonic()
        last_s = began_s + duration_s if duration_s is not None else None
        say(f"the shop sends {rate:g} traces a second to {url}; Ctrl-C closes it")
        next_s = began_s
        try:
            while last_s is None or time.monotonic() < last_s:
                now_s = time.monotonic()
                next_s = max(next_s, now_s - 1)  # after a stall, no flood
                while next_s <= now_s:
                    shop.tell(time.time_ns())
                    next_s += pace.expovariate(rate)
                reporter.hear(shop.flush(now_s), now_s)
                time.sleep(max(0.0, min(next_s - time.monotonic(), LOOK_EVERY_S)))
        except KeyboardInterrupt:
            pass  # closing the shop is what Ctrl-C is for
        finish(shop, reporter)
        reporter.summary()


def finish(shop: Shop, reporter: Reporter) -> None:
    """Sends what is left, for a few seconds."""
    give_up_s = time.monotonic() + LAST_TRIES_S
    while not shop.empty and (now_s := time.monotonic()) < give_up_s:
        reporter.hear(shop.flush(now_s), now_s)
        time.sleep(LOOK_EVERY_S)


class Reporter:
    """Says what changes, and now and then how it goes."""

    def __init__(self, url: str, shop: Shop, say: Callable[[str], None]) -> None:
        self._url = url
        self._shop = shop
        self._say = say
        self._trouble = ""
        self._heard = False
        self._said_s: float | None = None

    def hear(self, answers: list[Answer], now_s: float) -> None:
        """Judges answers; `Refused` if the first one ever is no success."""
        for answer in answers:
            trouble = describe(answer)
            if trouble and not self._heard:
                raise Refused(
                    f"{self._url} {trouble}; start Clew with clew serve, or see --endpoint"
                )
            self._heard = True
            if trouble != self._trouble:
                again = " and is asked again" if answer.status in (0, *RETRYABLE) else ""
                self._say(
                    f"{self._url} {trouble}{again}" if trouble else f"{self._url} takes spans"
                )
                self._trouble = trouble
        if self._said_s is None:
            self._said_s = now_s
        elif now_s - self._said_s >= SAY_EVERY_S:
            self._said_s = now_s
            self.summary()

    def summary(self) -> None:
        tally = self._shop.tally
        lost = [
            f"{number} {word}"
            for number, word in ((tally.rejected, "rejected"), (tally.dropped, "dropped"))
            if number
        ]
        self._say(
            f"{self._shop.stories} stories, {tally.accepted} spans accepted"
            + "".join(f", {part}" for part in lost)
        )


def describe(answer: Answer) -> str:
    """What is wrong with an answer; empty when nothing is."""
    if answer.status == 0:
        return f"does not answer ({answer.message})"
    if answer.status != 200:
        return f"answers {answer.status}"
    if answer.rejected:
        return f"rejected {answer.rejected} spans: {answer.message}"
    return ""


def post(client: httpx2.Client, url: str, service: Service, body: bytes) -> Answer:
    """One request, as the service's SDK would send it."""
    headers = {
        "Content-Type": "application/x-protobuf",
        "User-Agent": service.sdk.user_agent,
    }
    try:
        answer = client.post(url, content=body, headers=headers)
    except httpx2.HTTPError as error:
        return Answer(0, message=str(error))
    if answer.status_code != 200:
        return Answer(answer.status_code, retry_after_s=_seconds(answer.headers.get("Retry-After")))
    try:
        partial = ExportTraceServiceResponse.FromString(answer.content).partial_success
    except DecodeError:
        return Answer(200, message="not an OTLP answer")
    return Answer(200, rejected=partial.rejected_spans, message=partial.error_message)


def _seconds(text: str | None) -> float | None:
    """`Retry-After` in seconds; its other form, a date, is read as absent."""
    return float(text) if text is not None and text.isdigit() else None
