"""Text → tree: precedence, positions in the tree, what the text files of the corpus cannot hold."""

import pytest

from clew.query.language.check import MAX_FIELDS, MAX_FILTERS, MAX_NODES, MAX_STAGES
from clew.query.language.errors import QueryError
from clew.query.language.lexer import MAX_LENGTH
from clew.query.language.parser import parse
from clew.query.language.text import show
from clew.query.language.tree import (
    Aggregate,
    AggregateFilter,
    Attribute,
    Binary,
    Combine,
    Field,
    Filter,
    GroupBy,
    Intrinsic,
    Literal,
    Pipeline,
    Scalar,
    Scope,
    Type,
    Unary,
)

A, B, C = (Attribute(Scope.ANY, key) for key in "abc")
FA, FB, FC = Filter(A), Filter(B), Filter(C)


def condition(text: str) -> Scalar:
    query = parse(f"{{ {text} }}")
    assert isinstance(query, Pipeline)
    assert isinstance(query.source, Filter)
    assert query.source.condition is not None
    return query.source.condition


def compared(left: Scalar) -> Binary:
    return Binary("=", left, Literal(Type.INT, 1))


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        (".a || .b && .c", Binary("||", A, Binary("&&", B, C))),
        (".a && .b || .c", Binary("||", Binary("&&", A, B), C)),
        (".a && .b && .c", Binary("&&", Binary("&&", A, B), C)),
        ("!.a && .b", Binary("&&", Unary("!", A), B)),
        ("!.a || .b = 1", Binary("||", Unary("!", A), compared(B))),
        (".a + .b * .c = 1", compared(Binary("+", A, Binary("*", B, C)))),
        (".a * .b + .c = 1", compared(Binary("+", Binary("*", A, B), C))),
        (".a - .b - .c = 1", compared(Binary("-", Binary("-", A, B), C))),
        (".a / .b % .c = 1", compared(Binary("%", Binary("/", A, B), C))),
        (".a ^ .b ^ .c = 1", compared(Binary("^", A, Binary("^", B, C)))),
        (".a * .b ^ .c = 1", compared(Binary("*", A, Binary("^", B, C)))),
        ("-.a ^ .b = 1", compared(Binary("^", Unary("-", A), B))),
        ("-.a * .b = 1", compared(Binary("*", Unary("-", A), B))),
        (".a = 1 && .b = 1", Binary("&&", compared(A), compared(B))),
    ],
)
def test_operators_bind_in_their_order(text: str, tree: Scalar) -> None:
    assert condition(text) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("{.a} || {.b} && {.c}", Combine("||", FA, Combine("&&", FB, FC))),
        ("{.a} && {.b} > {.c}", Combine("&&", FA, Combine(">", FB, FC))),
        ("{.a} > {.b} && {.c}", Combine("&&", Combine(">", FA, FB), FC)),
        ("{.a} >> {.b} &~ {.c}", Combine("&~", Combine(">>", FA, FB), FC)),
        ("{.a} >> ({.b} !< {.c})", Combine(">>", FA, Combine("!<", FB, FC))),
    ],
)
def test_relations_bind_before_logic_between_filters(text: str, tree: Combine) -> None:
    assert parse(text) == Pipeline(tree)


def test_pipe_binds_last() -> None:
    count = AggregateFilter(">", Aggregate("count"), Literal(Type.INT, 1))
    assert parse("{.a} || {.b} | count() > 1") == Pipeline(Combine("||", FA, FB), (count,))
    assert parse("{.a} || ({.b} | count() > 1)") == Pipeline(
        Combine("||", FA, Pipeline(FB, (count,)))
    )


