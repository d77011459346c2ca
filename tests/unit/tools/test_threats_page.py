"""docs/reference/threats.md names a test, or a reason, for each threat on our list."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs/reference/threats.md").read_text()
ROWS = {
    int(number): shown for number, shown in re.findall(r"^\| (\d+) \|.*\| (.*) \|$", PAGE, re.M)
}
REASONS = {number for number, shown in ROWS.items() if shown.startswith("Reason: ")}
MOST_REASONS = 5


def test_every_threat_is_there() -> None:
    assert list(ROWS) == [*range(1, 30), *range(40, 53), 54, *range(56, 64), 66]


def test_few_have_a_reason_in_place_of_a_test() -> None:
    assert len(REASONS) <= MOST_REASONS


@pytest.mark.parametrize("number", sorted(ROWS.keys() - REASONS))
def test_named_tests_exist(number: int) -> None:
    named = re.findall(r"`([\w/.]+)::([\w ]+)`", ROWS[number])
    assert named
    for path, name in named:
        source = (ROOT / path).read_text()
        if path.endswith(".ts"):
            title = re.escape(name)
            assert re.search(rf"^ *test\([\"`].*{title}[\"`]", source, re.M), (path, name)
            continue
        assert re.search(rf"^ *(async )?(def|fn) {name}\(", source, re.M), (path, name)
