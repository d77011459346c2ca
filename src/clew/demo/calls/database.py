"""Databases and caches, each spoken to in the words of its service's client library."""

from __future__ import annotations

from clew.demo.fleet import FAR
from clew.demo.service import Service, Value
from clew.demo.story import Broken, Kind, Span, Story

# One statement in so many runs into the database's timeout.
TIMEOUT_PROBABILITY = 0.0008
# Sydney asks the databases in Dublin.
FAR_MS = 180

_TEXTS = {
    "SELECT": "SELECT * FROM {table} WHERE id = $1",
    "INSERT": "INSERT INTO {table} VALUES ($1, $2, $3)",
    "UPDATE": "UPDATE {table} SET stock = stock - $1 WHERE id = $2",
}


def sql(
    story: Story,
    service: Service,
    operation: str,
    table: str,
    median_ms: float,
    *,
    rows: int = 1,
    text: str = "",
) -> Span:
    """A statement on the shop's PostgreSQL."""
    summary = f"{operation} {table}"
    # PDO's instrumentation names spans by the PHP method.
    name = "PDOStatement::execute" if service.sdk.language == "php" else summary
    attributes: dict[str, Value] = {
        "db.system.name": "postgresql",
        "db.namespace": "shop",
        "db.operation.name": operation,
        "db.collection.name": table,
        "db.query.summary": summary,
        "db.query.text": text or _TEXTS[operation].format(table=table),
        "server.address": "postgres.shop.internal",
        "server.port": 5432,
    }
    with story.span(service, "db", Kind.CLIENT, name, attributes) as span:
        if story.region == FAR:
            story.wait(FAR_MS, 0.08)
        if story.happens(TIMEOUT_PROBABILITY):
            story.wait(5000, 0.01)
            attributes["db.response.status_code"] = "57014"
            raise Broken("QueryCanceled", "canceling statement due to statement timeout")
        attributes["db.response.returned_rows"] = rows
        story.wait(median_ms, 0.6)
    return span


def redis(
    story: Story, service: Service, command: str, key: str, *, hit: bool | None = None
) -> Span:
    """A command to the cache, which every region has; `hit` for reads."""
    attributes: dict[str, Value]
    if service.old_names:
        attributes = {
            "db.system": "redis",
            "db.statement": f"{command} ?",
            "db.redis.database_index": 0,
            "net.peer.name": "redis",
            "net.peer.port": 6379,
            "net.transport": "ip_tcp",
        }
    else:
        attributes = {
            "db.system.name": "redis",
            "db.namespace": "0",
            "db.operation.name": command,
            "db.query.text": f"{command} {key}",
            "server.address": "redis",
            "server.port": 6379,
        }
    if hit is not None:
        attributes["app.cache.hit"] = hit
    with story.span(service, "cache", Kind.CLIENT, command, attributes) as span:
        story.wait(0.4)
    return span


def elasticsearch(story: Story, service: Service, index: str, hits: int, median_ms: float) -> None:
    """A full-text search."""
    attributes: dict[str, Value] = {
        "db.system.name": "elasticsearch",
        "db.operation.name": "search",
        "db.collection.name": index,
        "db.response.returned_rows": hits,
        "http.request.method": "POST",
        "url.full": f"http://elasticsearch:9200/{index}/_search",
        "server.address": "elasticsearch",
        "server.port": 9200,
        "app.search.best_score": round(story.random.uniform(0.2, 14.0), 3),
    }
    with story.span(service, "db", Kind.CLIENT, f"search {index}", attributes):
        story.wait(median_ms, 0.7)
