"""Text → tree, and what is said about text that is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clew.query.language import MAX_LENGTH, Equals, Everything, QueryError, parse


@pytest.mark.parametrize("text", ["", "  ", "{}", " { } "])
def test_empty_query_matches_everything(text: str) -> None:
    assert parse(text) == Everything()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("service.name = shop", "shop"),
        ("service.name=shop", "shop"),
        ("  service.name\t=\nshop ", "shop"),
        ("{service.name = shop}", "shop"),
        ('{ service.name = "my shop" }', "my shop"),
        ('service.name = "}"', "}"),
        (r'service.name = "a \"b\" \\ c"', r"a " r'"b" \ c'),
        (r"service.name = `a\b`", r"a\b"),
        ("service.name = 'my shop'", "my shop"),
        ("{service.name='}'}", "}"),
        (r"service.name = 'a \'b\' \\ \"c'", r"a 'b' " + '\\ "c'),
        ("service.name = ''", ""),
        ("service.name = o'brien", "o'brien"),
        ("service.name = a=b", "a=b"),
        ("service.name = http://shop:80/ü", "http://shop:80/ü"),
        ('service.name = ""', ""),
    ],
)
def test_service_is_asked_for(text: str, value: str) -> None:
    assert parse(text) == Equals("service.name", value)


def test_resource_attribute_is_the_same_field() -> None:
    assert parse("resource.service.name = shop") == Equals("resource.service.name", "shop")


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("name = x", 0, "no field `name`"),
        ("  duration > 5s", 2, "no field `duration`"),
        ("= x", 0, "A field has to stand before"),
        ("service.name", 12, "an = has to follow"),
        ("service.name shop", 13, "an = has to follow"),
        ("service.name != shop", 13, "operator !="),
        ("service.name =~ shop", 13, "operator =~"),
        ("service.name: shop", 12, "operator :"),
        ("service.name =", 14, "a value has to follow"),
        ("{ service.name = }", 17, "a value has to follow"),
        ('service.name = "shop', 15, "quote is never closed"),
        ("service.name = 'shop", 15, "quote is never closed"),
        ("service.name = my shop", 18, "`shop` does"),
        ("service.name = a && service.name = b", 17, "Nothing can follow"),
        ("{ service.name = shop", 0, "brace { is never closed"),
        ("{", 0, "brace { is never closed"),
        ("service.name = shop }", 20, "brace } was never opened"),
        ("x" * (MAX_LENGTH + 1), MAX_LENGTH, f"{MAX_LENGTH} are allowed"),
    ],
)
def test_error_says_what_and_where(text: str, position: int, words: str) -> None:
    with pytest.raises(QueryError) as raised:
        parse(text)
    assert raised.value.position == position
    assert words in str(raised.value)
    assert raised.value.hint


@given(st.text())
def test_any_text_is_a_tree_or_an_error(text: str) -> None:
    error: QueryError | None = None
    try:
        parse(text)
    except QueryError as raised:
        error = raised
    assert error is None or 0 <= error.position <= len(text)


@given(st.text())
def test_any_value_can_be_quoted(value: str) -> None:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    if len(escaped) < 4000:
        assert parse(f'service.name = "{escaped}"') == Equals("service.name", value)
