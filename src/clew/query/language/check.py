"""What a tree must be besides well formed: bounded, and of types that fit where they are known."""

from collections.abc import Iterator
from enum import Enum, auto

from clew.query.language.errors import QueryError, shown
from clew.query.language.lexer import MAX_DEPTH, too_deep
from clew.query.language.regex import RegexError, check_regex
from clew.query.language.text import show_scalar
from clew.query.language.tree import (
    ARITHMETIC,
    LOGIC,
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
    Query,
    Scalar,
    Scope,
    Select,
    TraceId,
    Type,
    Unary,
)
from clew.query.language.words import KINDS, STATUSES, UNITS, words_hint

MAX_NODES = 1000
MAX_FILTERS = 32
MAX_STAGES = 32
MAX_KEYS = 8
MAX_FIELDS = 32
_LISTS = 'Ask with two queries. For a list of values write =~ "a|b|c".'

Node = (
    Scalar | Filter | Combine | Pipeline | AggregateFilter | AggregateValue | GroupBy | Select
    | Coalesce
)  # fmt: skip


class _Is(Enum):
    """What an expression is; `ANY` is not known before it meets data."""

    ANY = auto()
    STRING = auto()
    NUMBER = auto()
    BOOL = auto()
    STATUS = auto()
    KIND = auto()
    NIL = auto()


_LITERALS = {
    Type.STRING: _Is.STRING,
    Type.INT: _Is.NUMBER,
    Type.FLOAT: _Is.NUMBER,
    Type.DURATION: _Is.NUMBER,
    Type.BOOL: _Is.BOOL,
    Type.STATUS: _Is.STATUS,
    Type.KIND: _Is.KIND,
    Type.NIL: _Is.NIL,
}
_INTRINSICS = {
    Intrinsic.DURATION: _Is.NUMBER,
    Intrinsic.TRACE_DURATION: _Is.NUMBER,
    Intrinsic.CHILD_COUNT: _Is.NUMBER,
    Intrinsic.EVENT_TIME: _Is.NUMBER,
    Intrinsic.STATUS: _Is.STATUS,
    Intrinsic.KIND: _Is.KIND,
}
_SAID = {
    _Is.ANY: "an attribute",
    _Is.STRING: "a string",
    _Is.NUMBER: "a number",
    _Is.BOOL: "a condition",
    _Is.STATUS: "a status",
    _Is.KIND: "a kind",
    _Is.NIL: "nil",
}


_EXAMPLES = {
    Intrinsic.STATUS: "= error",
    Intrinsic.KIND: "= server",
    Intrinsic.CHILD_COUNT: "> 3",
    Intrinsic.DURATION: "> 100ms",
    Intrinsic.TRACE_DURATION: "> 100ms",
    Intrinsic.EVENT_TIME: "> 100ms",
    Intrinsic.EVENT_NAME: '= "exception"',
    Intrinsic.TRACE_ID: '= "4bf92f3577b34da6a3ce929d0e0e4736"',
    Intrinsic.LINK_TRACE_ID: '= "4bf92f3577b34da6a3ce929d0e0e4736"',
    Intrinsic.SPAN_ID: '= "00f067aa0ba902b7"',
    Intrinsic.PARENT_ID: '= "00f067aa0ba902b7"',
    Intrinsic.LINK_SPAN_ID: '= "00f067aa0ba902b7"',
}


def check(query: Query, text: str = "") -> None:
    """Raises `QueryError` if the tree cannot be asked. `text`: what it was parsed from."""
    if isinstance(query, TraceId):
        return
    _bounds(query)
    for node in _walk(query):
        match node:
            case Filter(condition) if condition is not None:
                _condition(condition, text)
            case GroupBy(keys):
                for key in keys:
                    _key(key, text)
            case Select(fields):
                for shown_field in fields:
                    if not isinstance(shown_field, Attribute | Field):
                        raise QueryError(
                            f"select() shows fields, {shown(show_scalar(shown_field))} is none.",
                            shown_field.at,
                            "Write select(name, span.http.route).",
                        )
                    _one_value(shown_field, "shown by select()")
            case AggregateFilter():
                _aggregates(node)
            case Aggregate(function, operand) if operand is not None:
                _number(operand, f"{function}()", text)


