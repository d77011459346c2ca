"""Tree → SQL: the text is ours, the values are bound.

The texts of some conditions are kept in `conditions.sql`, to be read when they change;
`CLEW_GOLDEN=1 pytest tests/unit/query/compile` writes them anew.
"""

import os
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clew.query.compile import Columns, Held, NeedsTrace, condition, relaxed
from clew.query.compile.context import needs_trace
from clew.query.language import Filter, Pipeline, Scalar, Scope, parse
from clew.query.language.text import show_scalar

GOLDEN = Path(__file__).parent / "conditions.sql"
SHOWN = (
    "{ resource.service.name = `checkout` && duration > 1s }",
    "{ span.http.request.method = `GET` }",
    "{ span.http.response.status_code >= 500 }",
    "{ .a != nil }",
    "{ name =~ `GET .*` && status = error }",
    "{ event.exception.type = `Timeout` }",
    "{ link:traceID = `000102030405060708090a0b0c0d0e0f` }",
    "{ !(span.a || kind != server) }",
    "{ duration / 2 > span.limit * 1ms }",
    "{ span:parentID = `` }",
)
# Pieces that our own text is made of, besides names of columns, functions and parameters.
EVIL = ("'", '"', "`", "\\", "--", "/*", ";", "){", "{x:String}", "\n", "\0", "union select 1")


def scalar(text: str) -> Scalar:
    query = parse(text)
    assert isinstance(query, Pipeline)
    assert isinstance(query.source, Filter)
    assert query.source.condition is not None
    return query.source.condition


def only_scalars(scope: Scope, key: str) -> frozenset[Held]:
    return frozenset({Held.TEXT, Held.INT})


def test_rendered_conditions_are_those_of_the_golden_file() -> None:
    made = "\n".join(
        f"-- {text}\n{condition(scalar(text), held=only_scalars).text}\n" for text in SHOWN
    )
    if os.environ.get("CLEW_GOLDEN"):
        GOLDEN.write_text(made)
    assert made == GOLDEN.read_text()


def test_no_condition_is_every_span() -> None:
    assert condition(None).text.strip() == "true"


@settings(max_examples=50)
@given(
    st.lists(st.sampled_from(EVIL) | st.text(max_size=5), min_size=1, max_size=5)
    .map("".join)
    .filter(bool)
)
def test_values_and_keys_are_bound(text: str) -> None:
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    # What differs between these texts is bound, so the SQL cannot.
    for form in ("{{ span.{} = {} }}", "{{ event.{} != {} }}", "{{ .{} < {} && name = {} }}"):
        asked = scalar(form.format(quoted, quoted, quoted))
        plain = condition(scalar(form.format('"k"', '"v"', '"v"')))
        made = condition(asked)
        assert _without_numbers(made.text) == _without_numbers(plain.text)
        assert set(made.parameters.values()) == {text}


def test_parameters_are_those_of_the_text() -> None:
    made = condition(scalar('{ span.a = 1 && -resource.b > 2.5 || name =~ "x" }'), prefix="own")
    named = set(re.findall(r"\{(\w+):\w+\}", made.text))
    assert named == set(made.parameters)
    assert all(name.startswith("own") for name in named)


def test_type_that_no_value_has_is_left_out() -> None:
    def none(scope: Scope, key: str) -> frozenset[Held]:
        return frozenset()

    assert condition(scalar("{ span.a = 1 }"), held=none).text == "false"
    assert condition(scalar("{ span.a != nil }"), held=none).text == "false"


def test_columns_of_equal_expressions_are_one() -> None:
    columns = Columns()
    assert columns.truth(scalar("{ name = `x` }")) == columns.truth(scalar("{ name = `x` }"))
    assert columns.value(scalar("{ span.a }")) == columns.value(scalar("{ span.a }"))


@pytest.mark.parametrize(
    "text", ["{ parent.name = `x` }", "{ childCount > 1 }", "{ rootName = `x` }"]
)
def test_condition_on_other_spans_is_refused(text: str) -> None:
    with pytest.raises(NeedsTrace):
        condition(scalar(text))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("{ name = `x` && childCount > 1 }", "name = `x`"),
        ("{ name = `x` || childCount > 1 }", None),
        ("{ !(name = `x` && childCount > 1) }", None),
        ("{ !(name = `x` || childCount > 1) }", "!(name = `x`)"),
        ("{ !(!(name = `x`) || !(childCount > 1)) }", "!!(name = `x`)"),
        ("{ parent.a = .b && (name = `x` || kind = server) }", "name = `x` || kind = server"),
    ],
)
def test_what_a_span_alone_cannot_tell_is_left_open(text: str, left: str | None) -> None:
    found = relaxed(scalar(text))
    assert found == (None if left is None else scalar(f"{{ {left} }}")), found and show_scalar(
        found
    )
    assert not needs_trace(found)


def _without_numbers(text: str) -> str:
    return re.sub(r"\{q\d+:", "{q:", text)
