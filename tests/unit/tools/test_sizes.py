from __future__ import annotations

import pytest

from tools.sizes import verdict


@pytest.mark.parametrize(
    ("path", "lines", "level"),
    [
        ("src/clew/a.py", 500, None),
        ("src/clew/a.py", 501, "warning"),
        ("src/clew/a.py", 800, "warning"),
        ("src/clew/a.py", 801, "error"),
        ("rust/src/a.rs", 801, "error"),
        ("src/clew/sql/a.sql", 150, None),
        ("src/clew/sql/a.sql", 151, "error"),
    ],
)
def test_long_files_are_named(path: str, lines: int, level: str | None) -> None:
    found = verdict(path, lines)
    assert (found and found[0]) == level
    assert found is None or f"{lines} lines" in found[1]