def _children(node: Node) -> tuple[Node, ...]:
    match node:
        case Unary():
            return (node.operand,)
        case Binary() | Combine() | AggregateBinary() | AggregateFilter():
            return (node.left, node.right)
        case Filter():
            return () if node.condition is None else (node.condition,)
        case Aggregate():
            return () if node.operand is None else (node.operand,)
        case GroupBy():
            return node.keys
        case Select():
            return node.fields
        case Pipeline():
            return (node.source, *node.stages)
    return ()


def _walk(root: Node) -> Iterator[Node]:
    """All nodes, those that stand first in the text first."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(_children(node)))


def _bounds(query: Pipeline) -> None:
    waiting: list[tuple[Node, int]] = [(query, 0)]
    nodes = filters = stages = 0
    while waiting:
        node, depth = waiting.pop()
        nodes += 1
        filters += isinstance(node, Filter)
        stages += len(node.stages) if isinstance(node, Pipeline) else 0
        # The two levels of the whole query and its filter are free.
        if depth > MAX_DEPTH + 2:
            raise too_deep(node.at)
        keys = len(node.keys) if isinstance(node, GroupBy) else 0
        fields = len(node.fields) if isinstance(node, Select) else 0
        for count, most, what, hint in (
            (nodes, MAX_NODES, "fields, values and operators", _LISTS),
            (filters, MAX_FILTERS, "filters in braces", "Join conditions within one filter."),
            (stages, MAX_STAGES, "stages", "Join the conditions of filters with &&."),
            (keys, MAX_KEYS, "keys in by()", "Leave some out."),
            (fields, MAX_FIELDS, "fields in select()", "Leave some out."),
        ):
            if count > most:
                raise QueryError(f"The query has more than {most} {what}.", node.at, hint)
        waiting.extend((child, depth + 1) for child in reversed(_children(node)))


def _condition(node: Scalar, text: str) -> None:
    """The expression has to be true or false of a span."""
    match node:
        case Binary(operator, left, right) if operator in LOGIC:
            _condition(left, text)
            _condition(right, text)
        case Unary("!", operand):
            _condition(operand, text)
        case Attribute():
            pass
        case _:
            found = _type(node, text)
            if found is not _Is.BOOL:
                raise QueryError(
                    f"{shown(show_scalar(node))} is {_said(node, found)}, no condition.",
                    node.at,
                    _condition_hint(node, found),
                )


def _condition_hint(node: Scalar, found: _Is) -> str:
    match node:
        case Literal(value=str() as value) if found is _Is.STATUS or found is _Is.KIND:
            return f"Write {'status' if found is _Is.STATUS else 'kind'} = {value}."
        case Literal(Type.STRING):
            return f"Write a field before it: name = {shown(show_scalar(node))[1:-1]}."
        case Literal(Type.DURATION):
            return f"Write a field before it: duration > {show_scalar(node)}."
        case Literal(Type.NIL):
            return "Write a field before it: span.http.route = nil."
        case Literal():
            return f"Write a field before it: span.http.response.status_code = {show_scalar(node)}."
        case Field(intrinsic):
            example = _EXAMPLES.get(intrinsic, '= "checkout"')
            return f"Compare it: {show_scalar(node)} {example}."
    return f"Compare it: {shown(show_scalar(node))[1:-1]} > 100."


def _said(node: Scalar, found: _Is) -> str:
    return "a boolean" if found is _Is.BOOL and isinstance(node, Literal) else _SAID[found]


def _type(node: Scalar, text: str) -> _Is:
    """What the expression is; its parts are checked."""
    match node:
        case Literal():
            return _LITERALS[node.type]
        case Attribute():
            return _Is.ANY
        case Field(intrinsic):
            return _INTRINSICS.get(intrinsic, _Is.STRING)
        case Unary("-", operand):
            _number(operand, "-", text)
            return _Is.NUMBER
        case Unary() | Binary("&&" | "||"):
            _condition(node, text)
            return _Is.BOOL
        case Binary(operator, left, right) if operator in ARITHMETIC:
            _number(left, operator, text)
            _number(right, operator, text)
            return _Is.NUMBER
        case Binary():
            _comparison(node, text)
            return _Is.BOOL


def _number(node: Scalar, user: str, text: str) -> None:
    found = _type(node, text)
    _one_value(node, f"used by {user}")
    if found not in (_Is.NUMBER, _Is.ANY):
        hint = "Write a number, a duration or a field that holds one."
        if isinstance(node, Literal) and node.type is Type.STRING and user == "+":
            hint = "Strings are not joined; write the whole string."
        raise QueryError(
            f"{user} takes numbers, {shown(show_scalar(node))} is {_said(node, found)}.",
            node.at,
            hint,
        )


def _one_value(node: Scalar, use: str) -> None:
    if _of_many(node):
        raise QueryError(
            f"{shown(show_scalar(node))} has a value for each event or link, it cannot be {use}.",
            node.at,
            'Compare event fields with a value: event:name = "exception".',
        )


def _of_many(node: Scalar) -> bool:
    match node:
        case Attribute(scope):
            return scope in (Scope.EVENT, Scope.LINK)
        case Field(intrinsic):
            return intrinsic.startswith(("event:", "link:"))
    return False


def _key(node: Scalar, text: str) -> None:
    _type(node, text)
    _one_value(node, "grouped by")
    if isinstance(node, Literal):
        raise QueryError(
            f"{shown(show_scalar(node))} is the same for all spans.",
            node.at,
            "Group by a field: by(resource.service.name).",
        )


def _comparison(node: Binary, text: str) -> None:
    left, right, operator = node.left, node.right, node.operator
    types = _type(left, text), _type(right, text)
    for side, found in zip((left, right), types, strict=True):
        if found is _Is.BOOL and not isinstance(side, Literal):
            raise QueryError(
                f"The condition {shown(show_scalar(side))} cannot be compared.",
                side.at,
                _negation_hint(node),
            )
    if operator in ("=~", "!~"):
        _regex(node, types[0], text)
        return
    if not isinstance(left, Literal) and not isinstance(right, Literal):
        _one_value(left, "compared with another field")
        _one_value(right, "compared with another field")
    both_literals = isinstance(left, Literal) and isinstance(right, Literal)
    one, other = (right, left) if isinstance(left, Literal) and not both_literals else (left, right)
    a, b = (types[1], types[0]) if one is right else types
    if b is _Is.NIL or a is _Is.NIL:
        if both_literals:
            raise QueryError("Two values are compared.", other.at, "Compare a field with nil.")
    elif a is not b and _Is.ANY not in (a, b):
        raise QueryError(
            f"{shown(show_scalar(one))} is {_said(one, a)}, "
            f"{shown(show_scalar(other))} is {_said(other, b)}.",
            other.at,
            _mismatch_hint(one, other, operator),
        )
    elif {a, b} & {_Is.STATUS, _Is.KIND}:
        _words(one, other, a, b, both_literals)
    closed = {_Is.STATUS, _Is.KIND, _Is.NIL} & {a, b} or any(
        isinstance(side, Literal) and side.type is Type.BOOL for side in (left, right)
    )
    if closed and operator not in ("=", "!="):
        raise QueryError(
            f"The operator {operator} cannot be used with {shown(show_scalar(other))}.",
            node.at,
            "Write = or !=.",
        )


def _words(one: Scalar, other: Scalar, a: _Is, b: _Is, both_literals: bool) -> None:
    """A status or a kind is compared only with its words, and they only with it."""
    word = "status" if _Is.STATUS in (a, b) else "kind"
    if not both_literals and a is b and isinstance(other, Literal):
        return
    literal = other if isinstance(other, Literal) else None
    if a is b and literal is None and isinstance(one, Field) and isinstance(other, Field):
        return
    if literal is None or both_literals:
        raise QueryError(
            f"{shown(show_scalar(one))} and {shown(show_scalar(other))} cannot be compared.",
            other.at,
            f"Compare {word} with its words: {', '.join(STATUSES if word == 'status' else KINDS)}.",
        )
    raise QueryError(
        f"The word {shown(str(literal.value))} is {_SAID[b]}, no value of an attribute.",
        literal.at,
        f'Write {word} = {literal.value}, or put the word in quotes: "{literal.value}".',
    )


def _mismatch_hint(one: Scalar, other: Scalar, operator: str) -> str:
    value = other.value if isinstance(other, Literal) else None
    name = shown(show_scalar(one))[1:-1]
    match one:
        case Field(Intrinsic.STATUS):
            return words_hint(Intrinsic.STATUS, name, operator, value)
        case Field(Intrinsic.KIND):
            return words_hint(Intrinsic.KIND, name, operator, value)
        case Field() if _type(one, "") is _Is.NUMBER:
            if isinstance(value, str) and value[:1].isdigit() and value.endswith(tuple(UNITS)):
                return f"Write {name} {operator} {shown(value)[1:-1]}, without quotes."
            if isinstance(value, str) and value.isdigit():
                return f"Write {name} {operator} {shown(value)[1:-1]}, without quotes."
            example = _EXAMPLES[one.intrinsic].rpartition(" ")[2]
            return f"Compare it with a number: {name} {operator} {example}."
        case Field():
            if isinstance(other, Literal):
                return f'Put the text in quotes: "{shown(show_scalar(other))[1:-1]}".'
    return "Compare values of one type."


def _negation_hint(node: Binary) -> str:
    left = node.left
    if isinstance(left, Unary) and isinstance(left.operand, Attribute | Field):
        inner = shown(show_scalar(Binary(node.operator, left.operand, node.right)))[1:-1]
        return f"Write !({inner}): a ! binds stronger than a comparison."
    return "Join conditions with && or ||, and negate one with !( … )."


def _regex(node: Binary, left: _Is, text: str) -> None:
    operator, pattern = node.operator, node.right
    if not isinstance(pattern, Literal) or pattern.type is not Type.STRING:
        tested = pattern if isinstance(node.left, Literal) else node.left
        raise QueryError(
            f"After {operator} a regular expression in quotes has to follow.",
            pattern.at,
            f'Write {shown(show_scalar(tested))[1:-1]} {operator} "GET.*".',
        )
    if left not in (_Is.STRING, _Is.ANY):
        raise QueryError(
            f"{shown(show_scalar(node.left))} is {_SAID[left]}, a regular expression needs text.",
            node.left.at,
            "Write = or !=, or || between several comparisons.",
        )
    source = str(pattern.value)
    try:
        check_regex(source)
    except RegexError as error:
        # Exact unless escapes make the text longer than the pattern; else the string's begin.
        inside = (offset for offset in (0, 1) if text.startswith(source, pattern.at + offset))
        begin = next(inside, None)
        at = pattern.at if begin is None else pattern.at + begin + error.offset
        raise QueryError(
            f"The regular expression {shown(source)} is wrong: {error.message}", at, error.hint
        ) from None


def _aggregates(node: AggregateFilter) -> None:
    if not any(isinstance(part, Aggregate) for part in _walk(node)):
        raise QueryError(
            "Two values are compared.", node.at, "Write an aggregate on one side: count() > 2."
        )
