"""The stages of a pipeline other than filters: aggregates, by, select, coalesce."""

from clew.query.language import explain
from clew.query.language.errors import QueryError, shown
from clew.query.language.lexer import Cursor, Kind, Token
from clew.query.language.scalars import LEVELS, expression
from clew.query.language.tree import (
    ARITHMETIC,
    COMPARISONS,
    Aggregate,
    AggregateBinary,
    AggregateFilter,
    AggregateValue,
    Coalesce,
    GroupBy,
    Literal,
    Scalar,
    Select,
    Type,
)
from clew.query.language.values import number
from clew.query.language.words import AGGREGATES, CONSTANTS, METRICS, STAGE_HABITS, STAGES, plain

_COMPARED = tuple(operator for operator in COMPARISONS if operator not in ("=~", "!~"))
_SELECT = "Write select(name, span.http.route)."
_EXAMPLES = {
    "count": "count() > 2",
    "quantile": "quantile(duration, 0.95) > 1s",
    "by": "by(resource.service.name)",
    "select": "select(name, duration)",
    "coalesce": "coalesce()",
    **{name: f"{name}(duration) > 1s" for name in ("avg", "min", "max", "sum")},
}


def stage(cursor: Cursor) -> AggregateFilter | GroupBy | Select | Coalesce:
    """The stage that begins at the next token, which opens no filter."""
    token = cursor.token
    word = token.word()
    match word:
        case "by":
            return GroupBy(_arguments(cursor), token.at)
        case "select":
            return Select(_arguments(cursor), token.at)
        case "coalesce":
            opened = _open(cursor)
            if not cursor.token.is_(")") and cursor.token.kind is not Kind.END:
                raise QueryError(
                    "coalesce() takes nothing.", cursor.token.at, "Write | coalesce()."
                )
            _close(cursor, opened)
            return Coalesce(token.at)
    left = _arithmetic(cursor)
    operator = cursor.token
    if not operator.is_(*_COMPARED):
        _not_compared(cursor, token)
    cursor.take()
    right = _arithmetic(cursor)
    if cursor.token.is_(*COMPARISONS):
        raise QueryError(
            f"Comparisons cannot be chained: {shown(cursor.token.text)} follows another one.",
            cursor.token.at,
            "Write a stage for each: | count() > 2 | count() < 10.",
        )
    return AggregateFilter(operator.text, left, right, token.at)


def _not_compared(cursor: Cursor, begin: Token) -> None:
    token, last = cursor.token, cursor.last
    if token.is_("=~", "!~", "==", "<>", "=>", "=<"):
        raise QueryError(
            f"An aggregate cannot be compared with {token.text}.",
            token.at,
            "Write one of = != < <= > >=.",
        )
    if token.is_(")") and not last.is_("("):
        raise QueryError(
            "The parenthesis ) was never opened.", token.at, "Drop it, or open it with (."
        )
    example = _EXAMPLES.get(begin.word(), "count() > 2")
    raise QueryError(
        f"The aggregate {shown(cursor.text[begin.at : last.end])} has to be compared.",
        token.at,
        f"Write | {example}.",
    )


def _arithmetic(cursor: Cursor, level: int = 3) -> AggregateValue:
    left = _operand(cursor)
    while cursor.token.is_(*ARITHMETIC):
        operator = cursor.token
        found = LEVELS[operator.text]
        if found < level:
            break
        cursor.take()
        if operator.text == "^":
            with cursor.nested(operator.at):
                right = _arithmetic(cursor, found)
        else:
            right = _arithmetic(cursor, found + 1)
        left = AggregateBinary(operator.text, left, right, operator.at)
    return left


def _operand(cursor: Cursor) -> AggregateValue:
    token = cursor.token
    if token.is_("("):
        cursor.take()
        with cursor.nested(token.at):
            inner = _arithmetic(cursor)
        if cursor.token.kind is Kind.END:
            raise explain.unclosed("()", token.at)
        if not cursor.token.is_(")"):
            raise QueryError(
                f"Before {shown(cursor.token.text)} the parenthesis has to be closed.",
                cursor.token.at,
                "Parentheses hold arithmetic only: (max(duration) - min(duration)) > 1s.",
            )
        cursor.take()
        return inner
    if token.is_("-"):
        cursor.take()
        if cursor.token.kind is Kind.NUMBER:
            return number(cursor.take().text, token.at, negative=True)
        raise QueryError(
            "A minus stands only before a number or between aggregates.",
            token.at,
            "Write 0 - count().",
        )
    if token.kind is Kind.NUMBER:
        return number(cursor.take().text, token.at)
    if token.word() in ("minInt", "maxInt"):
        cursor.take()
        return Literal(*CONSTANTS[token.word()], token.at)
    return _aggregate(cursor)


