"""The numbers to reach, and how a results file compares with them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Results = dict[str, Any]


@dataclass(frozen=True)
class Target:
    what: str
    unit: str
    goal: float
    value: Callable[[Results], float | None]
    at_most: bool = False

    def verdict(self, measured: float | None) -> str:
        """`met`, `half` (between half of it and the whole), `below half` or `not measured`."""
        if measured is None:
            return "not measured"
        if self.goal == 0:
            return "met" if measured == 0 else "below half"
        # A rate offered on a schedule ends a request short of it.
        ratio = self.goal / max(measured, 1e-9) if self.at_most else 1.001 * measured / self.goal
        return "met" if ratio >= 1 else "half" if ratio >= 0.5 else "below half"


def _at(*path: str) -> Callable[[Results], float | None]:
    def value(results: Results) -> float | None:
        found: Any = results
        for name in path:
            found = found.get(name) if isinstance(found, dict) else None
        return None if found is None else float(found)

    return value


def _kernel(kind: str) -> Callable[[Results], float | None]:
    def value(results: Results) -> float | None:
        rows = results.get("kernel", {})
        rates = [row["spans_per_s"] for name, row in rows.items() if name.startswith(kind)]
        return rates[0] if rates else None

    return value


def _worst_trace(results: Results) -> float | None:
    existing = _at("trace", "existing_ms", "p95")(results)
    missing = _at("trace", "missing_ms", "p95")(results)
    return None if existing is None or missing is None else max(existing, missing)


def _attribute_search(results: Results) -> float | None:
    """The slowest of the searches for one value of an attribute, on 10 million spans."""
    asked = results.get("questions_10m", {}).get("rest", {})
    times = [row["ms"]["p95"] for name, row in asked.items() if name.startswith("attribute, ")]
    return max(times, default=None)


def _bytes_per_span(results: Results) -> float | None:
    size, spans = _at("store", "live_bytes")(results), _at("store", "spans")(results)
    return None if size is None or not spans else size / spans


def _losses(kind: str) -> Callable[[Results], float | None]:
    def value(results: Results) -> float | None:
        lost, doubled = _at(kind, "lost_spans")(results), _at(kind, "doubled_spans")(results)
        return None if lost is None or doubled is None else lost + doubled

    return value


TARGETS = (
    Target(
        "durable ingest, 512 spans a request, gRPC",
        "spans/s",
        200_000,
        _at("durable_grpc", "spans_per_s"),
    ),
    Target(
        "durable ingest, 512 spans a request, HTTP",
        "spans/s",
        200_000,
        _at("durable_http", "spans_per_s"),
    ),
    Target(
        "sustained, acknowledged as offered", "spans/s", 80_000, _at("sustained", "spans_per_s")
    ),
    Target(
        "sustained, all stored after the last one was sent",
        "s",
        10,
        _at("sustained", "drained_s"),
        at_most=True,
    ),
    Target("10 spans a request, gRPC", "requests/s", 15_000, _at("small_grpc", "requests_per_s")),
    Target("10 spans a request, HTTP", "requests/s", 15_000, _at("small_http", "requests_per_s")),
    Target("kernel alone, validate, one core", "spans/s", 3_000_000, _kernel("validate")),
    Target("kernel alone, decode, one core", "spans/s", 1_200_000, _kernel("decode")),
    Target(
        "sent to searchable at 20,000 spans/s, p95",
        "s",
        2,
        _at("searchable", "seconds", "p95"),
        at_most=True,
    ),
    Target("trace by id, any age or missing, p95", "ms", 40, _worst_trace, at_most=True),
    Target(
        "newest 20 of a service, 24 h, p95", "ms", 300, _at("newest", "day_ms", "p95"), at_most=True
    ),
    Target(
        "newest 20 by an attribute, rare or common, 24 h, p95",
        "ms",
        300,
        _attribute_search,
        at_most=True,
    ),
    Target("disk, live parts", "B/span", 75, _bytes_per_span, at_most=True),
    Target(
        "ready after a start on the loaded store", "s", 30, _at("restart", "ready_s"), at_most=True
    ),
    Target(
        "acknowledged spans lost or doubled by kills", "spans", 0, _losses("kills"), at_most=True
    ),
    Target(
        "acknowledged spans lost or doubled by an outage of the store",
        "spans",
        0,
        _losses("outage"),
        at_most=True,
    ),
    Target(
        "a trace of 100,000 spans in the browser: received to painted",
        "ms",
        1000,
        _at("ui", "100000", "paint_ms"),
        at_most=True,
    ),
    Target(
        "script in a frame while it scrolls, p95",
        "ms",
        8,
        _at("ui", "100000", "scroll_p95_ms"),
        at_most=True,
    ),
)


def compare(results: Results) -> list[tuple[str, str, str, str]]:
    """What, target, measured, verdict; as text."""
    rows = []
    for target in TARGETS:
        measured = target.value(results)
        sign = "≤" if target.at_most else "≥"
        goal = "0" if target.goal == 0 else f"{sign} {number(target.goal)}"
        rows.append(
            (
                target.what,
                f"{goal} {target.unit}",
                "" if measured is None else f"{number(measured)} {target.unit}",
                target.verdict(measured),
            )
        )
    return rows


def number(value: float) -> str:
    """Three significant digits or more, with thousands apart."""
    if value >= 1000:
        return f"{value:,.0f}"
    if value >= 100 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"
