"""The loader of statements, and that files and names match in both directions."""

import re
from importlib.resources import files
from pathlib import Path

import pytest

import clew
from clew.sql import load, schema

SQL = Path(str(files("clew.sql")))
NAMES = {str(path.relative_to(SQL).with_suffix("")) for path in SQL.rglob("*.sql")}


def test_fragments_are_filled_and_parameters_known() -> None:
    statement = load("store/count_segments", table="spans")
    assert "from spans" in statement.text
    assert "{{" not in statement.text
    assert statement.parameters == {"segments"}


def test_parameters_of_a_fragment_belong_to_the_statement() -> None:
    statement = load("query/services", seconds=load("query/part/seconds").text)
    assert statement.parameters == {
        "first_second",
        "last_second",
        "first_ns",
        "last_ns",
        "limit",
    }


def test_missing_fragment_is_an_error() -> None:
    with pytest.raises(ValueError, match="fragments missing: table; unknown: none"):
        load("store/count_segments")


def test_unknown_fragment_is_an_error() -> None:
    with pytest.raises(ValueError, match="fragments missing: none; unknown: tabel"):
        load("store/count_segments", table="spans", tabel="spans")


def test_unknown_statement_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        load("query/no_such_statement")


def test_parameters_are_checked_in_both_directions() -> None:
    statement = load("store/read_meta")
    statement.check(["key"])
    with pytest.raises(ValueError, match="parameters missing: key; unknown: kye"):
        statement.check(["kye"])


def test_schema_comes_in_its_order() -> None:
    names = [statement.name for statement in schema()]
    assert names == [
        "schema/meta",
        "schema/spans",
        "schema/trace_ranges",
        "schema/attribute_index",
        "schema/ledger",
    ]


def test_every_statement_is_used_and_every_use_has_a_file() -> None:
    root = Path(str(files(clew)))
    source = "\n".join(path.read_text() for path in root.rglob("*.py"))
    used = set(re.findall(r"\"((?:query|store|upgrade|doctor)/[\w/]+)\"", source))
    # Conditions on a field are named by its column.
    used |= {name for name in NAMES if name.startswith("query/part/")}
    assert used | {statement.name for statement in schema()} == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_statement_is_written_by_the_rules(name: str) -> None:
    text = (SQL / f"{name}.sql").read_text()
    assert text.count("\n") <= 150
    assert max(len(line) for line in text.splitlines()) <= 120
    words = re.sub(r"--.*|'[^']*'", "", text)
    assert not re.findall(r"\b(SELECT|FROM|WHERE|INSERT|GROUP BY|ORDER BY)\b", words)
    assert not re.findall(r"[?]|%s|\$\d", words), "values are bound by name"
