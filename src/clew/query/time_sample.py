"""A deterministic part of a range of time: some of its seconds, minutes, hours or days.

Which of them is told by a hash of each, so that the part is spread over the whole range and a
larger share contains a smaller one. The engine reads only what lies there.
"""

from dataclasses import dataclass
from math import ceil

from clew.sql import load

_MAX_UNITS = 10_000
_UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_LAST_SECOND = 2**32 - 1


@dataclass(frozen=True)
class TimeSample:
    """`text` for a `where`, and its parameters; `share` of the units of the range it lets in."""

    text: str
    parameters: dict[str, str | int]
    share: float


def time_sample(first_second: int, last_second: int, share: float) -> TimeSample:
    """At least one unit; all of the range when the share is 1, or the range has too few units."""
    last_second = min(last_second, _LAST_SECOND)
    name, size = next(
        (
            (name, size)
            for name, size in _UNITS.items()
            if last_second // size - first_second // size < _MAX_UNITS
        ),
        ("day", _UNITS["day"]),
    )
    units = range(first_second // size, last_second // size + 1)
    if share >= 1 or len(units) > _MAX_UNITS:
        return TimeSample(load("query/part/everything").text, {}, 1.0)
    chosen = sorted(units, key=_mixed)[: max(1, ceil(share * len(units)))]
    text = load("query/part/units", unit=load(f"query/part/unit_{name}").text.strip()).text
    listed = ",".join(str(unit * size) for unit in sorted(chosen))
    return TimeSample(text, {"units": listed}, len(chosen) / len(units))


def _mixed(unit: int) -> int:
    """A number that has nothing to do with the order of units: the end of SplitMix64."""
    mixed = unit * 0x9E3779B97F4A7C15 % 2**64
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB % 2**64
    return mixed ^ mixed >> 31
