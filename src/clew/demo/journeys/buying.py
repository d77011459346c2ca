"""Carts, orders and payments."""

from __future__ import annotations

from clew.demo.calls.database import redis, sql
from clew.demo.calls.http import http_call, http_server, outside, set_status
from clew.demo.calls.queue import Message, send
from clew.demo.calls.rpc import grpc_call
from clew.demo.journeys.parcels import ship
from clew.demo.service import Service
from clew.demo.services import CART, CHECKOUT, INVENTORY, PAYMENT, PRICING, STOREFRONT
from clew.demo.story import Broken, Event, Kind, Span, Story
from clew.demo.town import (
    PAYMENT_METHODS,
    POISON_CURRENCY,
    POISON_PROBABILITY,
    WHOLESALE,
    Town,
)

# The pricing service asks for all prices at once, but for carts above this it asks one by one.
MANY_ITEMS = 20

BANK = "bank.example"
BANK_TIMEOUT_MS = 1500
BANK_TIMEOUT_PROBABILITY = 0.003
BANK_TRIES = 3
CHARGE_TRIES = 2
DECLINED_PROBABILITY = 0.05

# What the new version of payment gets wrong.
CANARY_EXTRA_MS = 140
CANARY_METHOD = "wallet"
CANARY_FAILS = 0.7


def fill_cart(town: Town, story: Story) -> None:
    """One more thing in the cart."""
    cart = story.random.randbytes(8).hex()
    with (
        http_server(story, STOREFRONT, "POST", "/cart", "/cart"),
        http_call(story, STOREFRONT, CART, "PUT", "/carts/{cartId}", f"/carts/{cart}"),
    ):
        story.wait(1)
        redis(story, CART, "HSET", f"cart:{cart}")


def view_cart(town: Town, story: Story) -> None:
    """The cart with today's prices; slow when there is much in it."""
    with http_server(story, STOREFRONT, "GET", "/cart", "/cart") as page:
        items = _items(story)
        page.attributes["app.cart.items"] = len(items)
        _read_cart(story, STOREFRONT, items)
        _quote(story, STOREFRONT, items)


def buy(town: Town, story: Story) -> None:
    """An order: cart, prices, stock, payment; then the parcel, and a note to the customer."""
    order_id = town.order_id()
    sent: Message | None = None
    with http_server(story, STOREFRONT, "POST", "/orders", "/orders") as page:
        page.attributes["app.order.id"] = order_id
        with http_call(story, STOREFRONT, CHECKOUT, "POST", "/orders", "/orders") as order:
            order.attributes["app.order.id"] = order_id
            try:
                sent = _place_order(town, story, order, order_id)
            except Broken as broken:
                if broken.grpc != "FAILED_PRECONDITION":
                    raise
                set_status(order, 402)
        set_status(page, 402 if sent is None else 201)
    if sent is not None:
        ship(town, story, sent)


def _items(story: Story) -> tuple[int, ...]:
    wholesale = story.tenant == WHOLESALE and story.happens(0.6)
    number = story.random.randrange(30, 90) if wholesale else story.random.randrange(1, 9)
    return tuple(story.random.randrange(1, 5000) for _ in range(number))


def _read_cart(story: Story, caller: Service, items: tuple[int, ...]) -> None:
    cart = story.random.randbytes(8).hex()
    with http_call(story, caller, CART, "GET", "/carts/{cartId}", f"/carts/{cart}"):
        redis(story, CART, "HGETALL", f"cart:{cart}", hit=bool(items))


def _quote(story: Story, caller: Service, items: tuple[int, ...]) -> None:
    with http_call(story, caller, PRICING, "POST", "/quotes", "/quotes") as server:
        server.attributes["app.cart.items"] = len(items)
        server.attributes["app.cart.item_ids"] = items[:10]
        server.attributes["app.quote.total"] = round(len(items) * story.random.uniform(4, 60), 2)
        story.wait(3)
        if len(items) > MANY_ITEMS:
            for _ in items:
                sql(story, PRICING, "SELECT", "prices", 2.2)
        else:
            sql(
                story,
                PRICING,
                "SELECT",
                "prices",
                2.6,
                rows=len(items),
                text="SELECT * FROM prices WHERE product_id = ANY($1)",
            )


