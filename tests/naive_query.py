"""A second evaluator of queries, written to be obviously right and not to be fast.

It shares nothing with the engine but the tree: it walks over decoded spans, one trace at a time,
and does for each node what `docs/reference/query.md` says. The engine is compared with it.
"""

import json
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

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
    Type,
    Unary,
)

KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
STATUSES = ("unset", "ok", "error")


class Missing:
    """There is no value; also what `nil` is."""


class Other:
    """A value that is there but compares with nothing: bytes, maps, empty."""


MISSING, OTHER = Missing(), Other()


@dataclass(eq=False)
class Row:
    """A span with what stands around it."""

    span: Span
    resource: Iterable[KeyValue]
    scope: InstrumentationScope
    trace: "list[Row]" = field(default_factory=list)

    @property
    def id(self) -> str:
        return self.span.span_id.hex()

    @property
    def parent_id(self) -> str:
        return self.span.parent_span_id.hex() if any(self.span.parent_span_id) else ""

    @property
    def start_ns(self) -> int:
        return self.span.start_time_unix_nano

    @property
    def end_ns(self) -> int:
        return self.span.end_time_unix_nano


@dataclass(frozen=True)
class Found:
    """One spanset of the result: the values it was grouped by, and its spans."""

    by: tuple[str, ...]
    rows: tuple[Row, ...]


def traces(request: ExportTraceServiceRequest) -> dict[bytes, list[Row]]:
    """The spans of a request by trace id, as rows that know their trace."""
    found: dict[bytes, list[Row]] = {}
    for group in request.resource_spans:
        for scope in group.scope_spans:
            for span in scope.spans:
                row = Row(span, group.resource.attributes, scope.scope)
                row.trace = found.setdefault(span.trace_id, [])
                row.trace.append(row)
    return found


def answer(
    request: ExportTraceServiceRequest, query: Pipeline, start_ns: int, end_ns: int
) -> dict[bytes, list[Found]]:
    """The spansets of each trace that has a span of its result in the range."""
    result = {}
    for trace_id, rows in traces(request).items():
        found = pipeline(query, rows)
        if any(start_ns <= row.start_ns <= end_ns for one in found for row in one.rows):
            result[trace_id] = found
    return result


# Spansets ----------------------------------------------------------------------------------------


def pipeline(query: Pipeline, universe: Iterable[Row]) -> list[Found]:
    """What is left after the last stage; spansets without spans are not."""
    found = [Found((), tuple(spanset(query.source, list(universe))))]
    for stage in query.stages:
        match stage:
            case Filter() | Combine():
                found = [Found(one.by, tuple(spanset(stage, list(one.rows)))) for one in found]
            case AggregateFilter(operator, left, right):
                found = [
                    one
                    for one in found
                    if _compare(operator, _aggregate(left, one.rows), _aggregate(right, one.rows))
                ]
            case GroupBy(keys):
                found = [group for one in found for group in _groups(one, keys)]
            case Coalesce():
                rows = list(dict.fromkeys(row for one in found for row in one.rows))
                found = [Found((), tuple(rows))]
            case Select():
                pass
        found = [one for one in found if one.rows]
    return found


def spanset(node: Spanset, universe: list[Row]) -> list[Row]:
    """The spans of `universe` that the node selects."""
    match node:
        case Filter(condition):
            return [row for row in universe if condition is None or truth(condition, row)]
        case Pipeline():
            rows = {row for one in pipeline(node, universe) for row in one.rows}
            return [row for row in universe if row in rows]
        case Combine(operator, left, right):
            a, b = spanset(left, universe), spanset(right, universe)
            chosen = _combine(operator, a, b)
            return [row for row in universe if row in chosen]


def _combine(operator: str, a: list[Row], b: list[Row]) -> set[Row]:
    if operator == "&&":
        return {*a, *b} if a and b else set()
    if operator == "||":
        return {*a, *b}
    holds = RELATIONS[operator.strip("!&")]
    pairs = [(left, right) for right in b for left in a if left is not right and holds(left, right)]
    related = {right for _, right in pairs}
    if operator.startswith("!"):
        return set(b) - related
    if operator.startswith("&"):
        return related | {left for left, _ in pairs}
    return related


