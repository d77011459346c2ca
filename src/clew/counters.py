"""Counters and gauges of this process, and the Prometheus text of all of them.

A sample's key is its full Prometheus name with labels; the kernel's samples have the same form.
The kernel counts whole numbers, so its times are in micro- or nanoseconds; they leave as seconds.
What each metric tells is declared in `metrics.txt`.
"""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import NamedTuple

_lock = threading.Lock()
_samples: dict[str, float] = {}

_FINE = {"_microseconds": 1e6, "_nanoseconds": 1e9}
_LE = re.compile(r'le="([0-9.]+)"')


class Metric(NamedTuple):
    """What `metrics.txt` says of one family."""

    kind: str
    help: str


@cache
def declared() -> dict[str, Metric]:
    """All metrics by the name under which they leave."""
    text = resources.files("clew").joinpath("metrics.txt").read_text("utf-8")
    lines = [line.split(" ", 2) for line in text.splitlines() if not line.startswith("#")]
    return {name: Metric(kind, said) for name, kind, said in lines}


def sample_name(name: str, labels: Mapping[str, str] | None = None) -> str:
    """`name{key="value"}` with the value escaped."""
    if not labels:
        return name
    inside = ",".join(f'{key}="{_escape(value)}"' for key, value in labels.items())
    return f"{name}{{{inside}}}"


def add(name: str, amount: float = 1, **labels: str) -> None:
    """Counts an event. Label values are fixed words, never what a user sent."""
    key = sample_name(name, labels)
    with _lock:
        _samples[key] = _samples.get(key, 0) + amount


def put(name: str, value: float, **labels: str) -> None:
    """Sets a gauge."""
    with _lock:
        _samples[sample_name(name, labels)] = value


def snapshot() -> dict[str, float]:
    with _lock:
        return dict(_samples)


class Rates:
    """How fast counters rise over the last minute or so, from looks at them at any time."""

    def __init__(self, window_s: float = 60.0, every_s: float = 5.0) -> None:
        self._window_s = window_s
        self._every_s = every_s
        self._looks: deque[tuple[float, Mapping[str, float]]] = deque()

    def look(self, now_s: float, figures: Mapping[str, float]) -> None:
        """The counters now; `now_s` never falls."""
        if self._looks and any(figures.get(name, 0) < n for name, n in self._looks[-1][1].items()):
            self._looks.clear()  # their process is a new one
        if not self._looks or now_s - self._looks[-1][0] >= self._every_s:
            self._looks.append((now_s, dict(figures)))
        while len(self._looks) > 1 and self._looks[1][0] <= now_s - self._window_s:
            self._looks.popleft()

    def per_second(self, now_s: float, figures: Mapping[str, float]) -> dict[str, float]:
        """By name; 0 as long as there is nothing to compare with."""
        then_s, then = self._looks[0] if self._looks else (now_s, figures)
        seconds = max(now_s - then_s, 1e-9)
        return {name: max(0.0, n - then.get(name, n)) / seconds for name, n in figures.items()}


def total(figures: Mapping[str, float], name: str) -> float:
    """The sum over all labels of a metric."""
    return sum(by_label(figures, name).values())


def by_label(figures: Mapping[str, float], name: str) -> dict[str, float]:
    """Samples of a metric by the value of its only label; without labels under an empty one."""
    found: dict[str, float] = {}
    for key, value in figures.items():
        base, _, labels = key.partition("{")
        if base == name:
            found[labels.partition('="')[2].removesuffix('"}')] = value
    return found


def render(sources: Iterable[Mapping[str, float]]) -> str:
    """Prometheus text. Equal keys of several processes are added up."""
    merged: dict[str, float] = {}
    for source in sources:
        for key, value in source.items():
            name, amount = _in_seconds(key, value)
            merged[name] = merged.get(name, 0) + amount
    names = {key.partition("{")[0] for key in merged}
    families: dict[str, list[tuple[str, float]]] = {}
    for key, value in sorted(merged.items(), key=lambda item: _order(item[0])):
        families.setdefault(_family(key.partition("{")[0], names), []).append((key, value))
    lines: list[str] = []
    for family, samples in families.items():
        metric = declared().get(family)
        if metric is not None:
            lines.append(f"# HELP {family} {metric.help}")
        lines.append(f"# TYPE {family} {metric.kind if metric else _type(family, names)}")
        lines.extend(f"{key} {_number(value)}" for key, value in samples)
    return "\n".join(lines) + "\n"


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _in_seconds(key: str, value: float) -> tuple[str, float]:
    for unit, per_second in _FINE.items():
        if unit in key:
            key = key.replace(unit, "_seconds", 1)
            key = _LE.sub(lambda found: f'le="{float(found[1]) / per_second:g}"', key)  # noqa: B023 # used at once
            is_time = not key.partition("{")[0].endswith(("_bucket", "_count"))
            return key, value / per_second if is_time else value
    return key, value


def _order(key: str) -> tuple[str, float, str]:
    """Buckets by their bound, everything else by its name."""
    found = _LE.search(key)
    bound = float(found[1]) if found else float("inf")
    return key.partition("{")[0], bound, key


def _family(name: str, names: set[str]) -> str:
    for suffix in ("_bucket", "_sum", "_count"):
        base = name.removesuffix(suffix)
        if base != name and f"{base}_sum" in names and f"{base}_count" in names:
            return base
    return name


def _type(family: str, names: set[str]) -> str:
    if f"{family}_bucket" in names:
        return "histogram"
    if f"{family}_sum" in names:
        return "summary"
    return "counter" if family.endswith("_total") else "gauge"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)
