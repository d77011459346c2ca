"""How services talk: HTTP, gRPC, databases, a queue; in OpenTelemetry's semantic conventions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from clew.demo.services import Service
from clew.demo.story import Broken, Kind, Span, Story

NETWORK_MS = 0.3
# One database call in so many runs into a timeout; with the declined payments 2 % of stories fail.
TIMEOUT_PROBABILITY = 0.004

GRPC_OK, GRPC_FAILED_PRECONDITION = 0, 9


@contextmanager
def http_server(story: Story, service: Service, method: str, route: str) -> Iterator[Span]:
    """A request that arrives. A failure inside becomes a 500, which the caller sees as such."""
    with story.span(
        service,
        "server",
        Kind.SERVER,
        f"{method} {route}",
        http__request__method=method,
        http__route=route,
        http__response__status_code=200,
        url__scheme="http",
        url__path=route.replace("{id}", str(story.random.randrange(1, 500))),
        network__protocol__version="1.1",
        server__address=service.name,
        server__port=service.port,
        user_agent__original="Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Firefox/145.0",
    ) as span:
        try:
            yield span
        except Broken:
            span.attributes["http.response.status_code"] = 500
            raise


@contextmanager
def http_call(
    story: Story, caller: Service, callee: Service, method: str, route: str
) -> Iterator[Span]:
    """A request between two services; the span given is the callee's."""
    with story.span(
        caller,
        "client",
        Kind.CLIENT,
        method,
        http__request__method=method,
        url__full=f"http://{callee.name}:{callee.port}{route.replace('{id}', '7')}",
        server__address=callee.name,
        server__port=callee.port,
    ) as client:
        story.wait(NETWORK_MS)
        try:
            with http_server(story, callee, method, route) as server:
                yield server
        except Broken:
            client.attributes["http.response.status_code"] = 500
            story.wait(NETWORK_MS)
            raise
        status = server.attributes["http.response.status_code"]
        client.attributes["http.response.status_code"] = status
        # 4xx is an error of the client only; the server did what it should.
        if isinstance(status, int) and status >= 400:
            client.fail(error_type=str(status))
        story.wait(NETWORK_MS)


@contextmanager
def grpc_call(story: Story, caller: Service, callee: Service, method: str) -> Iterator[Span]:
    """A unary gRPC call; the span given is the callee's. A failure is FAILED_PRECONDITION."""
    rpc_service, _, rpc_method = method.partition("/")
    with story.span(
        caller,
        "rpc",
        Kind.CLIENT,
        method,
        rpc__system="grpc",
        rpc__service=rpc_service,
        rpc__method=rpc_method,
        rpc__grpc__status_code=GRPC_OK,
        server__address=callee.name,
        server__port=callee.port,
    ) as client:
        story.wait(NETWORK_MS)
        try:
            with story.span(
                callee,
                "rpc",
                Kind.SERVER,
                method,
                rpc__system="grpc",
                rpc__service=rpc_service,
                rpc__method=rpc_method,
                rpc__grpc__status_code=GRPC_OK,
            ) as server:
                yield server
        except Broken:
            for span in (client, server):
                span.attributes["rpc.grpc.status_code"] = GRPC_FAILED_PRECONDITION
            story.wait(NETWORK_MS)
            raise
        story.wait(NETWORK_MS)


def sql(
    story: Story, service: Service, operation: str, table: str, median_ms: float, rows: int = 1
) -> None:
    """A statement on the shop's PostgreSQL."""
    with story.span(
        service,
        "db",
        Kind.CLIENT,
        f"{operation} {table}",
        db__system__name="postgresql",
        db__namespace="shop",
        db__operation__name=operation,
        db__collection__name=table,
        db__query__text=_statement(operation, table),
        db__response__returned_rows=rows,
        server__address="postgres",
        server__port=5432,
    ) as span:
        if story.happens(TIMEOUT_PROBABILITY):
            story.wait(5000, 0.01)
            del span.attributes["db.response.returned_rows"]
            raise Broken("QueryCanceled", "canceling statement due to statement timeout")
        story.wait(median_ms, 0.6)


def _statement(operation: str, table: str) -> str:
    return {
        "SELECT": f"SELECT * FROM {table} WHERE id = $1",
        "INSERT": f"INSERT INTO {table} VALUES ($1, $2, $3)",
        "UPDATE": f"UPDATE {table} SET stock = stock - $1 WHERE id = $2",
    }[operation]


def redis(story: Story, service: Service, command: str, *, hit: bool = True) -> None:
    """A command to the cache."""
    with story.span(
        service,
        "db",
        Kind.CLIENT,
        command,
        db__system__name="redis",
        db__operation__name=command,
        cache__hit=hit,
        server__address="redis",
        server__port=6379,
    ):
        story.wait(0.4)


def elasticsearch(story: Story, service: Service, index: str, hits: int) -> None:
    """A full-text search."""
    with story.span(
        service,
        "db",
        Kind.CLIENT,
        f"search {index}",
        db__system__name="elasticsearch",
        db__operation__name="search",
        db__collection__name=index,
        db__response__returned_rows=hits,
        db__elasticsearch__relevance=round(story.random.uniform(0.2, 14.0), 3),
        server__address="elasticsearch",
        server__port=9200,
    ):
        story.wait(22, 0.7)


def publish(story: Story, service: Service, topic: str) -> Span:
    """A message into the queue; give the span to `consume`."""
    with story.span(
        service,
        "queue",
        Kind.PRODUCER,
        f"send {topic}",
        messaging__system="kafka",
        messaging__operation__type="send",
        messaging__operation__name="send",
        messaging__destination__name=topic,
        messaging__destination__partition__id=str(story.random.randrange(6)),
        messaging__message__body__size=story.random.randrange(300, 2000),
    ) as span:
        story.wait(1.2)
    return span


@contextmanager
def consume(
    story: Story, service: Service, topic: str, group: str, producers: list[Span]
) -> Iterator[Span]:
    """A batch out of the queue: a trace of its own, linked to the spans that sent the messages."""
    with (
        story.elsewhere(),
        story.span(
            service,
            "queue",
            Kind.CONSUMER,
            f"process {topic}",
            messaging__system="kafka",
            messaging__operation__type="process",
            messaging__operation__name="process",
            messaging__destination__name=topic,
            messaging__consumer__group__name=group,
            messaging__batch__message_count=len(producers),
        ) as span,
    ):
        span.links += [(producer.trace_id, producer.span_id) for producer in producers]
        yield span