def _ancestors(row: Row) -> set[Row]:
    seen: set[Row] = set()
    waiting = [row]
    while waiting:
        for one in _parents(waiting.pop()):
            if one is not row and one not in seen:
                seen.add(one)
                waiting.append(one)
    return seen


def _parents(row: Row) -> list[Row]:
    return [one for one in row.trace if row.parent_id and one.id == row.parent_id]


RELATIONS: dict[str, Callable[[Row, Row], bool]] = {
    ">": lambda a, b: a in _parents(b),
    ">>": lambda a, b: a in _ancestors(b),
    "<": lambda a, b: b in _parents(a),
    "<<": lambda a, b: b in _ancestors(a),
    "~": lambda a, b: a.parent_id == b.parent_id != "",
}


def _groups(found: Found, keys: tuple[Scalar, ...]) -> list[Found]:
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in found.rows:
        groups.setdefault(tuple(_group_key(value(key, row)) for key in keys), []).append(row)
    return [Found((*found.by, *by), tuple(rows)) for by, rows in groups.items()]


def _group_key(found: Any) -> str:
    if found is MISSING:
        return "nil"
    if found is OTHER:
        return "other"
    return f"{type(found).__name__} {json.dumps(found, default=str)}"


def _aggregate(node: AggregateValue, rows: tuple[Row, ...]) -> Any:
    match node:
        case Literal():
            return node.value
        case AggregateBinary(operator, left, right):
            return _arithmetic(operator, _aggregate(left, rows), _aggregate(right, rows))
        case Aggregate("count"):
            return len(rows)
        case Aggregate(function, operand, quantile):
            assert operand is not None
            numbers = [float(x) for x in (value(operand, row) for row in rows) if _is_number(x)]
            numbers = [x for x in numbers if not math.isnan(x)]
            if not numbers:
                return MISSING
            match function:
                case "sum":
                    return math.fsum(numbers)
                case "avg":
                    return math.fsum(numbers) / len(numbers)
                case "min":
                    return min(numbers)
                case "max":
                    return max(numbers)
                case "quantile":
                    assert quantile is not None
                    return _quantile(sorted(numbers), quantile)
    raise AssertionError(node)


def _quantile(numbers: list[float], q: float) -> float:
    place = q * (len(numbers) - 1)
    low = math.floor(place)
    high = min(low + 1, len(numbers) - 1)
    return numbers[low] + (numbers[high] - numbers[low]) * (place - low)


# Within one span ---------------------------------------------------------------------------------


def truth(node: Scalar, row: Row) -> bool:
    """Whether a condition holds for a span."""
    match node:
        case Binary("&&", left, right):
            return truth(left, row) and truth(right, row)
        case Binary("||", left, right):
            return truth(left, row) or truth(right, row)
        case Unary("!", operand):
            return not truth(operand, row)
        case Literal(_, bool() as constant):
            return constant
        case Attribute():
            return truth(Binary("=", node, Literal(Type.BOOL, True)), row)
        case Binary(operator, Literal() as left, right) if not isinstance(right, Literal):
            turned = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(operator, operator)
            return truth(Binary(turned, right, left), row)
        case Binary(operator, left, Literal(type=Type.NIL)):
            there = _is_there(left, row)
            return there if operator == "!=" else not there
        case Binary(operator, left, Literal() as right):
            literal = _literal(left, operator, right)
            if _has_many(left):
                return any(_holds(operator, one, literal) for one in _many(left, row))
            return _holds(operator, value(left, row), literal)
        case Binary(operator, left, right):
            a, b = value(left, row), value(right, row)
            return not isinstance(a, list) and not isinstance(b, list) and _compare(operator, a, b)
    raise AssertionError(node)


