"""What the attribute index tells of a condition on spans.

Which seconds may hold a match, and which types the values of a key have at all. It only says where
not to look; what it cannot say, it leaves open.
"""

from collections.abc import Iterator

from clew.query.bounds import trace_ranges
from clew.query.compile import Condition, Held, condition
from clew.query.compile.context import leaves
from clew.query.compile.held import ALL_HELD
from clew.query.compile.truth import comparison_parts
from clew.query.language import (
    COMPARISONS,
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
from clew.query.rows import records
from clew.query.windows import MAX_SECOND, SecondRanges
from clew.sql import load
from clew.store import Reader

_INDEXED = (Scope.SPAN, Scope.RESOURCE, Scope.INSTRUMENTATION, Scope.EVENT)
_TYPES = {
    "string": Held.TEXT,
    "int": Held.INT,
    "float": Held.FLOAT,
    "bool": Held.BOOL,
    "other": Held.OTHER,
}
_HEX = frozenset("0123456789abcdef")
# Asking it costs milliseconds each time: a query of hundreds of conditions is not worth them.
_MOST_QUESTIONS = 32

# With so few rows in the whole store, all are read at once, and not again for each stretch of time.
_FEW_ROWS = 4_000

# The engine reads 8,192 spans at a time: with fewer carriers than these it skips most values.
_RARE = 1 / 30_000

# Sorted and disjoint; None: nothing is known.
Known = SecondRanges | None


class Index:
    """What it tells of one condition, for one search."""

    def __init__(self, reader: Reader, scalar: Scalar | None) -> None:
        self._reader, self._scalar = reader, scalar
        self._held: dict[tuple[Scope, str], frozenset[Held]] = {}
        self._carriers: dict[tuple[Scope, str], int] = {}
        self._row_counts: dict[tuple[Scope, str], int] = {}
        self._everywhere: dict[tuple[str, ...], SecondRanges] = {}
        self._usable: bool | None = None
        self._trusted = True
        self._questions = 0

    def held(self, scope: Scope, key: str) -> frozenset[Held]:
        """The types that values of this key have, anywhere in the store."""
        if not self._trusted or scope not in _INDEXED:
            return ALL_HELD
        if (scope, key) not in self._held:
            if len(self._held) >= _MOST_QUESTIONS or not self.usable:
                return ALL_HELD
            self._held[scope, key] = self._types(scope, key)
        return self._held[scope, key]

    def matching(self) -> Condition:
        """The condition in SQL, made cheaper by what is known."""
        found = condition(self._scalar, held=self.held)
        for part in _conjuncts(self._scalar):
            key = _needs_key(part)
            if key is not None and self._is_rare(key):
                first = condition(Binary("!=", key, Literal(Type.NIL, None)), "first", self.held)
                return Condition(found.text, found.parameters, first)
        return found

    def outdated(self) -> bool:
        """Whether a type has come that `held` did not know; from then on it knows nothing."""
        if not self._trusted:
            return False
        self._everywhere.clear()
        self._trusted = all(
            types == ALL_HELD or self._types(scope, key) <= types
            for (scope, key), types in self._held.items()
        )
        return not self._trusted

    def seconds(self, first: int, last: int) -> Known:
        """Seconds from `first` to `last` that may hold a match; None: any."""
        self._questions = 0
        if self._scalar is None:
            return None
        found = self._of(self._scalar, first, last)
        if found is None:
            return None
        return [(max(first, a), min(last, b)) for a, b in found if a <= last and b >= first]

    @property
    def usable(self) -> bool:
        """Not while there are spans from before it was written."""
        if self._usable is None:
            began = records(self._reader.query(load("store/read_meta"), key="attribute_index_from"))
            self._usable = not began or not records(
                self._reader.query(load("query/index_before"), day=began[0]["value"].decode())
            )
        return self._usable

    def _is_rare(self, key: Attribute) -> bool:
        if self.held(key.scope, key.key) == ALL_HELD:
            return False
        (row,) = records(self._reader.query(load("query/index_spans")))
        return self._carriers[key.scope, key.key] < _RARE * int(row["span_count"])

    def _types(self, scope: Scope, key: str) -> frozenset[Held]:
        rows = records(self._reader.query(load("query/index_types"), scope=scope.value, key=key))
        self._carriers[scope, key] = sum(row["span_count"] for row in rows)
        self._row_counts[scope, key] = sum(row["row_count"] for row in rows)
        if any(row["any_type"] for row in rows):
            return ALL_HELD
        return frozenset(_TYPES[row["type"].decode()] for row in rows)

    def _of(self, scalar: Scalar, first: int, last: int) -> Known:
        match scalar:
            case Literal(_, bool() as constant):
                return None if constant else []
            case Binary("&&", left, right):
                a = self._of(left, first, last)
                return a if a == [] else _both(a, self._of(right, first, last))
            case Binary("||", left, right):
                a = self._of(left, first, last)
                return None if a is None else _either(a, self._of(right, first, last))
            case Attribute():
                return self._compared(scalar, "=", Literal(Type.BOOL, True), first, last)
            case Binary():
                operator, left, right = comparison_parts(scalar)
                return self._comparison(operator, left, right, first, last)
            case Unary() | Field() | Literal():
                return None

    def _comparison(
        self, operator: str, left: Scalar, right: Scalar, first: int, last: int
    ) -> Known:
        if isinstance(right, Literal):
            if right.type is Type.NIL and operator == "=":
                return None
            if isinstance(left, Attribute):
                return self._compared(left, operator, right, first, last)
            if isinstance(left, Field) and left.intrinsic is Intrinsic.TRACE_ID:
                return self._of_trace(operator, str(right.value))
        found: Known = None
        for leaf in leaves(Binary(operator, left, right)):
            # Every side has a value where a comparison holds, and arithmetic needs all of them.
            if isinstance(leaf, Attribute):
                found = _both(found, self._rows(leaf, "query/index_exists", first, last))
        return found

    def _compared(
        self, left: Attribute, operator: str, literal: Literal, first: int, last: int
    ) -> Known:
        value = literal.value
        if operator == "=" and isinstance(value, str) and literal.type is Type.STRING:
            return self._equal(left, "string,other", value, first, last)
        if operator == "=" and isinstance(value, bool):
            return self._equal(left, "bool,other", str(value).lower(), first, last)
        if isinstance(value, int | float) and operator in ("=", "<", "<=", ">", ">="):
            low = "-inf" if operator in ("<", "<=") else repr(float(value))
            high = "inf" if operator in (">", ">=") else repr(float(value))
            within = self._rows(left, "query/index_range", first, last, low=low, high=high)
            if operator != "=" or not isinstance(value, int) or within == []:
                return within
            # Of whole numbers the text is known; a float may be written in more than one way.
            if self._floats(left):
                return within
            return _both(within, self._equal(left, "int,other", str(value), first, last))
        return self._rows(left, "query/index_exists", first, last)

    def _floats(self, left: Attribute) -> bool:
        return any(Held.FLOAT in self.held(scope, left.key) for scope in _scopes(left))

    def _equal(self, left: Attribute, types: str, value: str, first: int, last: int) -> Known:
        return self._rows(left, "query/index_equal", first, last, types=types, value=value)

    def _rows(
        self, left: Attribute, statement: str, first: int, last: int, **parameters: str
    ) -> Known:
        found: Known = []
        for scope in _scopes(left):
            self._questions += 1
            if scope not in _INDEXED or self._questions > _MOST_QUESTIONS or not self.usable:
                return None
            asked = {"scope": scope.value, "key": left.key, **parameters}
            if self._row_counts.get((scope, left.key), _FEW_ROWS) < _FEW_ROWS:
                question = (statement, *asked.values())
                if question not in self._everywhere:
                    self._everywhere[question] = self._ask(statement, asked, 0, MAX_SECOND)
                rows = self._everywhere[question]
            else:
                rows = self._ask(statement, asked, first, last)
            found = None if found is None else _either(found, rows)
        return found

    def _ask(self, statement: str, asked: dict[str, str], first: int, last: int) -> SecondRanges:
        table = self._reader.query(
            load(statement, rows=load("query/part/index_rows").text),
            first_second=first,
            last_second=last,
            **asked,
        )
        seconds = (table.column(name).to_pylist() for name in ("time", "last_time"))
        return _joined(sorted(zip(*seconds, strict=True)))

    def _of_trace(self, operator: str, text: str) -> Known:
        trace_id = text.lower().rjust(32, "0")
        if operator != "=" or len(trace_id) != 32 or not set(trace_id) <= _HEX:
            return None
        found = trace_ranges(self._reader, [bytes.fromhex(trace_id)])
        return [(one.first_second, one.last_second) for one in found]


def _conjuncts(scalar: Scalar | None) -> Iterator[Scalar]:
    waiting = [] if scalar is None else [scalar]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Binary) and one.operator == "&&":
            waiting += [one.right, one.left]
        else:
            yield one


