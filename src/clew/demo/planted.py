"""The stories hidden in the shop's traffic, and the searches that find them."""

from __future__ import annotations

from dataclasses import dataclass

from clew.demo.fleet import CANARY_VERSION, FAR
from clew.demo.journeys.buying import BANK, CANARY_METHOD, MANY_ITEMS
from clew.demo.journeys.parcels import DEAD_LETTERS
from clew.demo.schedule import BANK_OUTAGE, CANARY, RECOUNT, REPORT, STAMPEDE, Window
from clew.demo.town import POISON_CURRENCY, SLOW_SEARCH, WHOLESALE


@dataclass(frozen=True)
class Planted:
    """One story: what happens, when, and a TraceQL query whose answer shows it."""

    title: str
    when: str
    what: str
    query: str


def _when(window: Window) -> str:
    return (
        f"{window.starts_s:g} s after the start for {window.lasts_s:g} s, "
        f"and again every {window.every_s:g} s"
    )


PLANTED = (
    Planted(
        "The canary",
        _when(CANARY),
        f"payment {CANARY_VERSION} takes half of the calls in two regions: each is 140 ms slower, "
        f"and most of those with app.payment.method {CANARY_METHOD} fail",
        f'{{ resource.service.name = "payment" && resource.service.version = "{CANARY_VERSION}"'
        " && status = error }",
    ),
    Planted(
        "The cache stampede",
        _when(STAMPEDE),
        "the bestsellers expire in catalog's cache, and every request computes them anew",
        '{ name = "compute bestsellers" && duration > 300ms }',
    ),
    Planted(
        "The bank's outage",
        _when(BANK_OUTAGE),
        "the bank does not answer: payment tries three times, checkout twice, so a customer waits "
        "for six timeouts before the error",
        f'{{ span.server.address = "{BANK}" && span.http.request.resend_count >= 1 }}',
    ),
    Planted(
        "N+1 queries",
        "always",
        f"for carts of more than {MANY_ITEMS} items pricing asks the database once an item; "
        f"only the tenant {WHOLESALE} has such carts",
        f"{{ span.app.cart.items > {MANY_ITEMS} && kind = server }}",
    ),
    Planted(
        "The slow tenant",
        "always",
        f"searches of the tenant {SLOW_SEARCH} take twenty times as long",
        '{ resource.service.name = "search" && kind = server && duration > 200ms }',
    ),
    Planted(
        "The far region",
        "always",
        f"{FAR} has no database of its own: each statement takes 180 ms more",
        f'{{ resource.cloud.region = "{FAR}" && span.db.system.name = "postgresql" }}',
    ),
    Planted(
        "The dead letters",
        "always, about one order in fifty",
        f"notification cannot read the currency {POISON_CURRENCY}: three attempts, "
        f"then the message goes to {DEAD_LETTERS}",
        f'{{ span.messaging.destination.name = "{DEAD_LETTERS}" }}',
    ),
    Planted(
        "The declined cards",
        "always, one payment in twenty",
        "a 402 for the customer: an error of payment's and checkout's CLIENT spans, of no SERVER's",
        '{ span.http.response.status_code = 402 && resource.service.name = "storefront" }',
    ),
    Planted(
        "The report",
        f"{REPORT[0]:g} s after the start, then every {REPORT[1]:g} s",
        "a scheduled job of some three hundred spans, many at the same time, in a trace of its own",
        '{ name = "run/reports.tasks.revenue" }',
    ),
    Planted(
        "The recount",
        f"{RECOUNT[0]:g} s after the start, then every {RECOUNT[1]:g} s",
        "a job whose root is INTERNAL",
        '{ name = "recount stock" }',
    ),
    Planted(
        "The old service",
        "always",
        "recommendation, untouched since early 2024, uses old names such as http.method",
        '{ resource.service.name = "recommendation" && span.http.method = "GET" }',
    ),
)
