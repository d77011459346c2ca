"""Random queries that can be asked: trees that `check` lets pass, over a vocabulary passed in.

With a small vocabulary that the data shares, queries find something.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from clew.query.language.tree import (
    Aggregate,
    AggregateBinary,
    AggregateFilter,
    AggregateValue,
    Attribute,
    Binary,
    Coalesce,
    Combine,
    Field,
    Filter,
    GroupBy,
    Intrinsic,
    Literal,
    Pipeline,
    Scalar,
    Scope,
    Select,
    Spanset,
    Stage,
    Type,
    Unary,
)
from clew.query.language.words import KINDS, STATUSES


@dataclass(frozen=True)
class Vocabulary:
    """What queries are made of. `keys`: of attributes in every scope; `regexes`: of RE2."""

    keys: Sequence[str] = ("http.method", "a", "service.name", "k 1")
    strings: Sequence[str] = ("", "GET", "checkout", 'quo"te\\', "ä\n")
    ints: Sequence[int] = (-1, 0, 1, 500, 2**63 - 1, -(2**63))
    floats: Sequence[float] = (-1.5, 0.0, 0.25, 500.0, 1e300)
    durations: Sequence[int] = (-1, 0, 1, 1_500, 100_000_000, 5_400_000_000_000)
    regexes: Sequence[str] = ("", ".*", "G.T", "a|b", "check(out)?")
    intrinsics: Sequence[Intrinsic] = tuple(Intrinsic)
    scopes: Sequence[Scope] = tuple(Scope)


_OF_MANY = (Scope.EVENT, Scope.LINK)
_NUMBERS = (
    Intrinsic.DURATION,
    Intrinsic.TRACE_DURATION,
    Intrinsic.CHILD_COUNT,
    Intrinsic.EVENT_TIME,
)
_WORDS = {Intrinsic.STATUS: (Type.STATUS, STATUSES), Intrinsic.KIND: (Type.KIND, KINDS)}
_EQUALITY = st.sampled_from(("=", "!="))
_ORDER = st.sampled_from(("=", "!=", "<", "<=", ">", ">="))
_MATCH = st.sampled_from(("=~", "!~"))


def queries(vocabulary: Vocabulary | None = None) -> SearchStrategy[Pipeline]:
    """Whole queries: never deeper than a few levels, at most some dozen nodes."""
    words = vocabulary or Vocabulary()
    spanset = spansets(words)
    return st.builds(
        lambda source, stages: Pipeline(source, tuple(stages)),
        spanset,
        st.lists(stages(words), max_size=3),
    )


def spansets(words: Vocabulary) -> SearchStrategy[Spanset]:
    filters = st.builds(Filter, st.none() | conditions(words))
    operators = st.sampled_from(
        ("&&", "||", *(sign + relation for sign in ("", "!", "&") for relation in _RELATIONS))
    )
    return st.recursive(
        filters,
        lambda inner: st.one_of(
            st.builds(Combine, operators, inner, inner),
            st.builds(
                lambda source, stages: Pipeline(source, tuple(stages)),
                inner,
                st.lists(plain_stages(words), min_size=1, max_size=2),
            ),
        ),
        max_leaves=4,
    )


_RELATIONS = (">", ">>", "<", "<<", "~")


def stages(words: Vocabulary) -> SearchStrategy[Stage]:
    """Stages of all kinds."""
    return plain_stages(words) | spansets(words).filter(lambda one: not isinstance(one, Pipeline))


def plain_stages(words: Vocabulary) -> SearchStrategy[Stage]:
    """Stages without spansets in them."""
    single = fields(words, of_many=False)
    keys = single | numbers(words) | comparisons(words)
    return st.one_of(
        aggregate_filters(words),
        st.builds(
            lambda keys: GroupBy(tuple(keys)),
            st.lists(keys.filter(lambda key: not isinstance(key, Literal)), min_size=1, max_size=2),
        ),
        st.builds(lambda shown: Select(tuple(shown)), st.lists(single, min_size=1, max_size=3)),
        st.just(Coalesce()),
    )


def aggregate_filters(words: Vocabulary) -> SearchStrategy[AggregateFilter]:
    aggregate: SearchStrategy[Aggregate] = st.one_of(
        st.just(Aggregate("count")),
        st.builds(Aggregate, st.sampled_from(("avg", "min", "max", "sum")), numbers(words)),
        st.builds(Aggregate, st.just("quantile"), numbers(words), st.sampled_from((0.0, 0.5, 1.0))),
    )
    value: SearchStrategy[AggregateValue] = st.recursive(
        aggregate | number_literals(words),
        lambda inner: st.builds(AggregateBinary, st.sampled_from("+-*/%^"), inner, inner),
        max_leaves=3,
    )
    return st.one_of(
        st.builds(AggregateFilter, _ORDER, aggregate, value),
        st.builds(AggregateFilter, _ORDER, value, aggregate),
    )


def conditions(words: Vocabulary) -> SearchStrategy[Scalar]:
    """What can stand in a filter."""
    leaves = st.one_of(
        comparisons(words),
        attributes(words),
        st.builds(Literal, st.just(Type.BOOL), st.booleans()),
    )
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(Binary, st.sampled_from(("&&", "||")), inner, inner),
            st.builds(Unary, st.just("!"), inner),
        ),
        max_leaves=4,
    )


def comparisons(words: Vocabulary) -> SearchStrategy[Scalar]:
    strings = [
        one for one in words.intrinsics if not (one in _WORDS or one in _NUMBERS or _has_many(one))
    ]
    texts: SearchStrategy[Scalar] = attributes(words, of_many=False)
    if strings:
        texts = texts | st.builds(Field, st.sampled_from(strings), _SELDOM)
    same = [one for one in words.intrinsics if one in _WORDS] or [Intrinsic.KIND]
    return st.one_of(
        attributes(words).flatmap(lambda one: _compared_attribute(one, words)),
        intrinsics(words).flatmap(lambda one: _compared_intrinsic(one, words)),
        st.builds(Binary, _ORDER, texts, texts),
        st.builds(
            lambda operator, one: Binary(operator, Field(one), Field(one, parent=True)),
            _EQUALITY,
            st.sampled_from(same),
        ),
        st.builds(Binary, _ORDER, numbers(words), numbers(words)),
        st.builds(Binary, _ORDER, attributes(words, False), attributes(words, False)),
    )


def _compared_attribute(one: Attribute, words: Vocabulary) -> SearchStrategy[Scalar]:
    return st.one_of(
        _either(_ORDER, one, number_literals(words) | string_literals(words)),
        _either(_EQUALITY, one, st.builds(Literal, st.just(Type.BOOL), st.booleans()) | _NIL),
        st.builds(Binary, _MATCH, st.just(one), regexes(words)),
    )


def _compared_intrinsic(one: Field, words: Vocabulary) -> SearchStrategy[Scalar]:
    if one.intrinsic in _WORDS:
        kind, said = _WORDS[one.intrinsic]
        literal = st.builds(Literal, st.just(kind), st.sampled_from(said))
        return _either(_EQUALITY, one, literal | _NIL)
    if one.intrinsic in _NUMBERS:
        return _either(_ORDER, one, number_literals(words)) | _either(_EQUALITY, one, _NIL)
    return st.one_of(
        _either(_ORDER, one, string_literals(words)),
        _either(_EQUALITY, one, _NIL),
        st.builds(Binary, _MATCH, st.just(one), regexes(words)),
    )


def _either(
    operators: SearchStrategy[str], one: Scalar, literals: SearchStrategy[Literal]
) -> SearchStrategy[Scalar]:
    """The field on the left, or on the right."""
    return st.builds(
        lambda operator, literal, turned: (
            Binary(operator, literal, one) if turned else Binary(operator, one, literal)
        ),
        operators,
        literals,
        st.sampled_from((False, False, False, True)),
    )


def numbers(words: Vocabulary) -> SearchStrategy[Scalar]:
    """Arithmetic, or what can take part in it."""
    numeric = [one for one in words.intrinsics if one in _NUMBERS and one != Intrinsic.EVENT_TIME]
    leaves: SearchStrategy[Scalar] = attributes(words, of_many=False) | number_literals(words)
    if numeric:
        leaves = leaves | st.builds(Field, st.sampled_from(numeric), st.booleans())
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(Binary, st.sampled_from("+-*/%^"), inner, inner),
            st.builds(Unary, st.just("-"), inner),
        ),
        max_leaves=3,
    )


def fields(words: Vocabulary, of_many: bool = True) -> SearchStrategy[Attribute | Field]:
    return attributes(words, of_many) | intrinsics(words, of_many)


def attributes(words: Vocabulary, of_many: bool = True) -> SearchStrategy[Attribute]:
    """`of_many`: also of events and links."""
    scopes = [scope for scope in words.scopes if of_many or scope not in _OF_MANY]
    return st.builds(
        lambda scope, key, parent: Attribute(scope, key, parent and scope not in _OF_MANY),
        st.sampled_from(scopes),
        st.sampled_from(words.keys),
        _SELDOM,
    )


def intrinsics(words: Vocabulary, of_many: bool = True) -> SearchStrategy[Field]:
    allowed = [one for one in words.intrinsics if of_many or not _has_many(one)]
    return st.builds(
        lambda one, parent: Field(one, parent and not _has_many(one)),
        st.sampled_from(allowed),
        _SELDOM,
    )


def _has_many(intrinsic: Intrinsic) -> bool:
    return intrinsic.startswith(("event:", "link:"))


_SELDOM = st.sampled_from((False, False, False, True))
_NIL = st.just(Literal(Type.NIL, None))


def number_literals(words: Vocabulary) -> SearchStrategy[Literal]:
    return st.one_of(
        st.builds(Literal, st.just(Type.INT), st.sampled_from(words.ints)),
        st.builds(Literal, st.just(Type.FLOAT), st.sampled_from(words.floats)),
        st.builds(Literal, st.just(Type.DURATION), st.sampled_from(words.durations)),
    )


def string_literals(words: Vocabulary) -> SearchStrategy[Literal]:
    return st.builds(Literal, st.just(Type.STRING), st.sampled_from(words.strings))


def regexes(words: Vocabulary) -> SearchStrategy[Literal]:
    return st.builds(Literal, st.just(Type.STRING), st.sampled_from(words.regexes))
