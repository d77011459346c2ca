from __future__ import annotations

from tools.reference import PAGE, text


def test_reference_of_the_commands_is_fresh() -> None:
    assert PAGE.read_text(encoding="utf-8") == text(), "run make reference"
