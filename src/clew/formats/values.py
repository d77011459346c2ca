"""AnyValue ↔ plain JSON values and text, for formats that know fewer types; and bounds of numbers.

There and back changes types: bytes come back as strings, but a second time nothing changes.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from clew.formats.otlp_write import number

_MAX_INT64 = (1 << 63) - 1
MAX_NS = (1 << 64) - 1
MAX_UINT32 = (1 << 32) - 1


def plain(value: AnyValue) -> Any:
    """As JSON without types: bytes in base64, of a repeated key the first."""
    match value.WhichOneof("value"):
        case "array_value":
            return [plain(item) for item in value.array_value.values]
        case "kvlist_value":
            return plain_map(value.kvlist_value.values)
        case "bytes_value":
            return base64.b64encode(value.bytes_value).decode()
        case "double_value":
            return number(value.double_value)
        case None:
            return None
        case field:
            return getattr(value, field)


def plain_map(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in pairs:
        found.setdefault(pair.key, plain(pair.value))
    return found


def text(value: AnyValue) -> str:
    """For people: a string as it is, nothing for an empty value, else JSON."""
    if value.HasField("string_value"):
        return value.string_value
    found = plain(value)
    if found is None:
        return ""
    return found if isinstance(found, str) else orjson.dumps(found).decode()


def from_plain(value: Any, depth: int = 0) -> AnyValue:
    """What `plain` made of it. `ValueError` if it is nested too deeply to be sent."""
    if depth > 25:
        raise ValueError("a value is nested more than 25 levels deep")
    found = AnyValue()
    match value:
        case None:
            pass
        case bool():
            found.bool_value = value
        case str():
            found.string_value = value
        case int() if -_MAX_INT64 - 1 <= value <= _MAX_INT64:
            found.int_value = value
        case int() | float():
            found.double_value = float(value)
        case list():
            found.array_value.SetInParent()
            found.array_value.values.extend(from_plain(item, depth + 1) for item in value)
        case dict():
            found.kvlist_value.SetInParent()
            found.kvlist_value.values.extend(from_map(value, depth + 1))
        case _:
            raise ValueError(f"{value!r:.100} is no JSON value")
    return found


def from_map(values: Mapping[str, Any], depth: int = 0) -> list[KeyValue]:
    return [KeyValue(key=key, value=from_plain(value, depth)) for key, value in values.items()]


def as_object(raw: Any, name: str) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise ValueError(f"{name} is {raw!r:.100}, not an object")
    return raw


def as_list(raw: Any, name: str) -> list[Any]:
    """Nothing counts as empty."""
    if raw is None:
        return []
    if not isinstance(raw, list):
        raise ValueError(f"{name} is {raw!r:.100}, not an array")
    return raw


def as_text(raw: Any, name: str) -> str:
    if raw is None:
        return ""
    if not isinstance(raw, str):
        raise ValueError(f"{name} is {raw!r:.100}, not a string")
    return raw


def as_int(raw: Any, name: str, least: int, most: int) -> int:
    """A whole number within bounds; a float or a string that is one will do."""
    found: int | None = None
    if isinstance(raw, int) and not isinstance(raw, bool):
        found = raw
    elif isinstance(raw, float) and raw.is_integer():
        found = int(raw)
    elif isinstance(raw, str) and raw.isascii() and raw.removeprefix("-").isdigit():
        found = int(raw) if len(raw) <= 20 else None
    if found is None or not least <= found <= most:
        raise ValueError(f"{name} is {raw!r:.100}, not a whole number from {least} to {most}")
    return found


def as_id(raw: Any, name: str, size: int) -> bytes:
    """An id in hex, of which zeros in front may be missing."""
    digits = as_text(raw, name)
    if not 0 < len(digits) <= 2 * size or any(
        digit not in "0123456789abcdefABCDEF" for digit in digits
    ):
        raise ValueError(f"{name} is {raw!r:.100}, not an id of 1 to {2 * size} hex digits")
    return bytes.fromhex(digits.rjust(2 * size, "0"))
