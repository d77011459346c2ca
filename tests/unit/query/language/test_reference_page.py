"""Every query that the reference page shows is understood; what it calls refused is refused."""

import re
from pathlib import Path

import pytest

from clew.query.language.check import MAX_FIELDS, MAX_FILTERS, MAX_KEYS, MAX_NODES, MAX_STAGES
from clew.query.language.errors import QueryError
from clew.query.language.lexer import MAX_DEPTH, MAX_LENGTH
from clew.query.language.parser import parse
from clew.query.language.text import show
from clew.query.language.tree import Intrinsic
from clew.query.language.words import AGGREGATES, KINDS, METRICS, STAGES, STATUSES, UNITS

PAGE = (Path(__file__).parents[4] / "docs/reference/query.md").read_text()
BLOCKS = re.findall(r"```traceql\n(.*?)```", PAGE, re.DOTALL)
QUERIES = [line for block in BLOCKS for line in block.splitlines()]
# Whole filters within sentences and tables, but for patterns with letters or dots as conditions.
INLINE = [
    found.replace("\\|", "|").replace("{ A }", "{ .a }").replace("{ B }", "{ .b }")
    for found in re.findall(r"`(\{[^`…]*\})`", PAGE)
]
REFUSED = "{ status = 500 }"


def test_page_has_many_examples() -> None:
    assert len(set(QUERIES)) == len(QUERIES) >= 25


@pytest.mark.parametrize("query", sorted({*QUERIES, *INLINE} - {REFUSED}))
def test_query_on_the_page_is_understood(query: str) -> None:
    assert parse(show(parse(query))) == parse(query)


def test_query_that_the_page_calls_refused_is_refused() -> None:
    assert REFUSED in INLINE
    with pytest.raises(QueryError):
        parse(REFUSED)


def test_first_two_examples_mean_the_same() -> None:
    assert show(parse(QUERIES[0])) == show(parse(QUERIES[1]))


@pytest.mark.parametrize(
    "word", [*Intrinsic, *STAGES, *AGGREGATES, *KINDS, *STATUSES, *(set(UNITS) - {"μs"})]
)
def test_every_word_of_the_language_is_on_the_page(word: str) -> None:
    assert re.search(rf"`{re.escape(word)}[`(]|`{re.escape(word)} `", PAGE)


def test_no_metrics_function_is_shown_as_working() -> None:
    section = PAGE[PAGE.index("## What differs") :]
    before = PAGE[: PAGE.index("## What differs")]
    assert not [name for name in METRICS if f"{name}(" in before]
    assert "rate()" in section


@pytest.mark.parametrize(
    "limit", [MAX_LENGTH, MAX_NODES, MAX_FILTERS, MAX_STAGES, MAX_DEPTH, MAX_KEYS, MAX_FIELDS]
)
def test_limits_on_the_page_are_those_of_the_code(limit: int) -> None:
    assert f"{limit:,}" in PAGE
