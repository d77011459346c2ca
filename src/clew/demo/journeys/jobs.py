"""What nobody asks for: jobs that run when their time comes."""

from __future__ import annotations

from functools import partial

from clew.demo.calls.database import sql
from clew.demo.calls.http import http_call
from clew.demo.service import Value
from clew.demo.services import CATALOG, INVENTORY, REPORTS
from clew.demo.story import Event, Kind, Story
from clew.demo.town import TENANTS, Town

HOURS = 24
WAREHOUSES = ("antwerp", "gdansk", "leipzig", "lyon")


def revenue(town: Town, story: Story) -> None:
    """The report: a Celery task that fans out into some three hundred spans."""
    attributes: dict[str, Value] = {
        "celery.action": "run",
        "celery.state": "SUCCESS",
        "celery.task_name": "reports.tasks.revenue",
        "messaging.system": "redis",
        "messaging.operation.name": "run",
        "messaging.operation.type": "process",
        "messaging.destination.name": "celery",
        "messaging.message.id": town.order_id(),
        "job.scheduled": True,
    }
    with story.span(
        REPORTS, "queue", Kind.CONSUMER, "run/reports.tasks.revenue", attributes
    ) as job:
        for tenant in TENANTS:
            with story.span(
                REPORTS, "work", Kind.INTERNAL, "summarise tenant", {"app.tenant": tenant}
            ):
                story.together(*(partial(_hour, story, hour) for hour in range(HOURS)))
            job.events.append(Event("tenant done", story.now_ns, {"app.tenant": tenant}))
        sql(story, REPORTS, "INSERT", "reports", 6, rows=len(TENANTS))


def _hour(story: Story, hour: int) -> None:
    with story.span(REPORTS, "work", Kind.INTERNAL, "summarise hour", {"report.hour": hour}):
        sql(
            story,
            REPORTS,
            "SELECT",
            "orders",
            25,
            rows=story.random.randrange(200, 2000),
            text="SELECT sum(total) FROM orders WHERE tenant = $1 AND hour = $2",
        )
        story.wait(8)


def recount(town: Town, story: Story) -> None:
    """Stock is counted again and the catalog is told, warehouse by warehouse."""
    with story.span(
        INVENTORY, "work", Kind.INTERNAL, "recount stock", {"job.scheduled": True}
    ) as job:
        for warehouse in WAREHOUSES:
            sql(story, INVENTORY, "SELECT", "stock", 30, rows=story.random.randrange(800, 1600))
            path = f"/stock/{warehouse}"
            with http_call(story, INVENTORY, CATALOG, "PUT", "/stock/{warehouse}", path) as server:
                server.attributes["app.warehouse"] = warehouse
                sql(story, CATALOG, "UPDATE", "products", 12, rows=story.random.randrange(5, 90))
        job.attributes["app.warehouses"] = WAREHOUSES