def _literal(left: Scalar, operator: str, literal: Literal) -> Any:
    """The value to compare with: words of enumerations as numbers, ids as they are stored."""
    if literal.type is Type.KIND:
        return KINDS.index(str(literal.value))
    if literal.type is Type.STATUS:
        return STATUSES.index(str(literal.value))
    ids = (
        Intrinsic.TRACE_ID,
        Intrinsic.SPAN_ID,
        Intrinsic.PARENT_ID,
        Intrinsic.LINK_TRACE_ID,
        Intrinsic.LINK_SPAN_ID,
    )
    if isinstance(left, Field) and left.intrinsic in ids and operator not in ("=~", "!~"):
        text = str(literal.value).lower()
        if left.intrinsic is Intrinsic.TRACE_ID and operator in ("=", "!="):
            text = text.rjust(32, "0")
        return text
    return literal.value


def _is_there(node: Scalar, row: Row) -> bool:
    if _has_many(node):
        return any(one is not MISSING for one in _many(node, row))
    return value(node, row) is not MISSING


def _has_many(node: Scalar) -> bool:
    match node:
        case Attribute(scope=Scope.EVENT | Scope.LINK):
            return True
        case Field(intrinsic):
            return intrinsic.startswith(("event:", "link:"))
    return False


def _many(node: Scalar, row: Row) -> list[Any]:
    """The value of a field in each event, or in each link; MISSING where one has none."""
    if isinstance(node, Attribute | Field) and node.parent:
        row_or_none = _parent(row)
        if row_or_none is None:
            return []
        row = row_or_none
    match node:
        case Attribute(Scope.EVENT, key):
            return [_lookup(event.attributes, key) for event in row.span.events]
        case Attribute(Scope.LINK, key):
            return [_lookup(link.attributes, key) for link in row.span.links]
        case Field(Intrinsic.EVENT_NAME):
            return [event.name for event in row.span.events]
        case Field(Intrinsic.EVENT_TIME):
            return [event.time_unix_nano - row.start_ns for event in row.span.events]
        case Field(Intrinsic.LINK_TRACE_ID):
            return [link.trace_id.hex() for link in row.span.links]
        case Field(Intrinsic.LINK_SPAN_ID):
            return [link.span_id.hex() for link in row.span.links]
    raise AssertionError(node)


def value(node: Scalar, row: Row) -> Any:
    """The value of an expression for a span: a Python value, a list for an array, or MISSING."""
    match node:
        case Literal():
            return MISSING if node.type is Type.NIL else node.value
        case Attribute(scope, key, parent):
            owner = _parent(row) if parent else row
            return MISSING if owner is None else _attribute(scope, key, owner)
        case Field(intrinsic, parent):
            owner = _parent(row) if parent else row
            return MISSING if owner is None else _intrinsic(intrinsic, owner)
        case Unary("-", operand):
            number = value(operand, row)
            return -float(number) if _is_number(number) else MISSING
        case Binary(operator, left, right) if operator in "+-*/%^":
            return _arithmetic(operator, value(left, row), value(right, row))
    return truth(node, row)


def _parent(row: Row) -> Row | None:
    return min(_parents(row), key=lambda one: (one.start_ns, one.id), default=None)


def _attribute(scope: Scope, key: str, row: Row) -> Any:
    own: dict[Scope, Iterable[KeyValue]] = {
        Scope.SPAN: row.span.attributes,
        Scope.RESOURCE: row.resource,
        Scope.INSTRUMENTATION: row.scope.attributes,
    }
    if scope is Scope.ANY:
        found = _lookup(row.span.attributes, key)
        return _lookup(row.resource, key) if found is MISSING else found
    return _lookup(own[scope], key)


def _lookup(attributes: Iterable[KeyValue], key: str) -> Any:
    """The first value of a repeated key, strings before ints, floats, booleans, all others."""
    values = [_python(pair.value) for pair in attributes if pair.key == key]
    for wanted in (str, int, float, bool):
        for one in values:
            if type(one) is wanted:
                return one
    return values[0] if values else MISSING