def _place_order(town: Town, story: Story, order: Span, order_id: str) -> Message:
    random = story.random
    (method,) = random.choices([*PAYMENT_METHODS], [*PAYMENT_METHODS.values()])
    poison = story.happens(POISON_PROBABILITY)
    currency = POISON_CURRENCY if poison else random.choice(("EUR", "USD", "AUD"))
    items = _items(story)
    order.attributes |= {
        "app.payment.method": method,
        "app.order.currency": currency,
        "app.order.is_first": story.happens(0.2),
        "app.cart.items": len(items),
    }
    _read_cart(story, CHECKOUT, items)
    _quote(story, CHECKOUT, items)
    with http_call(story, CHECKOUT, INVENTORY, "POST", "/reservations", "/reservations"):
        sql(story, INVENTORY, "UPDATE", "stock", 4, rows=len(items))
    for attempt in range(1, CHARGE_TRIES + 1):
        try:
            _charge(town, story, order_id, method)
            break
        except Broken as broken:
            if broken.grpc != "DEADLINE_EXCEEDED" or attempt == CHARGE_TRIES:
                raise
            order.events.append(
                Event("retry", story.now_ns, {"attempt": attempt, "reason": broken.grpc})
            )
            story.wait(200)
    sql(story, CHECKOUT, "INSERT", "orders", 5)
    offset = town.offset("orders")
    sent = send(story, CHECKOUT, "orders", offset, order_id=order_id, currency=currency)
    town.post(sent)
    return sent


def _charge(town: Town, story: Story, order_id: str, method: str) -> None:
    with grpc_call(story, CHECKOUT, PAYMENT, "shop.v1.Payment/Charge") as server:
        server.attributes["app.payment.method"] = method
        server.attributes["app.order.id"] = order_id
        with story.span(PAYMENT, "work", Kind.INTERNAL, "check fraud") as check:
            story.wait(12)
            check.attributes["fraud.score"] = round(story.random.betavariate(2, 8), 4)
            check.attributes["fraud.rules"] = ("velocity", "amount")
        if story.at(PAYMENT).is_canary:
            with story.span(PAYMENT, "work", Kind.INTERNAL, "convert token"):
                story.wait(CANARY_EXTRA_MS)
                if method == CANARY_METHOD and story.happens(CANARY_FAILS):
                    raise Broken("*token.FormatError", "wallet token: unknown format 1")
        _ask_bank(town, story)


def _ask_bank(town: Town, story: Story) -> None:
    """Three tries; during an outage of the bank most of them time out."""
    fails = 0.85 if town.bank_outage else BANK_TIMEOUT_PROBABILITY
    for resend in range(BANK_TRIES):
        try:
            with outside(story, PAYMENT, BANK, "POST", "/v1/charges", resend=resend) as call:
                if story.happens(fails):
                    story.wait(BANK_TIMEOUT_MS, 0.01)
                    raise Broken(
                        "context.deadlineExceededError",
                        f'Post "https://{BANK}/v1/charges": context deadline exceeded',
                        grpc="DEADLINE_EXCEEDED",
                    )
                story.wait(90, 0.5)
                declined = story.happens(DECLINED_PROBABILITY)
                call.attributes["http.response.status_code"] = 402 if declined else 200
                if declined:
                    call.fail(error_type="402")
            break
        except Broken:
            if resend == BANK_TRIES - 1:
                raise
            story.wait(100 * 2**resend, 0.2)
    if declined:
        with story.span(PAYMENT, "work", Kind.INTERNAL, "release hold"):
            story.wait(1)
            raise Broken(
                "*bank.Declined", "card declined: insufficient funds", grpc="FAILED_PRECONDITION"
            )
