"""Conditions → SQL that is true or false for every span, never null."""

from collections.abc import Callable, Iterator

from clew.query.compile.bound import Bound, NeedsTrace, part
from clew.query.compile.cases import (
    ARRAY_TAG,
    EVENT_SCOPES,
    ID_COLUMNS,
    Case,
    cases,
    element_cases,
    event_cases,
    exists,
    hex_id,
)
from clew.query.compile.context import is_condition
from clew.query.compile.held import NUMBERS, Held
from clew.query.language import (
    Attribute,
    Binary,
    Field,
    Intrinsic,
    Literal,
    Scalar,
    Type,
    Unary,
    Value,
)

TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_POSITIVE = {"!=": "=", "!~": "=~"}
_PYTHON: dict[str, Callable[..., bool]] = {
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_IDS = {
    **ID_COLUMNS,
    Intrinsic.LINK_TRACE_ID: ("id", 16),
    Intrinsic.LINK_SPAN_ID: ("id", 8),
}
_HEX = frozenset("0123456789abcdef")


def truth(scalar: Scalar, bound: Bound) -> str:
    """The condition as text that may stand beside `and`."""
    match scalar:
        case Literal(_, bool() as constant):
            return "true" if constant else "false"
        case Unary("!", operand):
            return f"not ({truth(operand, bound)})"
        case Binary("&&" | "||" as operator):
            word = " and " if operator == "&&" else " or "
            return f"({word.join(truth(side, bound) for side in _sides(scalar, operator))})"
        case Binary(operator, left, right):
            return _comparison(operator, left, right, bound)
        case Attribute() | Field():
            return _comparison("=", scalar, Literal(Type.BOOL, True), bound)
    raise TypeError(f"{scalar} is no condition")


def comparison_parts(scalar: Binary) -> tuple[str, Scalar, Scalar]:
    """Operator and operands, a literal to the right."""
    if isinstance(scalar.left, Literal) and not isinstance(scalar.right, Literal):
        return TURNED.get(scalar.operator, scalar.operator), scalar.right, scalar.left
    return scalar.operator, scalar.left, scalar.right


def _sides(scalar: Scalar, operator: str) -> Iterator[Scalar]:
    """The operands of a chain, however it is grouped: the engine's parser is not made for depth."""
    waiting = [scalar]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Binary) and one.operator == operator:
            waiting += [one.right, one.left]
        else:
            yield one


def _comparison(operator: str, left: Scalar, right: Scalar, bound: Bound) -> str:
    operator, left, right = comparison_parts(Binary(operator, left, right))
    if isinstance(left, Attribute | Field) and left.parent:
        raise NeedsTrace(left)
    if _has_many(left):
        return _any_item(operator, left, right, bound)
    if isinstance(right, Literal):
        if right.type is Type.NIL:
            there = exists(left, bound)
            return there if operator == "!=" else f"not {there}"
        if isinstance(left, Field) and left.intrinsic in _IDS:
            return _id(operator, left.intrinsic, right, bound)
        return _with_literal(operator, _cases(left, bound), right, bound)
    pairs = [
        _all_of([*a.given, *b.given, _holds(operator, a, b)])
        for a in _cases(left, bound)
        for b in _cases(right, bound)
        if _alike(a.held, b.held)
    ]
    return _any_of(pairs)


def _cases(scalar: Scalar, bound: Bound) -> list[Case]:
    if is_condition(scalar) and not isinstance(scalar, Literal):
        return [Case(Held.BOOL, truth(scalar, bound))]
    return cases(scalar, bound)


def _with_literal(operator: str, found: list[Case], literal: Literal, bound: Bound) -> str:
    (other,) = cases(literal, bound)
    choices = []
    for case in found:
        if case.held is Held.OTHER:
            choices.append(_all_of([*case.given, _array(operator, case.value, literal, bound)]))
        elif _alike(case.held, other.held):
            choices += _with_value(operator, case, other, literal.value, bound)
    return _any_of(choices)


def _with_value(
    operator: str, case: Case, other: Case, value: Value, bound: Bound
) -> Iterator[str]:
    """One comparison; without the condition that there is a value, where a missing one fails it."""
    given = case.given
    if operator in ("=~", "!~"):
        matches = f"match({case.value}, {bound.pattern(str(value))})"
        yield _all_of([*given, matches if operator == "=~" else f"not {matches}"])
        return
    if operator == "=" and case.only and value not in case.only:
        return
    if given and case.absent is not None and not _PYTHON[operator](case.absent, value):
        given = given[1:]
    yield _all_of([*given, _holds(operator, case, other)])


