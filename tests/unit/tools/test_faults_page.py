"""docs/reference/faults.md names a test, or a reason, for each fault of intake and store."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/reference/faults.md").read_text()
ROWS = {
    int(number): shown for number, shown in re.findall(r"^\| F(\d+) \| .* \| (.*) \|$", PAGE, re.M)
}
# What one machine, or a test on any machine, cannot do.
REASONS = {7, 8, 31, 32, 33, 34}


def test_every_fault_is_there() -> None:
    assert list(ROWS) == [*range(1, 36), *range(49, 59)]


def test_few_faults_have_a_reason_in_place_of_a_test() -> None:
    assert {number for number, shown in ROWS.items() if shown.startswith("Reason: ")} == REASONS


@pytest.mark.parametrize("number", sorted(ROWS))
def test_named_tests_exist(number: int) -> None:
    named = re.findall(r"`([\w/.]+)::(\w+)`", ROWS[number])
    assert named or number in REASONS
    for path, name in named:
        assert re.search(rf"^ *(async )?(def|fn) {name}\(", (ROOT / path).read_text(), re.M), name
