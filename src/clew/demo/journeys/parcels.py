"""What happens to an order after it was placed: a parcel, a note, or the dead letter queue."""

from __future__ import annotations

from clew.demo.calls.database import sql
from clew.demo.calls.http import outside
from clew.demo.calls.queue import Message, poll, process, send
from clew.demo.services import NOTIFICATION, SHIPPING
from clew.demo.story import Broken, Event, Kind, Story
from clew.demo.town import POISON_CURRENCY, Town

CARRIER_BUSY = 0.06
NOTE_TRIES = 3
DEAD_LETTERS = "orders.dlq"


def ship(town: Town, story: Story, message: Message) -> None:
    """One message, in the customer's own trace: it goes on after the customer has his answer."""
    story.wait(40, 0.8)
    with (
        story.later(message.sender),
        process(story, SHIPPING, "orders", "shipping", message),
    ):
        with story.span(
            SHIPPING,
            "work",
            Kind.INTERNAL,
            "pack",
            {
                "code.file.path": "src/pack.rs",
                "code.line.number": 61,
                "parcel.express": story.happens(0.15),
                "parcel.weight": round(story.random.lognormvariate(0.3, 0.8), 3),
            },
        ):
            story.wait(15)
        _book_carrier(story)
        sql(story, SHIPPING, "INSERT", "parcels", 5)


def _book_carrier(story: Story) -> None:
    """The carrier is busy now and then; asked again it takes the parcel."""
    for resend in range(2):
        busy = resend == 0 and story.happens(CARRIER_BUSY)
        with outside(story, SHIPPING, "carrier.example", "PUT", "/parcels", resend=resend) as call:
            story.wait(55, 0.5)
            call.attributes["http.response.status_code"] = 503 if busy else 200
            if busy:
                call.fail(error_type="503")
        if not busy:
            return
        story.wait(250, 0.2)


def notify(town: Town, story: Story, batch: list[Message]) -> None:
    """A batch, in a trace of its own that links back to each order's."""
    with poll(story, NOTIFICATION, "orders", "notification", batch):
        for message in batch:
            with process(story, NOTIFICATION, "orders", "notification", message) as span:
                for attempt in range(1, NOTE_TRIES + 1):
                    try:
                        _write_note(story, message, attempt)
                        break
                    except Broken as broken:
                        span.events.append(
                            Event("retry", story.now_ns, {"attempt": attempt, "why": broken.kind})
                        )
                        story.wait(20 * attempt, 0.1)
                else:
                    span.fail("given up after 3 attempts", "UnknownCurrencyError")
                    send(
                        story,
                        NOTIFICATION,
                        DEAD_LETTERS,
                        town.offset(DEAD_LETTERS),
                        order_id=message.order_id,
                        currency=message.currency,
                    )


def _write_note(story: Story, message: Message, attempt: int) -> None:
    with story.span(
        NOTIFICATION,
        "work",
        Kind.INTERNAL,
        "write note",
        {
            "app.order.id": message.order_id,
            "app.order.currency": message.currency,
            "app.attempt": attempt,
        },
    ):
        story.wait(3)
        if message.currency == POISON_CURRENCY:
            raise Broken("UnknownCurrencyError", f"no price format for {message.currency}")
    with outside(story, NOTIFICATION, "mail.example", "POST", "/v1/messages") as call:
        story.wait(30, 0.4)
        call.attributes["http.response.status_code"] = 202
