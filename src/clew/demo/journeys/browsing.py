"""Looking around: the home page, a product page, a search."""

from __future__ import annotations

from clew.demo.calls.database import elasticsearch, redis, sql
from clew.demo.calls.http import http_call, http_server, set_status
from clew.demo.services import CART, CATALOG, PRICING, RECOMMENDATION, SEARCH, STOREFRONT
from clew.demo.story import Event, Kind, Story
from clew.demo.town import SLOW_SEARCH, Town

PRODUCTS = 5000
GONE_PROBABILITY = 0.01


def home(town: Town, story: Story) -> None:
    """The home page: bestsellers and recommendations, side by side."""
    with http_server(story, STOREFRONT, "GET", "/", "/"):
        story.wait(1)
        story.together(lambda: _bestsellers(town, story), lambda: _recommendations(story))
        with story.span(STOREFRONT, "work", Kind.INTERNAL, "render home"):
            story.wait(4)


def browse(town: Town, story: Story) -> None:
    """A product page: the product, its price, and what is in the cart, side by side."""
    product = story.random.randrange(1, PRODUCTS)
    with http_server(story, STOREFRONT, "GET", "/products/:id", f"/products/{product}") as page:
        page.attributes["http.request.header.accept"] = ("text/html", "application/xhtml+xml")
        story.wait(1)
        if story.happens(GONE_PROBABILITY):
            _gone(story, product)
            set_status(page, 404)
            return
        story.together(
            lambda: _product(story, product),
            lambda: _price(story, product),
            lambda: _cart(story),
        )
        with story.span(
            STOREFRONT, "work", Kind.INTERNAL, "render product", {"app.product.id": product}
        ):
            story.wait(6)


def search(town: Town, story: Story) -> None:
    """A search, and the products that it found; one tenant's index is slow."""
    words = story.random.choice(("lamp", "oak table", "chair", "blue mug", "shelf"))
    query = f"q={words.replace(' ', '+')}&page=1"
    with http_server(story, STOREFRONT, "GET", "/search", "/search", query):
        story.wait(1)
        hits = story.random.randrange(0, 40)
        with http_call(story, STOREFRONT, SEARCH, "POST", "/query", "/query") as server:
            server.attributes["app.search.words"] = tuple(words.split())
            server.attributes["app.search.hits"] = hits
            story.wait(2)
            slow = story.tenant == SLOW_SEARCH
            elasticsearch(
                story, SEARCH, f"products-{story.tenant}", hits, median_ms=420 if slow else 22
            )
        if hits:
            with http_call(story, STOREFRONT, CATALOG, "GET", "/products", "/products"):
                sql(
                    story,
                    CATALOG,
                    "SELECT",
                    "products",
                    9,
                    rows=hits,
                    text="SELECT * FROM products WHERE id = ANY($1)",
                )


def _bestsellers(town: Town, story: Story) -> None:
    """Cached; when the entry expires everybody computes it anew at the same time."""
    key = f"bestsellers:{story.tenant}"
    with http_call(story, STOREFRONT, CATALOG, "GET", "/bestsellers", "/bestsellers"):
        hit = not (town.stampede or story.happens(0.003))
        redis(story, CATALOG, "GET", key, hit=hit)
        if hit:
            return
        with story.span(
            CATALOG, "work", Kind.INTERNAL, "compute bestsellers", {"app.cache.key": key}
        ) as work:
            work.events.append(Event("cache miss", story.now_ns, {"app.cache.key": key}))
            # The more compute it at once, the longer it takes each of them.
            sql(
                story,
                CATALOG,
                "SELECT",
                "order_lines",
                850 if town.stampede else 160,
                rows=50,
                text="SELECT product_id, sum(quantity) FROM order_lines"
                " WHERE ordered_at > $1 GROUP BY product_id ORDER BY 2 DESC LIMIT 50",
            )
            redis(story, CATALOG, "SET", key)


def _recommendations(story: Story) -> None:
    product = story.random.randrange(1, PRODUCTS)
    route, path = "/recommendations/<int:product>", f"/recommendations/{product}"
    with http_call(story, STOREFRONT, RECOMMENDATION, "GET", route, path):
        redis(story, RECOMMENDATION, "ZREVRANGE", "similar")
        with story.span(
            RECOMMENDATION,
            "work",
            Kind.INTERNAL,
            "score",
            {"model.name": "similar-items", "model.candidates": story.random.randrange(20, 400)},
        ):
            story.wait(14, 0.5)


def _product(story: Story, product: int) -> None:
    route, path = "/products/{product_id}", f"/products/{product}"
    with http_call(story, STOREFRONT, CATALOG, "GET", route, path):
        story.wait(1.5)
        sql(story, CATALOG, "SELECT", "products", 2.5)


def _gone(story: Story, product: int) -> None:
    """A product that is sold no more: a 404, which is an error for the client's span only."""
    route, path = "/products/{product_id}", f"/products/{product}"
    with http_call(story, STOREFRONT, CATALOG, "GET", route, path) as server:
        sql(story, CATALOG, "SELECT", "products", 2.5, rows=0)
        set_status(server, 404)


def _price(story: Story, product: int) -> None:
    with http_call(story, STOREFRONT, PRICING, "GET", "/prices/{id}", f"/prices/{product}"):
        story.wait(3)
        sql(story, PRICING, "SELECT", "prices", 1.5, rows=3)


def _cart(story: Story) -> None:
    cart = story.random.randbytes(8).hex()
    with http_call(story, STOREFRONT, CART, "GET", "/carts/{cartId}", f"/carts/{cart}"):
        story.wait(0.5)
        redis(story, CART, "HGETALL", f"cart:{cart}", hit=story.happens(0.7))