def _holds(operator: str, left: Case, right: Case) -> str:
    sign = {"=": "=", "!=": "!="}.get(operator, operator)
    text = f"{left.value} {sign} {right.value}"
    if left.nullable or right.nullable:
        text = f"ifNull({text}, false)"
    if operator != "!=":
        return text
    # The engine takes nan as different from everything; here it compares with nothing.
    numbers = [side.value for side in (left, right) if side.held is Held.FLOAT]
    checks = [f"not ifNull(isNaN({value}), false)" for value in numbers]
    return _all_of([text, *checks])


def _array(operator: str, message: str, literal: Literal, bound: Bound) -> str:
    """An array meets a comparison if an element does; a negative one if none meets the positive."""
    positive = _POSITIVE.get(operator, operator)
    meets = _with_literal(positive, element_cases("element"), literal, bound)
    some = part("any_array", message=message, condition=meets)
    is_array = f"startsWith({message}, char({ARRAY_TAG}))"
    return _all_of([is_array, some if positive == operator else f"not {some}"])


def _id(operator: str, intrinsic: Intrinsic, literal: Literal, bound: Bound) -> str:
    """Ids are compared as they are stored where that says the same."""
    column, size = _IDS[intrinsic]
    text = str(literal.value)
    if operator not in ("=~", "!~"):
        text = text.lower()
        if intrinsic is Intrinsic.TRACE_ID and operator in ("=", "!="):
            text = text.rjust(32, "0")
    if (
        operator in ("=", "!=")
        and len(text) == 2 * size
        and set(text) <= _HEX
        and set(text) != {"0"}
    ):
        return f"{column} {operator} toFixedString(unhex({bound.text(text)}), {size})"
    if operator in ("=", "!=") and not text:
        return f"{column} {operator} toFixedString('', {size})"
    case = Case(Held.TEXT, hex_id(column, size))
    return _with_literal(operator, [case], Literal(Type.STRING, text), bound)


def _has_many(scalar: Scalar) -> bool:
    match scalar:
        case Attribute(scope):
            return scope in EVENT_SCOPES
        case Field(intrinsic):
            return intrinsic.startswith(("event:", "link:"))
    return False


def _any_item(operator: str, left: Scalar, right: Scalar, bound: Bound) -> str:
    """A comparison of a field of events or links: one of them has to meet it."""
    if not isinstance(right, Literal):
        raise TypeError(f"{left} can only be compared with a value")
    nil = right.type is Type.NIL
    match left:
        case Attribute(scope, key):
            text, rest = f"{scope}_text", f"{scope}_rest"
            name = bound.text(key)
            if nil:
                condition = f"(mapContains({text}, {name}) or mapContains({rest}, {name}))"
            else:
                found = list(event_cases(scope, key, bound, text=text, rest=rest))
                condition = _with_literal(operator, found, right, bound)
            some = f"arrayExists(({text}, {rest}) -> {condition}, {scope}_str, {scope}_other)"
        case Field(Intrinsic.EVENT_NAME):
            case = Case(Held.TEXT, "event")
            condition = "true" if nil else _with_literal(operator, [case], right, bound)
            some = f"arrayExists(event -> {condition}, event_name)"
        case Field(Intrinsic.EVENT_TIME):
            # 128 bits: times are any of 64 without a sign.
            case = Case(Held.INT, "(toInt128(at) - toInt128(start_ns))")
            condition = "true" if nil else _with_literal(operator, [case], right, bound)
            some = f"arrayExists(at -> {condition}, event_time_ns)"
        case Field(intrinsic):
            condition = "true" if nil else _id(operator, intrinsic, right, bound)
            column = "link_span_id" if intrinsic is Intrinsic.LINK_SPAN_ID else "link_trace_id"
            some = f"arrayExists(id -> {condition}, {column})"
        case _:
            raise TypeError(f"{left} is no field of events or links")
    return f"not {some}" if nil and operator == "=" else some


def _alike(left: Held, right: Held) -> bool:
    return left == right != Held.OTHER or (left in NUMBERS and right in NUMBERS)


def _all_of(conditions: list[str]) -> str:
    return f"({' and '.join(conditions)})" if len(conditions) > 1 else "".join(conditions) or "true"


def _any_of(conditions: list[str]) -> str:
    return f"({' or '.join(conditions)})" if len(conditions) > 1 else "".join(conditions) or "false"