def _python(sent: AnyValue) -> Any:
    match sent.WhichOneof("value"):
        case "string_value":
            return sent.string_value
        case "int_value":
            return sent.int_value
        case "double_value":
            return sent.double_value
        case "bool_value":
            return sent.bool_value
        case "array_value":
            return [_python(one) for one in sent.array_value.values]
    return OTHER


def _intrinsic(intrinsic: Intrinsic, row: Row) -> Any:
    span = row.span
    match intrinsic:
        case Intrinsic.NAME:
            return span.name
        case Intrinsic.DURATION:
            return max(0, row.end_ns - row.start_ns)
        case Intrinsic.KIND:
            return span.kind
        case Intrinsic.STATUS:
            return span.status.code
        case Intrinsic.STATUS_MESSAGE:
            return span.status.message
        case Intrinsic.SPAN_ID:
            return row.id
        case Intrinsic.PARENT_ID:
            return row.parent_id
        case Intrinsic.CHILD_COUNT:
            return sum(one.parent_id == row.id for one in row.trace)
        case Intrinsic.TRACE_ID:
            return span.trace_id.hex()
        case Intrinsic.TRACE_DURATION:
            last = max(max(one.start_ns, one.end_ns) for one in row.trace)
            return last - min(one.start_ns for one in row.trace)
        case Intrinsic.ROOT_NAME:
            root = _root(row)
            return MISSING if root is None else root.span.name
        case Intrinsic.ROOT_SERVICE:
            root = _root(row)
            return MISSING if root is None else _lookup(root.resource, "service.name")
        case Intrinsic.INSTRUMENTATION_NAME:
            return row.scope.name
        case Intrinsic.INSTRUMENTATION_VERSION:
            return row.scope.version
    raise AssertionError(intrinsic)


def _root(row: Row) -> Row | None:
    roots = [one for one in row.trace if not one.parent_id]
    return min(roots, key=lambda one: (one.start_ns, one.id), default=None)


# Values ------------------------------------------------------------------------------------------


def _is_number(found: Any) -> bool:
    return type(found) in (int, float)


def _holds(operator: str, found: Any, literal: Any) -> bool:
    """A comparison with a literal: of an array, any element is enough, or for != and !~ none."""
    if not isinstance(found, list):
        return _compare(operator, found, literal)
    positive = {"!=": "=", "!~": "=~"}.get(operator, operator)
    some = any(_compare(positive, one, literal) for one in found if not isinstance(one, list))
    return some if positive == operator else not some


def _compare(operator: str, left: Any, right: Any) -> bool:
    """False unless both are there and of one kind."""
    if _is_number(left) and _is_number(right):
        pass
    elif type(left) is not type(right) or left is MISSING or left is OTHER:
        return False
    if left != left or right != right:  # nan
        return False
    if isinstance(left, str):
        if operator in ("=~", "!~"):
            return (re.fullmatch(right, left) is not None) == (operator == "=~")
        left, right = left.encode(), right.encode()
    results: dict[str, Callable[[], bool]] = {
        "=": lambda: left == right,
        "!=": lambda: left != right,
        "<": lambda: left < right,
        "<=": lambda: left <= right,
        ">": lambda: left > right,
        ">=": lambda: left >= right,
    }
    return results[operator]()


def _arithmetic(operator: str, left: Any, right: Any) -> Any:
    if not _is_number(left) or not _is_number(right):
        return MISSING
    a, b = float(left), float(right)
    try:
        match operator:
            case "+":
                return a + b
            case "-":
                return a - b
            case "*":
                return a * b
            case "/":
                return a / b if b else MISSING
            case "%":
                return math.fmod(a, b) if b else MISSING
            case "^":
                return math.pow(a, b)
    except (OverflowError, ValueError) as error:
        # What IEEE 754 gives: infinity, or not a number.
        if operator != "^" or (isinstance(error, ValueError) and a != 0):
            return math.nan
        return math.copysign(math.inf, a) if b % 2 == 1 else math.inf
    raise AssertionError(operator)