def _needs_key(scalar: Scalar) -> Attribute | None:
    """The attribute of the span that has to be there for the comparison to hold."""
    left = scalar
    if isinstance(scalar, Binary):
        operator, left, right = comparison_parts(scalar)
        if operator not in COMPARISONS or not isinstance(right, Literal):
            return None
        if operator == "=" and right.type is Type.NIL:
            return None
    return left if isinstance(left, Attribute) and left.scope is Scope.SPAN else None


def _scopes(left: Attribute) -> tuple[Scope, ...]:
    return (Scope.SPAN, Scope.RESOURCE) if left.scope is Scope.ANY else (left.scope,)


def _both(one: Known, other: Known) -> Known:
    if one is None or other is None:
        return other if one is None else one
    found, at = [], 0
    for first, last in one:
        while at < len(other) and other[at][1] < first:
            at += 1
        place = at
        while place < len(other) and other[place][0] <= last:
            found.append((max(first, other[place][0]), min(last, other[place][1])))
            place += 1
    return found


def _either(one: SecondRanges, other: Known) -> Known:
    return None if other is None else _joined(sorted([*one, *other]))


def _joined(ranges: list[tuple[int, int]]) -> SecondRanges:
    """Sorted ranges, those that touch as one."""
    joined: SecondRanges = []
    for first, last in ranges:
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined
