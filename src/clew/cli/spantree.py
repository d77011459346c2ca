"""OTLP JSON of one trace → its spans in the order of a tree. Pure, and safe for any shape of trace.

A span whose parent is not there stands at the top, marked. Of spans that are their own ancestors
the earliest stands at the top, marked. Every span comes exactly once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

KINDS = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}
ERROR = 2


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """Something that happened within a span."""

    name: str
    time_ns: int
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """What the terminal shows of a span."""

    span_id: str
    parent_id: str
    service: str
    name: str
    kind: int
    start_ns: int
    end_ns: int
    status: int
    status_message: str
    events: tuple[Event, ...]
    links: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A span in its place. `rails`: has each ancestor from depth 1 on a younger sibling below?"""

    span: Span
    depth: int
    rails: tuple[bool, ...]
    note: str = ""


def spans(document: Mapping[str, Any]) -> list[Span]:
    """The spans of a `{"resourceSpans": …}` document, as sent."""
    found = []
    for resource_spans in document.get("resourceSpans", ()):
        resource = _attributes(resource_spans.get("resource", {}))
        service = resource.get("service.name") or "unknown_service"
        for scope_spans in resource_spans.get("scopeSpans", ()):
            found += [_span(span, service) for span in scope_spans.get("spans", ())]
    return found


def rows(found: list[Span]) -> Iterator[Row]:
    """Depth first; siblings by start."""
    by_id: dict[str, Span] = {}
    children: dict[str, list[Span]] = {}
    for span in sorted(found, key=lambda span: (span.start_ns, -span.end_ns, span.span_id)):
        # Two spans with one id: the children go to the earlier.
        by_id.setdefault(span.span_id, span)
        children.setdefault(span.parent_id, []).append(span)
    seen: set[int] = set()
    roots = [(span, "") for span in children.get("", ())]
    orphans = [
        (span, f"its parent {parent} is not in this trace")
        for parent, group in children.items()
        if parent and parent not in by_id
        for span in group
    ]
    top = sorted(roots + orphans, key=lambda entry: (entry[0].start_ns, entry[0].span_id))
    yield from _walk(top, by_id, children, seen)
    for span in by_id.values():
        if id(span) not in seen:
            yield from _walk([(span, "it is its own ancestor")], by_id, children, seen)
    # A second span with the id of one in a circle hangs on nothing that was walked.
    for span in found:
        if id(span) not in seen:
            yield from _walk([(span, "")], by_id, children, seen)


def _walk(
    top: list[tuple[Span, str]],
    by_id: Mapping[str, Span],
    children: Mapping[str, list[Span]],
    seen: set[int],
) -> Iterator[Row]:
    stack = [Row(span, 0, (), note) for span, note in reversed(top)]
    while stack:
        row = stack.pop()
        if id(row.span) in seen:
            continue
        seen.add(id(row.span))
        yield row
        if by_id[row.span.span_id] is not row.span:
            continue
        below = [child for child in children.get(row.span.span_id, ()) if id(child) not in seen]
        for index, child in reversed(list(enumerate(below))):
            more = index < len(below) - 1
            stack.append(Row(child, row.depth + 1, (*row.rails[-RAILS:], more)))


# Deeper than this no rails are drawn, but the depth as a number: a chain may have 10,000 spans.
RAILS = 12


def _span(raw: Mapping[str, Any], service: str) -> Span:
    status = raw.get("status", {})
    return Span(
        span_id=raw.get("spanId", ""),
        parent_id=raw.get("parentSpanId", ""),
        service=service,
        name=raw.get("name", ""),
        kind=int(raw.get("kind", 0)),
        start_ns=int(raw.get("startTimeUnixNano", 0)),
        end_ns=int(raw.get("endTimeUnixNano", 0)),
        status=int(status.get("code", 0)),
        status_message=status.get("message", ""),
        events=tuple(
            Event(event.get("name", ""), int(event.get("timeUnixNano", 0)), _attributes(event))
            for event in raw.get("events", ())
        ),
        links=tuple(
            (link.get("traceId", ""), link.get("spanId", "")) for link in raw.get("links", ())
        ),
    )


def _attributes(owner: Mapping[str, Any]) -> dict[str, str]:
    """String attributes; the terminal's tree shows no others."""
    return {
        attribute["key"]: attribute["value"]["stringValue"]
        for attribute in owner.get("attributes", ())
        if "stringValue" in attribute.get("value", {})
    }
