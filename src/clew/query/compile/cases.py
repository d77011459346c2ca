"""What an expression can be for a span, as SQL: one case for each type that its value can have.

Cases exclude one another: of a key that is there twice the first type of `Held` counts. A span for
which no case is given has no value.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from clew.query.compile.bound import Bound, NeedsTrace, part
from clew.query.compile.held import NUMBERS, Held
from clew.query.language import (
    Attribute,
    Binary,
    Field,
    Intrinsic,
    Literal,
    Scalar,
    Scope,
    Type,
    Unary,
    Value,
)

UNKNOWN_SERVICE = "unknown_service"  # in the column `service` when nothing else is known
SERVICE = Attribute(Scope.RESOURCE, "service.name")
STATUSES = ("unset", "ok", "error")
KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
EVENT_SCOPES = (Scope.EVENT, Scope.LINK)

_OWNERS = {Scope.SPAN: "attr", Scope.RESOURCE: "resource", Scope.INSTRUMENTATION: "scope"}
# First bytes of an AnyValue message: field numbers 2 to 5 with their wire types.
_TAGS = {Held.INT: 0x18, Held.FLOAT: 0x21, Held.BOOL: 0x10}
ARRAY_TAG = 0x2A
_FIELDS = {
    Intrinsic.NAME: (Held.TEXT, "name"),
    Intrinsic.DURATION: (Held.INT, "duration_ns"),
    Intrinsic.KIND: (Held.INT, "kind"),
    Intrinsic.STATUS: (Held.INT, "status_code"),
    Intrinsic.STATUS_MESSAGE: (Held.TEXT, "status_message"),
    Intrinsic.INSTRUMENTATION_NAME: (Held.TEXT, "scope_name"),
    Intrinsic.INSTRUMENTATION_VERSION: (Held.TEXT, "scope_version"),
}
ID_COLUMNS = {
    Intrinsic.SPAN_ID: ("span_id", 8),
    Intrinsic.PARENT_ID: ("parent_span_id", 8),
    Intrinsic.TRACE_ID: ("trace_id", 16),
}


@dataclass(frozen=True)
class Case:
    """The value is `value`, of this type, where all of `given` hold.

    `absent`: what `value` shows where the first of them does not hold; None: that has to be tested
    (a map's keys are read much faster than its values). `only`: the values it can have, if known.
    """

    held: Held
    value: str
    given: tuple[str, ...] = ()
    absent: Value = None
    only: tuple[Value, ...] = ()
    nullable: bool = False


def cases(scalar: Scalar, bound: Bound) -> list[Case]:
    """Those of an expression that is no condition."""
    match scalar:
        case Literal():
            return _literal(scalar, bound)
        case Attribute() | Field() if scalar.parent:
            raise NeedsTrace(scalar)
        case Attribute(scope, key):
            return _attribute(scope, key, bound)
        case Field(intrinsic):
            return [_field(intrinsic)]
    value = number(scalar, bound)
    return [Case(Held.FLOAT, value, (f"isNotNull({value})",), nullable=True)]


def exists(scalar: Scalar, bound: Bound) -> str:
    """The condition that there is a value."""
    match scalar:
        case Attribute(scope, key, parent=False) if scope not in EVENT_SCOPES:
            if scalar == SERVICE:
                return _any_of([f"service != '{UNKNOWN_SERVICE}'", _has(scope, key, bound)])
            if scope is Scope.ANY:
                return _any_of([_has(each, key, bound) for each in (Scope.SPAN, Scope.RESOURCE)])
            return _has(scope, key, bound)
        case Literal(type):
            return "false" if type is Type.NIL else "true"
    found = cases(scalar, bound)
    return _any_of([_all_of(case.given) for case in found])


def number(scalar: Scalar, bound: Bound) -> str:
    """A `Nullable(Float64)`: null for all that is no number."""
    match scalar:
        case Unary("-", operand):
            return f"(-{number(operand, bound)})"
        case Binary(operator, left, right):
            a, b = number(left, bound), number(right, bound)
            match operator:
                case "+" | "-" | "*":
                    return f"({a} {operator} {b})"
                case "/":
                    return f"({a} / nullIf({b}, 0))"
                case "%":
                    return f"modulo({a}, nullIf({b}, 0))"
                case "^":
                    return f"pow({a}, {b})"
    branches = [
        f"{_all_of(case.given)}, toFloat64({case.value})"
        for case in cases(scalar, bound)
        if case.held in NUMBERS
    ]
    if not branches:
        return "cast(null, 'Nullable(Float64)')"
    return f"multiIf({', '.join(branches)}, null)"


def event_cases(scope: Scope, key: str, bound: Bound, *, text: str, rest: str) -> Iterator[Case]:
    """The cases of an attribute of one event or link, whose two maps have these names."""
    name = bound.text(key)
    held = bound.held(scope, key)
    before: list[str] = []
    if Held.TEXT in held:
        has = f"mapContains({text}, {name})"
        yield Case(Held.TEXT, f"{text}[{name}]", (has,))
        before.append(has)
    for each, tag in _TAGS.items():
        if each not in held:
            continue
        first = part("first_typed", key=name, tag=str(tag), attributes=rest)
        yield Case(each, any_value(each, first), (f"notEmpty({first})", *_none(before)))
        before.append(f"notEmpty({first})")
    if Held.OTHER in held:
        has = f"mapContains({rest}, {name})"
        yield Case(Held.OTHER, f"{rest}[{name}]", (has, *_none(before)))


def any_value(held: Held, message: str) -> str:
    """The value in an AnyValue message of this type."""
    match held:
        case Held.TEXT:
            return part("any_text", message=message)
        case Held.INT:
            return part("any_int", message=message)
        case Held.FLOAT:
            return part("any_float", message=message)
        case Held.BOOL:
            return f"({part('any_int', message=message)} != 0)"
        case Held.OTHER:
            return message


def element_cases(element: str) -> list[Case]:
    """The cases of an element of an array; those that are arrays or maps have none."""
    tags = {Held.TEXT: 0x0A, **_TAGS}
    return [
        Case(held, any_value(held, element), (f"startsWith({element}, char({tag}))",))
        for held, tag in tags.items()
    ]


def hex_id(column: str, size: int) -> str:
    return part("hex_id", column=column, bytes=str(size))


def enumerated(literal: Literal) -> int | None:
    """The number of a word of `status` or `kind`."""
    if literal.type is Type.STATUS:
        return STATUSES.index(str(literal.value))
    if literal.type is Type.KIND:
        return KINDS.index(str(literal.value))
    return None


def _literal(literal: Literal, bound: Bound) -> list[Case]:
    value = literal.value
    if (word := enumerated(literal)) is not None:
        return [Case(Held.INT, bound.number(word))]
    match value:
        case bool():
            return [Case(Held.BOOL, bound.truth(value))]
        case int():
            return [Case(Held.INT, bound.number(value))]
        case float():
            return [Case(Held.FLOAT, bound.real(value))]
        case str():
            return [Case(Held.TEXT, bound.text(value))]
        case None:
            return []


def _field(intrinsic: Intrinsic) -> Case:
    if intrinsic in ID_COLUMNS:
        return Case(Held.TEXT, hex_id(*ID_COLUMNS[intrinsic]))
    if intrinsic not in _FIELDS:
        raise NeedsTrace(intrinsic)
    return Case(*_FIELDS[intrinsic])


def _attribute(scope: Scope, key: str, bound: Bound) -> list[Case]:
    if scope is Scope.ANY:
        span = _has(Scope.SPAN, key, bound)
        without = _none([span])
        return [
            *_owned(Scope.SPAN, key, bound),
            *_owned(Scope.RESOURCE, key, bound, without if span != "false" else ()),
        ]
    if Attribute(scope, key) != SERVICE:
        return list(_owned(scope, key, bound))
    unknown = f"service = '{UNKNOWN_SERVICE}'"
    return [
        Case(Held.TEXT, "service", (f"not {unknown}",), absent=UNKNOWN_SERVICE),
        *_owned(scope, key, bound, (unknown,), only=("", UNKNOWN_SERVICE)),
    ]


def _owned(
    scope: Scope,
    key: str,
    bound: Bound,
    given: tuple[str, ...] = (),
    only: tuple[Value, ...] = (),
) -> Iterator[Case]:
    before: list[str] = []
    for held, has in _maps(scope, key, bound):
        value = f"{_OWNERS[scope]}_{held}[{bound.text(key)}]"
        texts = only if held is Held.TEXT else ()
        yield Case(held, value, (has, *_none(before), *given), only=texts)
        before.append(has)


def _maps(scope: Scope, key: str, bound: Bound) -> list[tuple[Held, str]]:
    held = bound.held(scope, key)
    return [
        (each, f"mapContains({_OWNERS[scope]}_{each}, {bound.text(key)})")
        for each in Held
        if each in held
    ]


def _has(scope: Scope, key: str, bound: Bound) -> str:
    return _any_of([has for _, has in _maps(scope, key, bound)])


def _none(conditions: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"not {condition}" for condition in conditions)


def _all_of(conditions: Sequence[str]) -> str:
    return f"({' and '.join(conditions)})" if conditions else "true"


def _any_of(conditions: Sequence[str]) -> str:
    return f"({' or '.join(conditions)})" if conditions else "false"
