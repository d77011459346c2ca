"""HTTP between services and to the world outside, in the current names and in the old ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from clew.demo.service import Service, Value
from clew.demo.story import Broken, Kind, Span, Story

NETWORK_MS = 0.3

# From the networks that RFC 5737 keeps for documentation.
_CLIENT_NETWORKS = ("192.0.2", "198.51.100", "203.0.113")
_BROWSERS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/19.1 Safari",
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/142.0.0.0 Mobile Safari/537.36",
    "shop-app/8.3.1 (iOS 19.1)",
)


@contextmanager
def http_server(
    story: Story, service: Service, method: str, route: str, path: str, query: str = ""
) -> Iterator[Span]:
    """A request that arrives. A failure inside becomes a 500, which the caller sees as such.

    The route is written as the service's framework does.
    """
    with story.span(
        service,
        "server",
        Kind.SERVER,
        # Flask's instrumentation named spans by the route alone.
        route if service.old_names else f"{method} {route}",
        _old_server(story, service, method, route, path)
        if service.old_names
        else _server(story, service, method, route, path, query),
    ) as span:
        try:
            if service.controllers:
                with _controller(story, service, method, route):
                    yield span
            else:
                yield span
            if service.sdk.language == "python" and not service.old_names:
                _asgi_send(story, service, method, route, span)
        except Broken:
            set_status(span, 500)
            raise


@contextmanager
def http_call(
    story: Story, caller: Service, callee: Service, method: str, route: str, path: str
) -> Iterator[Span]:
    """A request between two services; the span given is the callee's."""
    with story.span(
        caller, "client", Kind.CLIENT, method, _client(callee.name, callee.port, method, path)
    ) as client:
        story.wait(NETWORK_MS)
        client.attributes["network.peer.address"] = story.at(callee).ip
        try:
            with http_server(story, callee, method, route, path) as server:
                yield server
        except Broken as broken:
            story.wait(NETWORK_MS)
            client.attributes["http.response.status_code"] = 500
            # What the callee raised stayed there; its caller only knows that it got a 500.
            answer = Broken("500", f"{callee.name} answered 500", grpc=broken.grpc)
            answer.recorded = True
            raise answer from None
        status = _status(server)
        client.attributes["http.response.status_code"] = status
        # 4xx is an error of the client only; the server did what it should.
        if status >= 400:
            client.fail(error_type=str(status))
        story.wait(NETWORK_MS)


@contextmanager
def outside(
    story: Story, caller: Service, host: str, method: str, path: str, *, resend: int = 0
) -> Iterator[Span]:
    """A request to somebody who sends us no spans; the block sets the status that came back."""
    attributes = _client(host, 443, method, path)
    if resend:
        attributes["http.request.resend_count"] = resend
    with story.span(caller, "client", Kind.CLIENT, method, attributes) as span:
        yield span


def set_status(span: Span, status: int) -> None:
    """What a server answered, under the name that it uses."""
    old = span.service.old_names
    span.attributes["http.status_code" if old else "http.response.status_code"] = status


def _status(span: Span) -> int:
    old = span.service.old_names
    status = span.attributes["http.status_code" if old else "http.response.status_code"]
    assert isinstance(status, int)
    return status


def _server(
    story: Story, service: Service, method: str, route: str, path: str, query: str
) -> dict[str, Value]:
    attributes: dict[str, Value] = {
        "http.request.method": method,
        "http.route": route,
        "http.response.status_code": 200,
        "url.scheme": "http",
        "url.path": path,
        "network.protocol.version": "1.1",
        "server.address": service.name,
        "server.port": service.port,
    }
    if query:
        attributes["url.query"] = query
    if story.spans:
        attributes["client.address"] = attributes["network.peer.address"] = story.spans[
            -1
        ].instance.ip
    else:
        network = story.random.choice(_CLIENT_NETWORKS)
        attributes["client.address"] = f"{network}.{story.random.randrange(1, 255)}"
        attributes["server.address"] = "shop.example"
        attributes["url.scheme"] = "https"
        attributes["user_agent.original"] = story.random.choice(_BROWSERS)
    if story.tenant:
        attributes["app.tenant"] = story.tenant
    return attributes


def _old_server(
    story: Story, service: Service, method: str, route: str, path: str
) -> dict[str, Value]:
    return {
        "http.method": method,
        "http.server_name": "0.0.0.0",
        "http.scheme": "http",
        "net.host.port": service.port,
        "http.host": f"{service.name}:{service.port}",
        "http.target": path,
        "net.peer.ip": story.spans[-1].instance.ip,
        "http.user_agent": "node",
        "http.flavor": "1.1",
        "http.route": route,
        "http.status_code": 200,
    }


def _client(host: str, port: int, method: str, path: str) -> dict[str, Value]:
    origin = f"https://{host}" if port == 443 else f"http://{host}:{port}"
    return {
        "http.request.method": method,
        "url.full": origin + path,
        "server.address": host,
        "server.port": port,
        "network.protocol.version": "1.1",
    }


def _controller(
    story: Story, service: Service, method: str, route: str
) -> AbstractContextManager[Span]:
    """The span that Express or Spring adds around the handler."""
    attributes: dict[str, Value]
    if service.sdk.language == "nodejs":
        name = f"request handler - {route}"
        attributes = {
            "express.name": route,
            "express.type": "request_handler",
            "http.route": route,
        }
    else:
        name = "OrderController.create" if method == "POST" else "OrderController.show"
        attributes = {"code.function.name": f"example.shop.{name}"}
    return story.span(service, "controller", Kind.INTERNAL, name, attributes)


def _asgi_send(story: Story, service: Service, method: str, route: str, server: Span) -> None:
    """ASGI's instrumentation opens a span for each message of the answer."""
    for event in ("http.response.start", "http.response.body"):
        attributes: dict[str, Value] = {"asgi.event.type": event}
        if event == "http.response.start":
            attributes["http.response.status_code"] = _status(server)
        with story.span(
            service, "server", Kind.INTERNAL, f"{method} {route} http send", attributes
        ):
            story.wait(0.05)
