from __future__ import annotations

import pytest

from tools.reference import FOLDER, PAGES


@pytest.mark.parametrize("name", PAGES)
def test_reference_is_fresh(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == PAGES[name](), "run make reference"


def test_every_page_of_the_reference_is_made() -> None:
    # Some pages are written by hand and have tests of their own.
    by_hand = {"query.md", "api.md", "otlp.md", "ledger.md", "limits.md", "faults.md", "threats.md"}
    assert {path.name for path in FOLDER.iterdir()} - by_hand == set(PAGES)
