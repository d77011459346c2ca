"""The corpus: every query gives what the file says of it. `golden.py` says how to write it anew."""

import pytest

from clew.query.language.parser import parse
from tests.unit.query.language.golden import Entry, entries, invalid, valid

VALID, INVALID = entries("valid.txt"), entries("invalid.txt")


def test_corpus_is_large_and_without_repetition() -> None:
    assert len({entry.query for entry in VALID}) == len(VALID) >= 300
    assert len({entry.query for entry in INVALID}) == len(INVALID) >= 200


@pytest.mark.parametrize("entry", VALID, ids=lambda entry: entry.query)
def test_valid_query_has_its_canonical_text(entry: Entry) -> None:
    assert valid(entry.query) == entry.said
    assert parse(entry.said[0]) == parse(entry.query)


@pytest.mark.parametrize("entry", INVALID, ids=lambda entry: entry.query)
def test_invalid_query_is_explained(entry: Entry) -> None:
    assert invalid(entry.query) == entry.said