def _aggregate(cursor: Cursor) -> Aggregate:
    token = cursor.token
    word = token.word()
    if word in METRICS:
        raise explain.metrics_error(token)
    if word not in AGGREGATES:
        _no_aggregate(cursor)
    opened = _open(cursor)
    if word == "count":
        if not cursor.token.is_(")") and cursor.token.kind is not Kind.END:
            raise QueryError(
                "count() counts spans and takes nothing.",
                cursor.token.at,
                "Write count() > 2, with a filter in braces before it.",
            )
        _close(cursor, opened)
        return Aggregate(word, at=token.at)
    if cursor.token.is_(")"):
        raise QueryError(
            f"{word}() needs what to compute from.",
            cursor.token.at,
            f"Write {_EXAMPLES[word]}.",
        )
    operand = expression(cursor, opened)
    quantile = _quantile(cursor, opened) if word == "quantile" else None
    _close(cursor, opened)
    return Aggregate(word, operand, quantile, token.at)


def _no_aggregate(cursor: Cursor) -> None:
    token, last = cursor.token, cursor.last
    if last.is_("|") or last.kind is Kind.END:
        explain.stage_missing(token, STAGE_HABITS.get(plain(token.word())))
    if token.word() in STAGES:
        raise QueryError(
            f"{shown(token.text)} is no number.", token.at, "Write it as a stage of its own."
        )
    what = f", not {shown(token.text)}" if token.text else ""
    raise QueryError(
        f"After {shown(last.text)} a number or an aggregate has to follow{what}.",
        token.at,
        "Write a number, a duration or an aggregate: count() > 2, avg(duration) > 1s.",
    )


def _quantile(cursor: Cursor, opened: Token) -> float:
    comma = cursor.token
    hint = "Write the share of spans below it, from 0 to 1: quantile(duration, 0.95) > 1s."
    if not comma.is_(","):
        if comma.kind is Kind.END:
            raise explain.unclosed("()", opened.at)
        raise QueryError("quantile() needs a second number.", comma.at, hint)
    cursor.take()
    token = cursor.token
    text = token.text
    if token.kind is Kind.NUMBER:
        share = number(text, token.at)
        if share.type in (Type.INT, Type.FLOAT) and 0 <= float(share.value or 0) <= 1:
            cursor.take()
            return float(share.value or 0)
        if share.type is Type.INT and float(share.value or 0) <= 100:
            hint = f"Write {float(share.value or 0) / 100} for {text} percent."
    raise QueryError(
        f"The second number of quantile() is from 0 to 1, not {shown(text)}.", token.at, hint
    )


def _arguments(cursor: Cursor) -> tuple[Scalar, ...]:
    word = cursor.token.text
    opened = _open(cursor)
    if cursor.token.is_(")"):
        raise QueryError(
            f"{word}() needs at least one field.", cursor.token.at, f"Write {_EXAMPLES[word]}."
        )
    if word == "select" and cursor.token.is_("*"):
        raise QueryError("select() shows fields that are named.", cursor.token.at, _SELECT)
    arguments = [expression(cursor, opened)]
    while cursor.token.is_(","):
        cursor.take()
        arguments.append(expression(cursor, opened))
    _close(cursor, opened)
    return tuple(arguments)


def _open(cursor: Cursor) -> Token:
    name = cursor.take()
    word = name.text
    if not cursor.token.is_("("):
        raise QueryError(
            f"After {shown(word)} a parenthesis has to follow.",
            cursor.token.at,
            f"Write | {_EXAMPLES[word]}.",
        )
    return cursor.take()


def _close(cursor: Cursor, opened: Token) -> None:
    if not cursor.token.is_(")"):
        if cursor.token.is_(",") and cursor.last is not opened:
            raise QueryError(
                "Only one field can stand in these parentheses.",
                cursor.token.at,
                "Write a stage for each, one after the other.",
            )
        explain.operator_missing(cursor, opened)
    cursor.take()
