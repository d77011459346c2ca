"""AnyValue messages as text that people read: plain JSON, strings without quotes."""

import math
from typing import Any

import orjson

from clew._kernel import any_value_json


def as_text(message: bytes) -> str:
    """The value of a stored AnyValue message."""
    plain = _plain(orjson.loads(any_value_json(message)))
    if isinstance(plain, str):
        return plain
    if isinstance(plain, float):
        return float_text(plain)
    return orjson.dumps(plain).decode()


def float_text(value: float) -> str:
    """As JSON writes it; what JSON cannot write as protobuf's JSON does."""
    if math.isfinite(value):
        return orjson.dumps(value).decode()
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _plain(value: dict[str, Any]) -> Any:
    """OTLP JSON's `{"intValue": "5"}` → 5; bytes stay base64, no value is null."""
    match value:
        case {"intValue": number}:
            return int(number)
        case {"arrayValue": {"values": list(items)}}:
            return [_plain(item) for item in items]
        case {"arrayValue": _}:
            return []
        case {"kvlistValue": {"values": list(pairs)}}:
            return {pair["key"]: _plain(pair.get("value", {})) for pair in pairs}
        case {"kvlistValue": _}:
            return {}
        case {"doubleValue": str(word)}:
            return float(word)
    return next(iter(value.values()), None)
