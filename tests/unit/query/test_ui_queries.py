"""Queries that the UI writes are ones; the same files are read by the UI's tests."""

import json
from pathlib import Path

import pytest

from clew.query.language import parse

UI = Path(__file__).parents[3] / "web/src/pages/explorer/query"
ADDED = json.loads((UI / "added.json").read_text())


@pytest.mark.parametrize(("before", "after"), ADDED.items())
def test_query_with_a_condition_added_is_one(before: str, after: str) -> None:
    parse(before)
    parse(after)
