"""Unary gRPC calls, by the conventions of 2026: full method names, status codes as text."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from clew.demo.calls.http import NETWORK_MS
from clew.demo.service import Service, Value
from clew.demo.story import Broken, Kind, Span, Story

# The codes that are the server's own fault; after the others its span is no error.
SERVER_ERRORS = frozenset(
    {"UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"}
)


@contextmanager
def grpc_call(story: Story, caller: Service, callee: Service, method: str) -> Iterator[Span]:
    """The span given is the callee's; what breaks inside is answered by its gRPC code."""
    with story.span(
        caller, "rpc", Kind.CLIENT, method, _attributes(method, callee.name, callee.port)
    ) as client:
        story.wait(NETWORK_MS)
        client.attributes["network.peer.address"] = story.at(callee).ip
        answer: Broken | None = None
        try:
            with story.span(
                callee, "rpc", Kind.SERVER, method, _attributes(method, callee.name, callee.port)
            ) as server:
                server.attributes["client.address"] = story.at(caller).ip
                try:
                    yield server
                except Broken as broken:
                    server.attributes["rpc.response.status_code"] = broken.grpc
                    if broken.grpc in SERVER_ERRORS:
                        raise
                    answer = broken
        except Broken as broken:
            answer = broken
        if answer is not None:
            if answer.grpc in SERVER_ERRORS:
                server.attributes["error.type"] = answer.grpc
            client.attributes["rpc.response.status_code"] = answer.grpc
            received = Broken(answer.grpc, answer.message, grpc=answer.grpc)
            received.recorded = True
            story.wait(NETWORK_MS)
            raise received
        story.wait(NETWORK_MS)


def _attributes(method: str, address: str, port: int) -> dict[str, Value]:
    return {
        "rpc.system.name": "grpc",
        "rpc.method": method,
        "rpc.response.status_code": "OK",
        "server.address": address,
        "server.port": port,
    }