def test_nodes_say_where_they_stand() -> None:
    text = ' { name = "x" && -span.a < 5ms } >> { } | by(kind)'
    query = parse(text)
    assert isinstance(query, Pipeline)
    relation = query.source
    assert isinstance(relation, Combine)
    assert text[relation.at :].startswith(">>")
    assert isinstance(relation.left, Filter)
    assert text[relation.left.at :].startswith("{ name")
    logic = relation.left.condition
    assert isinstance(logic, Binary)
    assert text[logic.at :].startswith("&&")
    assert isinstance(logic.left, Binary)
    assert [text[node.at] for node in (logic.left.left, logic.left, logic.left.right)] == list(
        'n="'
    )
    assert isinstance(logic.right, Binary)
    assert text[logic.right.left.at :].startswith("-span.a")
    assert text[logic.right.right.at :].startswith("5ms")
    group = query.stages[0]
    assert isinstance(group, GroupBy)
    assert text[group.at :].startswith("by(")
    assert text[group.keys[0].at :].startswith("kind")


def test_space_of_any_kind_separates() -> None:
    assert parse("{\n\tname\r\n=\u00a0'x'\n}\n") == parse("{ name = 'x' }")


def test_line_breaks_may_stand_in_quotes() -> None:
    assert condition('name = "a\nb"') == condition(r'name = "a\nb"')


@pytest.mark.parametrize("text", ["", " ", "\n\t "])
def test_empty_query_is_everything(text: str) -> None:
    assert parse(text) == Pipeline(Filter())


def test_trace_id_may_stand_in_space() -> None:
    assert show(parse("\n A3CE929D0E0E4736\t")) == "0000000000000000a3ce929d0e0e4736"


def test_long_chain_is_not_deep_and_keeps_its_order() -> None:
    keys = [f"k{number}" for number in range(330)]
    tree = condition(" || ".join(f"span.{key}" for key in keys))

    def leaves(node: Scalar, depth: int) -> list[tuple[str, int]]:
        if isinstance(node, Binary):
            return leaves(node.left, depth + 1) + leaves(node.right, depth + 1)
        assert isinstance(node, Attribute)
        return [(node.key, depth)]

    found = leaves(tree, 0)
    assert [key for key, _ in found] == keys
    assert max(depth for _, depth in found) < 50


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x" * (MAX_LENGTH + 1), f"{MAX_LENGTH} are allowed"),
        ("{ " + " || ".join(["span.a = 1"] * 250) + " }", f"more than {MAX_NODES} fields"),
        (" && ".join(["{ }"] * (MAX_FILTERS + 1)), f"more than {MAX_FILTERS} filters"),
        ("{ }" + " | coalesce()" * (MAX_STAGES + 1), f"more than {MAX_STAGES} stages"),
        (f"select({', '.join(['name'] * (MAX_FIELDS + 1))})", f"more than {MAX_FIELDS} fields"),
        ("(" * 65 + "{ }" + ")" * 65, "nested more than 64 levels"),
        ("{ " + "!" * 65 + "span.a }", "nested more than 64 levels"),
        ("{ span.a = 1" + " + 1" * 64 + " }", "nested more than 64 levels"),
        ("{ span.a = " + "1" * 400 + " }", "too long"),
        ("{ name = '\ud800' }", "surrogate"),
    ],
)
def test_limit_is_named(text: str, words: str) -> None:
    with pytest.raises(QueryError, match=words) as raised:
        parse(text)
    assert 0 <= raised.value.position <= len(text)
    assert raised.value.hint.endswith(".")


def test_what_is_just_within_the_limits_is_understood() -> None:
    for text in (
        "{ " + " || ".join(["span.a = 1"] * 249) + " }",
        " && ".join(["{ }"] * MAX_FILTERS),
        "(" * 64 + "{ }" + ")" * 64,
        "{ " + "!" * 64 + "span.a }",
        "{ " + "(" * 64 + "span.a" + ")" * 64 + " }",
        "{ }" + " " * (MAX_LENGTH - 3),
    ):
        assert parse(show(parse(text))) == parse(text)


def test_root_test_is_the_empty_parent_id() -> None:
    root = Binary("=", Field(Intrinsic.PARENT_ID), Literal(Type.STRING, ""))
    assert condition("nestedSetParent < 0") == root
