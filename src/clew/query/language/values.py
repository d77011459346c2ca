"""Numbers and durations: text to value, value to text."""

import math
import re
from decimal import Decimal

from clew.query.language.errors import QueryError, shown
from clew.query.language.tree import Literal, Type, Value
from clew.query.language.words import UNITS, UNITS_SAID

_UNIT = "|".join(sorted(UNITS, key=len, reverse=True))
_INT = re.compile(r"\d+", re.ASCII)
_FLOAT = re.compile(r"(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_PART = re.compile(rf"(\d+(?:\.\d+)?|\.\d+)({_UNIT})", re.ASCII)
_DURATION = re.compile(rf"(?:(?:\d+(?:\.\d+)?|\.\d+)(?:{_UNIT}))+", re.ASCII)
_START = re.compile(r"\.?\d[\d.]*", re.ASCII)
_GROUPED = re.compile(r"\d+(?:_\d+)+", re.ASCII)
_ID = re.compile(r"[0-9a-fA-F]{8,}")
_LONGEST = 300  # Far above what a 64-bit number needs; conversions of longer text get slow.
_LIMIT = 2**63


def is_number(text: str) -> bool:
    """Whether the text, perhaps after a minus, is a number or a duration."""
    bare = text.removeprefix("-")
    return any(form.fullmatch(bare) for form in (_INT, _FLOAT, _DURATION))


def number(text: str, at: int, negative: bool = False) -> Literal:
    """The literal of a number without its sign. `at`: where the sign, or the number, stands."""
    if len(text) > _LONGEST:
        raise QueryError(f"The number {shown(text)} is too long.", at, "Write fewer digits.")
    sign = -1 if negative else 1
    if _INT.fullmatch(text):
        return Literal(Type.INT, _whole(sign * int(text), text, at), at)
    if _FLOAT.fullmatch(text):
        value = float(text)
        if math.isinf(value):
            raise QueryError(
                f"The number {shown(text)} is too large for a float.",
                at,
                "Write a number below 1.7e308.",
            )
        return Literal(Type.FLOAT, sign * value, at)
    if _DURATION.fullmatch(text):
        exact = sum(Decimal(digits) * UNITS[unit] for digits, unit in _PART.findall(text))
        whole = int(exact)
        if whole != exact:
            raise QueryError(
                f"The duration {shown(text)} is no whole number of nanoseconds.",
                at,
                "Write fewer digits; nothing is shorter than 1ns.",
            )
        if whole >= _LIMIT:
            raise QueryError(
                f"The duration {shown(text)} is too long.", at, "Write at most 106751d."
            )
        return Literal(Type.DURATION, sign * whole, at)
    raise _no_number(text, at)


def number_text(kind: Type, value: Value) -> str:
    """The text of an int, a float or a duration; durations in the largest unit that is exact."""
    if kind is not Type.DURATION:
        return repr(value)
    assert isinstance(value, int)
    if value == 0:
        return "0s"
    unit = next(unit for unit, size in UNITS.items() if value % size == 0)
    return f"{value // UNITS[unit]}{unit}"


def _whole(value: int, text: str, at: int) -> int:
    if -_LIMIT <= value < _LIMIT:
        return value
    raise QueryError(
        f"The number {shown(text)} does not fit in 64 bits.",
        at,
        "Write a number from minInt (-9223372036854775808) to maxInt (9223372036854775807).",
    )


def _no_number(text: str, at: int) -> QueryError:
    start = _START.match(text)
    digits = start[0] if start else ""
    unit = text[len(digits) :]
    said = shown(text)[1:-1]
    if text.lower().startswith("0x"):
        return QueryError(f"{shown(text)} is no number.", at, "Write the number in decimal.")
    if _GROUPED.fullmatch(text):
        return QueryError(f"{shown(text)} is no number.", at, f"Write {said.replace('_', '')}.")
    if not unit or digits.count(".") > 1 or _ID.fullmatch(text):
        hint = f'Put text in quotes: "{said}".'
        if text.endswith(".") and text[:-1].isdigit():
            hint = f"Write {said}0 or {said[:-1]}."
        return QueryError(f"{shown(text)} is no number.", at, hint)
    meant = unit_meant(unit)
    if meant:
        hint = f"Write {shown(digits + meant)[1:-1]}."
    else:
        hint = f"Units are {UNITS_SAID}, as in 1.5s or 1h30m. Put text in quotes."
    return QueryError(f"The number {shown(text)} has no unit that is known.", at, hint)


def unit_meant(word: str) -> str | None:
    """The unit that was probably meant by a word."""
    lower = word.lower().rstrip(".")
    return _UNIT_HABITS.get(lower) or (lower if lower in UNITS else None)


_UNIT_HABITS = {
    **dict.fromkeys(("sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("msec", "msecs", "millis", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("usec", "micros", "microsecond", "microseconds"), "us"),
    **dict.fromkeys(("nanos", "nanosecond", "nanoseconds"), "ns"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("day", "days"), "d"),
}
