"""What expressions are for spans: columns of the engine → Python values → OTLP's AnyValue JSON."""

import math
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa

from clew._kernel import any_value_json
from clew.query.compile import Held
from clew.query.compile.cases import KINDS, STATUSES
from clew.query.language import Field, Intrinsic, Scalar
from clew.query.rows import text

Json = dict[str, Any]


@dataclass(frozen=True)
class Other:
    """An AnyValue that is no scalar: bytes, an array, a map, or empty."""

    message: bytes

    def json(self) -> Json:
        """As OTLP JSON writes it."""
        decoded: Json = orjson.loads(any_value_json(self.message))
        return decoded

    @property
    def is_array(self) -> bool:
        return self.message[:1] == b"\x2a"


# None: there is no value.
Value = str | int | float | bool | Other | None

_WORDS = {Intrinsic.STATUS: STATUSES, Intrinsic.KIND: KINDS}


def read_values(block: pa.RecordBatch, names: dict[Held, str]) -> list[Value]:
    """The rows of the columns that `Columns.value` has named."""
    read: list[Value] = [None] * block.num_rows
    for held, name in names.items():
        for row, value in enumerate(block.column(name).to_pylist()):
            if value is not None:
                read[row] = _value(held, value)
    return read


def as_any_value(scalar: Scalar, value: Value) -> Json | None:
    """The value of this expression as OTLP JSON writes it; of enumerations the word."""
    words = _WORDS.get(scalar.intrinsic) if isinstance(scalar, Field) else None
    match value:
        case None:
            return None
        case Other():
            return value.json()
        case bool():
            return {"boolValue": value}
        case int() if words is not None and 0 <= value < len(words):
            return {"stringValue": words[value]}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value if math.isfinite(value) else _not_finite(value)}
        case str():
            return {"stringValue": value}


def _value(held: Held, value: Any) -> Value:
    if held is Held.TEXT:
        return text(value)
    if held is Held.OTHER:
        return Other(value)
    if held is Held.BOOL:
        return bool(value)
    found: Value = value
    return found


def _not_finite(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
