"""The limits on attributes and texts, on messages of the reference classes: a second opinion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

MARK = "clew.cut"
NAME_BYTES = 1024
PER_VALUE = 24


@dataclass(frozen=True)
class Limits:
    attributes: int = 1024
    value_bytes: int = 16384


def cut_text(text: str, most: int) -> str:
    return text.encode()[:most].decode(errors="ignore")


def size(value: AnyValue) -> int:
    """What a value counts inside a list."""
    kind = value.WhichOneof("value")
    match kind:
        case "string_value":
            return PER_VALUE + len(value.string_value.encode())
        case "bytes_value":
            return PER_VALUE + len(value.bytes_value)
        case "array_value":
            return PER_VALUE + sum(size(one) for one in value.array_value.values)
        case "kvlist_value":
            return PER_VALUE + sum(
                len(one.key.encode()) + size(one.value) for one in value.kvlist_value.values
            )
        case _:
            return PER_VALUE


class _Room:
    def __init__(self, left: int) -> None:
        self.left = left
        self.ended = False

    def shorten(self, value: AnyValue) -> None:
        match value.WhichOneof("value"):
            case "string_value":
                whole = value.string_value
                value.string_value = cut_text(whole, self.left)
                self._took(len(whole.encode()), len(value.string_value.encode()))
            case "bytes_value":
                whole_bytes = value.bytes_value
                value.bytes_value = whole_bytes[: self.left]
                self._took(len(whole_bytes), len(value.bytes_value))
            case "array_value":
                self._items(value.array_value.values, pairs=False)
            case "kvlist_value":
                self._items(value.kvlist_value.values, pairs=True)

    def _items(self, items: Any, *, pairs: bool) -> None:
        for index, item in enumerate(items):
            key = len(cut_text(item.key, NAME_BYTES).encode()) if pairs else 0
            if self.ended or self.left < PER_VALUE + key:
                self.ended, self.left = True, 0
                del items[index:]
                return
            self.left -= PER_VALUE + key
            if pairs:
                item.key = cut_text(item.key, NAME_BYTES)
                if not item.HasField("value"):
                    item.value.SetInParent()
            self.shorten(item.value if pairs else item)

    def _took(self, whole: int, kept: int) -> None:
        if kept < whole:
            self.ended, self.left = True, 0
        else:
            self.left -= kept


def is_over(attribute: KeyValue, limits: Limits) -> bool:
    return len(attribute.key.encode()) > NAME_BYTES or is_value_over(attribute.value, limits)


def is_value_over(value: AnyValue, limits: Limits) -> bool:
    if value.WhichOneof("value") in ("array_value", "kvlist_value"):
        return size(value) - PER_VALUE > limits.value_bytes or _has_long_key(value)
    return size(value) - PER_VALUE > limits.value_bytes


def _has_long_key(value: AnyValue) -> bool:
    return any(
        len(one.key.encode()) > NAME_BYTES or _has_long_key(one.value)
        for one in value.kvlist_value.values
    ) or any(_has_long_key(one) for one in value.array_value.values)


def _texts(owner: Any, limits: Limits) -> list[tuple[Any, str, int]]:
    found = []
    fields = owner.DESCRIPTOR.fields_by_name
    for name in ("name", "version"):
        if name in fields:
            found.append((owner, name, NAME_BYTES))
    if "status" in fields and owner.HasField("status"):
        found.append((owner.status, "message", limits.value_bytes))
    return found


def limit_owner(owner: Any, limits: Limits) -> bool:
    """A span, event, link, resource or scope; whether something of it was cut."""
    texts = [
        (message, name, most)
        for message, name, most in _texts(owner, limits)
        if len(getattr(message, name).encode()) > most
    ]
    for message, name, most in texts:
        setattr(message, name, cut_text(getattr(message, name), most))
    state = "trace_state" in owner.DESCRIPTOR.fields_by_name
    if state and len(owner.trace_state.encode()) > limits.value_bytes:
        texts.append((owner, "trace_state", limits.value_bytes))
        short = cut_text(owner.trace_state, limits.value_bytes)
        owner.trace_state = short.rpartition(",")[0]
    count = len(owner.attributes)
    is_cut = bool(texts) or any(
        is_over(one, limits) for one in owner.attributes[: limits.attributes]
    )
    most = limits.attributes - (is_cut and count >= limits.attributes)
    if count > most:
        del owner.attributes[most:]
        dropped = owner.dropped_attributes_count + count - most
        owner.dropped_attributes_count = min(dropped, 2**32 - 1)
    marked = bool(texts)
    for attribute in owner.attributes:
        if is_over(attribute, limits):
            marked = True
            attribute.key = cut_text(attribute.key, NAME_BYTES)
            _Room(limits.value_bytes).shorten(attribute.value)
    return marked


def owners(request: ExportTraceServiceRequest) -> list[Any]:
    found: list[Any] = []
    for group in request.resource_spans:
        if group.HasField("resource"):
            found.append(group.resource)
        for inner in group.scope_spans:
            if inner.HasField("scope"):
                found.append(inner.scope)
            for span in inner.spans:
                found += [span, *span.events, *span.links]
    return found


def limited(request: ExportTraceServiceRequest, limits: Limits) -> list[bool]:
    """Cuts the request in place; for each owner whether it is marked."""
    return [limit_owner(owner, limits) for owner in owners(request)]


def take_marks(request: ExportTraceServiceRequest) -> list[bool]:
    """Removes the marks; for each owner whether it had one."""
    found = []
    for owner in owners(request):
        marked = bool(owner.attributes) and owner.attributes[-1].key == MARK
        if marked:
            del owner.attributes[-1]
        found.append(marked)
    return found
