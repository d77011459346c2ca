"""What a query says, as a tree. Nothing here knows text or SQL.

`docs/reference/query.md` says what each node means. `at` is where it stands in the query, in
characters from 0; it takes no part in comparisons, so that trees can be compared by meaning.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Scope(StrEnum):
    """Where an attribute is looked for. `ANY`: the span's, and if it has none the resource's."""

    ANY = "any"
    SPAN = "span"
    RESOURCE = "resource"
    EVENT = "event"
    LINK = "link"
    INSTRUMENTATION = "instrumentation"


class Intrinsic(StrEnum):
    """What OTLP itself says of a span, its events and links, its trace."""

    NAME = "span:name"
    DURATION = "span:duration"
    KIND = "span:kind"
    STATUS = "span:status"
    STATUS_MESSAGE = "span:statusMessage"
    SPAN_ID = "span:id"
    PARENT_ID = "span:parentID"
    CHILD_COUNT = "span:childCount"
    TRACE_ID = "trace:id"
    TRACE_DURATION = "trace:duration"
    ROOT_NAME = "trace:rootName"
    ROOT_SERVICE = "trace:rootService"
    EVENT_NAME = "event:name"
    EVENT_TIME = "event:timeSinceStart"
    LINK_TRACE_ID = "link:traceID"
    LINK_SPAN_ID = "link:spanID"
    INSTRUMENTATION_NAME = "instrumentation:name"
    INSTRUMENTATION_VERSION = "instrumentation:version"


class Type(StrEnum):
    """Of a literal. Durations are whole nanoseconds; status and kind are words."""

    STRING = "string"
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    DURATION = "duration"
    STATUS = "status"
    KIND = "kind"
    NIL = "nil"


Value = str | int | float | bool | None

COMPARISONS = ("=", "!=", "<", "<=", ">", ">=", "=~", "!~")
ARITHMETIC = ("+", "-", "*", "/", "%", "^")
LOGIC = ("&&", "||")
# Relations between spans of two sets; each also with ! (not so) and & (both sides) before it.
RELATIONS = (">", ">>", "<", "<<", "~")


@dataclass(frozen=True)
class Literal:
    """A value written in the query."""

    type: Type
    value: Value
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Attribute:
    """An attribute by scope and key; `parent`: of the parent span."""

    scope: Scope
    key: str
    parent: bool = False
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Field:
    """An intrinsic; `parent`: of the parent span."""

    intrinsic: Intrinsic
    parent: bool = False
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Unary:
    """`-x` or `!x`."""

    operator: str
    operand: "Scalar"
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Binary:
    """A comparison, arithmetic, or logic, within one span."""

    operator: str
    left: "Scalar"
    right: "Scalar"
    at: int = field(default=0, compare=False)


Scalar = Literal | Attribute | Field | Unary | Binary


@dataclass(frozen=True)
class Filter:
    """`{ condition }`: the spans that meet it; without a condition all."""

    condition: Scalar | None = None
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Combine:
    """Two sets of spans of one trace: `&&`, `||`, or a relation, perhaps with `!` or `&`."""

    operator: str
    left: "Spanset"
    right: "Spanset"
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Aggregate:
    """`count()`, `avg(x)`, `min(x)`, `max(x)`, `sum(x)`, `quantile(x, 0.9)` over a spanset."""

    function: str
    operand: Scalar | None = None
    quantile: float | None = None
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class AggregateBinary:
    """Arithmetic on aggregates."""

    operator: str
    left: "AggregateValue"
    right: "AggregateValue"
    at: int = field(default=0, compare=False)


AggregateValue = Aggregate | AggregateBinary | Literal


@dataclass(frozen=True)
class AggregateFilter:
    """`| avg(duration) > 1s`: keeps the spansets for which it holds."""

    operator: str
    left: AggregateValue
    right: AggregateValue
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class GroupBy:
    """`| by(x, …)`: splits each spanset by the values of one expression or more."""

    keys: tuple[Scalar, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Select:
    """`| select(x, …)`: fields that the answer shows for each matched span."""

    fields: tuple[Scalar, ...]
    at: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Coalesce:
    """`| coalesce()`: joins the spansets of a trace into one again."""

    at: int = field(default=0, compare=False)


Stage = Filter | Combine | AggregateFilter | GroupBy | Select | Coalesce


@dataclass(frozen=True)
class Pipeline:
    """A spanset, then stages from left to right. A spanset stage filters what came before it."""

    source: "Spanset"
    stages: tuple[Stage, ...] = ()
    at: int = field(default=0, compare=False)


# A pipeline inside another stands in parentheses.
Spanset = Filter | Combine | Pipeline


@dataclass(frozen=True)
class TraceId:
    """The whole query is a trace id: 32 lower-case hex digits."""

    trace_id: str


Query = Pipeline | TraceId
