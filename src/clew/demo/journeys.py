"""What people (and a clock) do in the shop. Each journey is a function that plays on a story."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from clew.demo.calls import (
    consume,
    elasticsearch,
    grpc_call,
    http_call,
    http_server,
    publish,
    redis,
    sql,
)
from clew.demo.services import (
    CART,
    CATALOG,
    CHECKOUT,
    PAYMENT,
    REPORTS,
    SEARCH,
    SHIPPING,
    STOREFRONT,
)
from clew.demo.story import Broken, Event, Kind, Span, Story


def browse(story: Story) -> None:
    """A product page: the product and what is in the cart, side by side."""
    with http_server(story, STOREFRONT, "GET", "/products/{id}") as page:
        page.attributes["http.request.header.accept"] = ("text/html", "application/xhtml+xml")
        story.wait(1)
        story.together(lambda: _product(story), lambda: _cart(story))
        with story.span(STOREFRONT, "work", Kind.INTERNAL, "render product"):
            story.wait(6)


def search(story: Story) -> None:
    """A search, and the products that it found."""
    with http_server(story, STOREFRONT, "GET", "/search"):
        story.wait(1)
        with http_call(story, STOREFRONT, SEARCH, "POST", "/query"):
            hits = story.random.randrange(0, 40)
            story.wait(2)
            elasticsearch(story, SEARCH, "products", hits)
        if hits:
            with http_call(story, STOREFRONT, CATALOG, "GET", "/products"):
                sql(story, CATALOG, "SELECT", "products", 9, rows=hits)


def fill_cart(story: Story) -> None:
    """One more thing in the cart."""
    with (
        http_server(story, STOREFRONT, "POST", "/cart"),
        http_call(story, STOREFRONT, CART, "PUT", "/carts/{id}"),
    ):
        story.wait(1)
        redis(story, CART, "HSET")


def buy(story: Story) -> None:
    """An order: cart, stock, payment, order, and the parcel a moment later behind a queue."""
    with (
        http_server(story, STOREFRONT, "POST", "/orders"),
        http_call(story, STOREFRONT, CHECKOUT, "POST", "/orders"),
    ):
        sent = _place_order(story, card="valid")
    _ship(story, sent)


def buy_with_declined_card(story: Story) -> None:
    """The bank says no: an error between checkout and payment, a 402 for the customer."""
    with (
        http_server(story, STOREFRONT, "POST", "/orders") as page,
        http_call(story, STOREFRONT, CHECKOUT, "POST", "/orders") as order,
    ):
        try:
            _place_order(story, card="declined")
        except Broken as broken:
            if broken.kind != "payment.CardDeclined":
                raise
            for span in (order, page):
                span.attributes["http.response.status_code"] = 402


def nightly_report(story: Story) -> None:
    """No request at all: a job with a root of its own."""
    with story.span(
        REPORTS, "work", Kind.INTERNAL, "nightly report", job__name="revenue", job__retry=False
    ) as job:
        sql(story, REPORTS, "SELECT", "orders", 180, rows=1200)
        for shop in ("de", "fr", "nl"):
            with story.span(REPORTS, "work", Kind.INTERNAL, "summarise", shop__country=shop):
                story.wait(35)
                job.events.append(Event("shop summarised", story.now_ns, {"shop.country": shop}))
        sql(story, REPORTS, "INSERT", "reports", 6)


def _product(story: Story) -> None:
    with http_call(story, STOREFRONT, CATALOG, "GET", "/products/{id}"):
        story.wait(1.5)
        sql(story, CATALOG, "SELECT", "products", 2.5)
        sql(story, CATALOG, "SELECT", "prices", 1.5, rows=3)


def _cart(story: Story) -> None:
    with http_call(story, STOREFRONT, CART, "GET", "/carts/{id}"):
        story.wait(0.5)
        redis(story, CART, "HGETALL", hit=story.happens(0.7))


def _place_order(story: Story, card: str) -> Span:
    with story.span(CHECKOUT, "work", Kind.INTERNAL, "OrderController.create"):
        with http_call(story, CHECKOUT, CART, "GET", "/carts/{id}"):
            redis(story, CART, "HGETALL")
        sql(story, CHECKOUT, "UPDATE", "stock", 4)
        with grpc_call(story, CHECKOUT, PAYMENT, "shop.Payment/Charge"):
            with story.span(PAYMENT, "work", Kind.INTERNAL, "check fraud") as check:
                story.wait(12)
                check.attributes["fraud.score"] = round(story.random.betavariate(2, 8), 4)
            with story.span(
                PAYMENT,
                "client",
                Kind.CLIENT,
                "POST",
                http__request__method="POST",
                http__response__status_code=200 if card == "valid" else 402,
                url__full="https://bank.example/v1/charges",
                server__address="bank.example",
                server__port=443,
            ):
                story.wait(90, 0.5)
                if card != "valid":
                    raise Broken("payment.CardDeclined", "card declined: insufficient funds")
        sql(story, CHECKOUT, "INSERT", "orders", 5)
        return publish(story, CHECKOUT, "orders")


def _ship(story: Story, sent: Span) -> None:
    story.wait(40, 0.8)
    with consume(story, SHIPPING, "orders", "shipping", [sent]):
        with story.span(SHIPPING, "work", Kind.INTERNAL, "pack", parcel__express=False):
            story.wait(15)
        sql(story, SHIPPING, "INSERT", "parcels", 5)


JOURNEYS: tuple[tuple[Callable[[Story], None], int], ...] = (
    (browse, 520),
    (search, 220),
    (fill_cart, 120),
    (buy, 115),
    (buy_with_declined_card, 10),
    (nightly_report, 15),
)


def next_story(random: Random) -> Story:
    """One of the journeys, by how often people take it; finished."""
    journeys, weights = zip(*JOURNEYS, strict=True)
    story = Story(random)
    journey = random.choices(journeys, weights)[0]
    try:
        journey(story)
    except Broken:
        pass  # it reached the customer; the spans show it
    return story
