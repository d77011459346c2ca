"""What holds for every tree and for every text."""

import sys
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clew.query.language.errors import QueryError
from clew.query.language.lexer import MAX_LENGTH
from clew.query.language.parser import parse
from clew.query.language.text import quoted, show
from clew.query.language.tree import Attribute, Filter, Literal, Pipeline, Scope, Type
from clew.query.language.words import HABITS, INTRINSICS, METRICS, STAGES
from tests.unit.query.language.strategies import queries

_PIECES = (
    *("{", "}", "(", ")", "|", "||", "&&", "&", "!", "!=", "=", "==", "=~", "!~", "<", ">", ">>"),
    *("~", "&>", "!<<", "+", "-", "*", "/", "%", "^", ",", ":", ".", "1", "1.5", "10ms", "1x"),
    *('"a"', "'b'", "`c`", '"', "name", "span.a", ".b", "service.name", "parent.c", "event.d"),
    *('span."', "true", "nil", "error", "server", "checkout", "nestedSetParent", "with", "µ", "\\"),
    *sorted({*STAGES, *METRICS, *HABITS, *INTRINSICS}),
)
_TEXTS = st.one_of(
    st.text(),
    st.lists(st.sampled_from(_PIECES), max_size=12).map(" ".join),
    st.lists(st.sampled_from(_PIECES), max_size=8).map("".join),
    st.lists(st.sampled_from(_PIECES), max_size=8).map(lambda pieces: f"{{ {' '.join(pieces)} }}"),
)


@given(queries())
def test_text_of_a_tree_gives_the_tree(query: Pipeline) -> None:
    assert parse(show(query)) == query


@given(_TEXTS)
def test_any_text_is_a_tree_or_an_error_with_position_and_hint(text: str) -> None:
    error: QueryError | None = None
    try:
        query = parse(text)
        assert parse(show(query)) == query
    except QueryError as raised:
        error = raised
    if error is not None:
        assert 0 <= error.position <= len(text)
        assert str(error)
        assert error.hint.endswith(".")


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=50))
def test_any_string_can_be_written(value: str) -> None:
    condition = parse(f"{{ span.a = {quoted(value)} }}")
    assert isinstance(condition, Pipeline)
    assert isinstance(condition.source, Filter)
    assert getattr(condition.source.condition, "right", None) == Literal(Type.STRING, value)


@given(
    st.sampled_from(Scope),
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30),
    st.booleans(),
)
def test_any_key_can_be_written(scope: Scope, key: str, parent: bool) -> None:
    of_many = scope in (Scope.EVENT, Scope.LINK)
    query = Pipeline(Filter(Attribute(scope, key, parent and not of_many)))
    assert parse(show(query)) == query


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "(",
            "!",
            "-",
            "{",
            "a.b && ",
            "{ } && ",
            "{ } > ",
            "a.b + ",
            "a.b ^ ",
            "!(",
            "((a.b = 1",
        ),
        *(
            "{ } | ",
            "| ({ } ",
            '"',
            "a.",
            ".",
            "count() > 1 | ",
            "not ",
            "span.a = 1 or ",
            "[",
            "9",
        ),
        *('name =~ "((((', "by(", "({ } | ", "{ -", "a.b = -(-", "with (most_recent=true, ", "\\"),
        *("µ", "1h", "1.", "é", 'span."', "{ a.b || (c.d && ", "= ", "~", " ", "a.b = (1 ^ ("),
    ],
)
def test_long_nonsense_ends_fast_and_without_deep_recursion(piece: str) -> None:
    text = (piece * MAX_LENGTH)[:MAX_LENGTH]
    failures: list[BaseException] = []

    def run() -> None:
        try:
            parse(text)
        except QueryError:
            pass
        except BaseException as failure:  # noqa: BLE001  whatever it is, the test shows it
            failures.append(failure)

    begun = time.perf_counter()
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert failures == []
    assert time.perf_counter() - begun < 2


def test_deepest_query_leaves_half_of_the_stack_to_its_callers() -> None:
    nested = "{ " + "!(a.b || a.b && a.b = a.b + a.b * (" * 21 + "a.b" + "))" * 21 + " }"
    with pytest.raises(QueryError):
        parse(nested)
    deepest = "{ " + "(a.b || a.b && " * 30 + "a.b" + ")" * 30 + " }"
    assert _with_stack_of(500, deepest) == parse(deepest)
    longest = " || ".join(f"a.b = {n}" for n in range(240))
    assert _with_stack_of(500, longest) == parse(show(parse(longest)))


def _with_stack_of(frames: int, text: str) -> object:
    answer: list[object] = []
    limit = sys.getrecursionlimit()

    def run() -> None:
        answer.append(parse(text))

    sys.setrecursionlimit(frames)
    try:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    finally:
        sys.setrecursionlimit(limit)
    return answer[0]
