"""The ids that `clew-load` sends, from its seed, as `load/src/ids.rs` makes them."""

from collections.abc import Iterator
from pathlib import Path

SPANS_PER_TRACE = 10
_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15


def _mix(z: int) -> int:
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return z ^ (z >> 31)


def trace_id(seed: int, counter: int) -> bytes:
    step = counter * _GOLDEN
    high = _mix((_mix(seed ^ 1) + step) & _MASK)
    low = _mix((_mix(seed ^ 2) + step) & _MASK)
    return ((high << 64) | low).to_bytes(16, "big")


def span_id(seed: int, trace_counter: int, index: int) -> bytes:
    number = trace_counter * SPANS_PER_TRACE + index
    return max(_mix((_mix(seed ^ 3) + number * _GOLDEN) & _MASK), 1).to_bytes(8, "big")


def traces(seed: int, batch: int, requests: int) -> Iterator[tuple[bytes, int]]:
    """Each trace id of the first `requests` requests with its number of spans."""
    per_request = -(-batch // SPANS_PER_TRACE)
    last = batch - (per_request - 1) * SPANS_PER_TRACE
    for counter in range(requests * per_request):
        is_last = counter % per_request == per_request - 1
        yield trace_id(seed, counter), last if is_last else SPANS_PER_TRACE


def read(path: Path) -> list[bytes]:
    """The acknowledged ids that `clew-load --ids` wrote."""
    content = path.read_bytes()
    return [content[at : at + 16] for at in range(0, len(content), 16)]
