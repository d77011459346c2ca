"""docs/reference/otlp.md names a test, or a reason, for each item of OTLP's contract."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/reference/otlp.md").read_text()
ROWS = {
    int(number): shown for number, shown in re.findall(r"^\| (\d+) \| .*? \| (.*) \|$", PAGE, re.M)
}
# The word MUST stands in the specification: no reason excuses from them.
MUST = {
    *(1, 4, 22, 23, 24, 26, 29, 30, 31, 34, 35, 37, 38, 39, 40, 41, 42, 46, 47, 49, 51, 53),
    *(69, 70, 71, 72, 75, 76, 92, 108),
}
REASONS = {number for number, shown in ROWS.items() if shown.startswith("Reason: ")}
MOST_REASONS = 5


def test_every_item_is_there() -> None:
    assert list(ROWS) == list(range(1, 109))


def test_few_items_have_a_reason_in_place_of_a_test_and_none_that_must_be() -> None:
    assert len(REASONS) <= MOST_REASONS
    assert not REASONS & MUST


@pytest.mark.parametrize("number", sorted(ROWS.keys() - REASONS))
def test_named_tests_exist(number: int) -> None:
    named = re.findall(r"`([\w/.]+)::(\w+)`", ROWS[number])
    assert named
    for path, name in named:
        assert re.search(rf"^ *(def|fn) {name}\(", (ROOT / path).read_text(), re.M), (path, name)
