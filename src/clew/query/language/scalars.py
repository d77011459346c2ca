"""Expressions within one span, by precedence climbing."""

from clew.query.language import explain
from clew.query.language.lexer import Cursor, Kind, Token
from clew.query.language.names import field, root_test_error
from clew.query.language.tree import (
    COMPARISONS,
    LOGIC,
    Attribute,
    Binary,
    Field,
    Intrinsic,
    Literal,
    Scalar,
    Scope,
    Type,
    Unary,
)
from clew.query.language.values import is_number, number
from clew.query.language.words import CONSTANTS, INTRINSICS, ROOT_TEST, SHORT, TEXTS

_COMPARISON, _POWER = 2, 5
LEVELS = {
    "||": 0,
    "&&": 1,
    **dict.fromkeys(COMPARISONS, _COMPARISON),
    **dict.fromkeys("+-", 3),
    **dict.fromkeys("*/%", 4),
    "^": _POWER,
}
_WORDS = {"and": "&&", "or": "||"}
# A chain of && or || is as deep as it is long. A longer one than `_LONG` is cut into pieces of
# `_PIECE`, each in parentheses but the first: it means the same, and stays within `MAX_DEPTH`.
# With at most 1,000 nodes there are never more than `_LONG` pieces and operands on one level,
# so that its text, read again, is the same tree.
_LONG, _PIECE = 48, 24
_NO_VALUES = (ROOT_TEST, "parent", "and", "or", "not", "AND", "OR", "NOT")
_NUMERIC = (Intrinsic.DURATION, Intrinsic.TRACE_DURATION, Intrinsic.CHILD_COUNT)
_NUMERIC_OR_TIME = (*_NUMERIC, Intrinsic.EVENT_TIME)


def expression(cursor: Cursor, opened: Token | None, level: int = 0) -> Scalar:
    """An expression of operators that bind at least as `level`. `opened`: the bracket around."""
    left = _operand(cursor, opened)
    while True:
        operator = _operator(cursor)
        found = LEVELS.get(operator, -1)
        if found < level:
            return left
        at = cursor.take().at
        if operator in LOGIC:
            left = _logic(cursor, opened, operator, left, at)
        elif operator in COMPARISONS:
            left = Binary(operator, left, _compared(cursor, opened, left, operator), at)
            if _operator(cursor) in COMPARISONS:
                explain.chain(cursor.token)
        elif operator == "^":
            with cursor.nested(at):
                left = Binary(operator, left, expression(cursor, opened, found), at)
        else:
            left = Binary(operator, left, expression(cursor, opened, found + 1), at)


def _operator(cursor: Cursor) -> str:
    token = cursor.token
    if token.kind is Kind.OPERATOR:
        return token.text
    return _WORDS.get(token.word().lower(), "") if cursor.bare else ""


def _logic(cursor: Cursor, opened: Token | None, operator: str, left: Scalar, at: int) -> Scalar:
    terms, places = [left], [at]
    while True:
        terms.append(expression(cursor, opened, LEVELS[operator] + 1))
        if _operator(cursor) != operator:
            break
        places.append(cursor.take().at)
    if len(terms) <= _LONG:
        return _join(operator, terms, places)
    starts = range(0, len(terms), _PIECE)
    pieces = [
        _join(operator, terms[start : start + _PIECE], places[start : start + _PIECE - 1])
        for start in starts
    ]
    return _join(operator, pieces, [places[start - 1] for start in starts[1:]])


def _join(operator: str, terms: list[Scalar], places: list[int]) -> Scalar:
    joined = terms[0]
    for term, at in zip(terms[1:], places, strict=True):
        joined = Binary(operator, joined, term, at)
    return joined


def _operand(cursor: Cursor, opened: Token | None) -> Scalar:
    token = cursor.token
    if token.is_("-"):
        cursor.take()
        if cursor.token.kind is Kind.NUMBER:
            return number(cursor.take().text, token.at, negative=True)
        with cursor.nested(token.at):
            return Unary("-", _operand(cursor, opened), token.at)
    if token.is_("!"):
        cursor.take()
        with cursor.nested(token.at):
            return Unary("!", _operand(cursor, opened), token.at)
    if token.is_("("):
        cursor.take()
        with cursor.nested(token.at):
            inner = expression(cursor, token)
        if not cursor.token.is_(")"):
            explain.operator_missing(cursor, token)
        cursor.take()
        return inner
    if token.kind is Kind.NUMBER:
        return number(cursor.take().text, token.at)
    if token.kind is Kind.STRING:
        return Literal(Type.STRING, cursor.take().parts[0][0], token.at)
    if token.kind is Kind.NAME:
        return _named(cursor, opened)
    explain.operand_missing(cursor, opened)


def _named(cursor: Cursor, opened: Token | None) -> Scalar:
    token = cursor.token
    word = token.word()
    if cursor.bare and word.lower() == "not":
        cursor.take()
        with cursor.nested(token.at):
            return Unary("!", expression(cursor, opened, _COMPARISON), token.at)
    if cursor.bare and word.lower() in _WORDS:
        explain.operand_missing(cursor, opened)
    if word in CONSTANTS:
        cursor.take()
        return Literal(*CONSTANTS[word], token.at)
    if word == ROOT_TEST:
        return _root_test(cursor)
    if cursor.after().is_("(") and "." not in word and word not in INTRINSICS:
        explain.call_error(token)
    found = field(token)
    cursor.take()
    return found


def _root_test(cursor: Cursor) -> Scalar:
    """`nestedSetParent < 0` and `= -1`, which is how Grafana asks for root spans."""
    at = cursor.take().at
    operator = cursor.take()
    negative = operator.is_("=") and cursor.token.is_("-")
    if negative:
        cursor.take()
    wanted = "1" if negative else "0"
    if not (negative or operator.is_("<")) or cursor.take().text != wanted:
        raise root_test_error(at)
    return Binary("=", Field(Intrinsic.PARENT_ID, at=at), Literal(Type.STRING, "", at), at)


def _compared(cursor: Cursor, opened: Token | None, left: Scalar, operator: str) -> Scalar:
    """The right side of a comparison: in the bare form a word is text unless it cannot be."""
    before = cursor.last
    value = cursor.take_bare_value() if cursor.bare and not isinstance(left, Literal) else None
    if value is not None:
        if _is_text(left, operator, value.text):
            return Literal(Type.STRING, value.text, value.at)
        cursor.back(before)
    token = cursor.token
    word = token.word()
    if operator in ("=~", "!~") and token.kind is Kind.OPERATOR and not token.is_(")", "}"):
        explain.no_regex(token, operator)
    if word and not set(word) & set(".:") and word not in (*SHORT, *CONSTANTS, *_NO_VALUES):
        if not cursor.after().is_("("):
            explain.unknown_value(token, left, operator)
    return expression(cursor, opened, _COMPARISON + 1)


def _is_text(left: Scalar, operator: str, value: str) -> bool:
    if operator in ("=~", "!~"):
        return True
    known = CONSTANTS[value][0] if value in CONSTANTS else None
    match left:
        case Field(intrinsic):
            if intrinsic in (Intrinsic.STATUS, Intrinsic.KIND) or intrinsic in _NUMERIC_OR_TIME:
                return not (known or is_number(value) or intrinsic in _NUMERIC_OR_TIME)
            return known is not Type.NIL
        case Attribute(Scope.ANY | Scope.RESOURCE, key) if key in TEXTS:
            return known is not Type.NIL
        case Attribute():
            # A service may be called `client`; an attribute never holds a kind or a status.
            return known in (None, Type.STATUS, Type.KIND) and not is_number(value)
    return False
