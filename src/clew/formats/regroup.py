"""Formats that say everything with each span: their spans → groups, in the same order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span

from clew.formats.item import Item, Unreadable

_SPANS = 1000


@dataclass(frozen=True, slots=True)
class Described:
    """A span with what OTLP keeps apart from it."""

    resource: Resource
    scope: InstrumentationScope
    span: Span


def groups(found: Iterator[Described | Unreadable]) -> Iterator[Item]:
    """Neighbours of one resource go into one group of at most 1,000 spans."""
    group: ResourceSpans | None = None
    count = 0
    for one in found:
        if isinstance(one, Unreadable):
            yield one
            continue
        if group is None or count == _SPANS or group.resource != one.resource:
            if group is not None:
                yield group
            group, count = ResourceSpans(resource=one.resource), 0
        scopes = group.scope_spans
        if not scopes or scopes[-1].scope != one.scope:
            scopes.add(scope=one.scope)
        scopes[-1].spans.append(one.span)
        count += 1
    if group is not None:
        yield group
