"""What the time of an answer gives away about a key."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import pytest

from clew.admin import KeyRefused, Keys
from clew.admin.secret import ALPHABET, RANDOM, START, _checksum, new_secret

ROUNDS = 10_000


def like(secret: str, shared: int) -> str:
    """A whole key, with its own checksum, that begins with so many characters of another."""
    body = secret[:shared] + new_secret()[shared : len(START) + RANDOM]
    last = body[-1]
    if body == secret[: len(body)]:
        body = body[:-1] + next(one for one in ALPHABET if one != last)
    return body + _checksum(body)


def test_time_tells_nothing_of_how_much_of_a_key_is_right(tmp_path: Path) -> None:
    keys = Keys(tmp_path)
    secret = [keys.create(f"key {number}", ["read"])[1] for number in range(50)][17]
    kinds = {
        "the first character wrong": like(secret, len(START)),
        "half of it right": like(secret, len(START) + RANDOM // 2),
        "the last character wrong": like(secret, len(START) + RANDOM - 1),
        "nobody's": new_secret(),
    }
    now = time.time()
    taken: dict[str, list[int]] = {kind: [] for kind in kinds}
    for _ in range(ROUNDS):
        for kind, wrong in kinds.items():
            began = time.perf_counter_ns()
            with pytest.raises(KeyRefused):
                keys.check(wrong, now)
            taken[kind].append(time.perf_counter_ns() - began)
    keys.close()
    medians = {kind: statistics.median(times) for kind, times in taken.items()}
    # A comparison that ends at the first difference is some 10 ns for 17 characters; what is seen
    # here beside noise would be a second look-up or a slow hash, in one case and not in another.
    low, high = min(medians.values()), max(medians.values())
    assert high - low < 0.15 * low, medians
