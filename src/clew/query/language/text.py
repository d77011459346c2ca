"""Tree → text: one spelling for what has many. `parse(show(query)) == query`."""

import re

from clew.query.language.scalars import LEVELS
from clew.query.language.tree import (
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
    Literal,
    Pipeline,
    Query,
    Scalar,
    Scope,
    Select,
    Spanset,
    Stage,
    TraceId,
    Type,
    Unary,
)
from clew.query.language.values import number_text
from clew.query.language.words import INTRINSICS, ROOT_TEST, SCOPES, SHORT_OF

_PLAIN_KEY = re.compile(r"[^\W\d][\w$@#/.\-]*(?<!\.)")
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"})
_UNARY = 6
_RELATION = 2


def show(query: Query) -> str:
    """The text of a query."""
    return query.trace_id if isinstance(query, TraceId) else _pipeline(query)


def show_scalar(node: Scalar) -> str:
    """The text of an expression within a filter."""
    return _scalar(node, 0)


def show_stage(stage: Stage) -> str:
    """The text of a stage, without the `|` before it."""
    match stage:
        case Filter() | Combine():
            return _spanset(stage, 0)
        case AggregateFilter(operator, left, right):
            return f"{_aggregate(left, 3)} {operator} {_aggregate(right, 3)}"
        case GroupBy(keys):
            return f"by({', '.join(map(show_scalar, keys))})"
        case Select(fields):
            return f"select({', '.join(map(show_scalar, fields))})"
        case Coalesce():
            return "coalesce()"


def quoted(text: str) -> str:
    """A string as it is written in a query."""
    return f'"{text.translate(_ESCAPES)}"'


def _pipeline(pipeline: Pipeline) -> str:
    return " | ".join([_spanset(pipeline.source, 0), *map(show_stage, pipeline.stages)])


def _spanset(node: Spanset, level: int) -> str:
    match node:
        case Filter(None):
            return "{ }"
        case Filter(condition):
            assert condition is not None
            return f"{{ {show_scalar(condition)} }}"
        case Pipeline():
            return f"({_pipeline(node)})"
        case Combine(operator, left, right):
            own = LEVELS[operator] if operator in LOGIC else _RELATION
            text = f"{_spanset(left, own)} {operator} {_spanset(right, own + 1)}"
            return f"({text})" if own < level else text


def _scalar(node: Scalar, level: int) -> str:
    match node:
        case Literal():
            return _literal(node)
        case Attribute():
            return _attribute(node)
        case Field(intrinsic, parent):
            return f"{'parent.' if parent else ''}{SHORT_OF.get(intrinsic, intrinsic.value)}"
        case Unary("-", Literal() as operand):
            return f"-({_literal(operand)})"
        case Unary(operator, operand):
            return f"{operator}{_scalar(operand, _UNARY)}"
        case Binary(operator, left, right):
            own = LEVELS[operator]
            # Comparisons do not chain, and a power groups right.
            left_level = own if operator not in ("^",) and own != LEVELS["="] else own + 1
            right_level = own if operator == "^" else own + 1
            text = f"{_scalar(left, left_level)} {operator} {_scalar(right, right_level)}"
            return f"({text})" if own < level else text


def _aggregate(node: AggregateValue, level: int) -> str:
    match node:
        case Literal():
            return _literal(node)
        case Aggregate(function, operand, quantile):
            share = "" if quantile is None else f", {quantile!r}"
            return f"{function}({'' if operand is None else show_scalar(operand)}{share})"
        case AggregateBinary(operator, left, right):
            own = LEVELS[operator]
            left_level, right_level = (own + 1, own) if operator == "^" else (own, own + 1)
            text = f"{_aggregate(left, left_level)} {operator} {_aggregate(right, right_level)}"
            return f"({text})" if own < level else text


def _literal(node: Literal) -> str:
    match node.type:
        case Type.STRING:
            return quoted(str(node.value))
        case Type.INT | Type.FLOAT | Type.DURATION:
            return number_text(node.type, node.value)
        case Type.BOOL:
            return "true" if node.value else "false"
        case Type.NIL:
            return "nil"
        case Type.STATUS | Type.KIND:
            return str(node.value)


def _attribute(node: Attribute) -> str:
    scope = "." if node.scope is Scope.ANY else f"{node.scope.value}."
    plain = _PLAIN_KEY.fullmatch(node.key) is not None
    if node.parent:
        if node.scope is Scope.ANY:
            scope = ""
            plain = plain and not _reserved(node.key)
        scope = f"parent.{scope}"
    return f"{scope}{node.key if plain else quoted(node.key)}"


def _reserved(key: str) -> bool:
    """Whether a key right after `parent.` would be read as something else."""
    words = (*INTRINSICS, *SCOPES, "service.name", "trace", "parent", ROOT_TEST)
    return key in words or key.startswith(tuple(f"{word}." for word in SCOPES))
