"""Relations between spans of a trace, each in a few passes over their numbers.

A relation never holds between a span and itself. That can only be in question for a span whose
parent is in its own circle: there all others of the circle are counted.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

from clew.query.evaluate.kinship import NOBODY
from clew.query.evaluate.spans import TraceSpans

Rows = Sequence[int]
# The spans of the right side for which it holds, in the order of that side.
Relation = Callable[[TraceSpans, Rows, Rows], list[int]]


def _children(trace: TraceSpans, left: Rows, right: Rows) -> list[int]:
    """`>`: the parent is in the left side."""
    kin, first = trace.kinship, trace.rows.start
    count = _counted(kin.own, left, trace)
    selves = _among(kin.selves, left, trace)
    return [row for row in right if count[kin.parent[row - first]] > (row in selves)]


def _parents(trace: TraceSpans, left: Rows, right: Rows) -> list[int]:
    """`<`: a child is in the left side."""
    kin, first = trace.kinship, trace.rows.start
    count = _counted(kin.parent, left, trace)
    selves = _among(kin.selves, left, trace)
    return [row for row in right if count[kin.own[row - first]] > (row in selves)]


def _siblings(trace: TraceSpans, left: Rows, right: Rows) -> list[int]:
    """`~`: another span of the same parent is in the left side."""
    parent, first, among = trace.kinship.parent, trace.rows.start, set(left)
    count = _counted(parent, left, trace)
    count[NOBODY] = 0
    return [row for row in right if count[parent[row - first]] > (row in among)]


def _descendants(trace: TraceSpans, left: Rows, right: Rows) -> list[int]:
    """`>>`: a span above is in the left side."""
    kin, first = trace.kinship, trace.rows.start
    within = _marked(kin.circle, left, trace)
    higher = [False] * len(within)
    for circle, above in kin.pairs:
        if within[above] or higher[above]:
            higher[circle] = True
    seen = [one or other for one, other in zip(within, higher, strict=True)]
    alone = _alone(kin.circle, higher, left, trace)
    return [row for row in right if seen[kin.above[row - first]] and row not in alone]


def _ancestors(trace: TraceSpans, left: Rows, right: Rows) -> list[int]:
    """`<<`: a span below is in the left side."""
    kin, first = trace.kinship, trace.rows.start
    # Here, that the parent is within: it stands above.
    within = _marked(kin.above, left, trace)
    lower = [False] * len(within)
    for circle, above in reversed(kin.pairs):
        if within[circle] or lower[circle]:
            lower[above] = True
    seen = [one or other for one, other in zip(within, lower, strict=True)]
    alone = _alone(kin.above, lower, left, trace)
    return [row for row in right if seen[kin.circle[row - first]] and row not in alone]


_RELATIONS: dict[str, Relation] = {
    ">": _children,
    "<": _parents,
    ">>": _descendants,
    "<<": _ancestors,
    "~": _siblings,
}
_TURNED = {">": "<", "<": ">", ">>": "<<", "<<": ">>", "~": "~"}


def relation(operator: str) -> Relation:
    """The function of a relation, also with `!` or `&` before it."""
    plain = operator.lstrip("!&")
    if operator.startswith("!"):
        return partial(_not, _RELATIONS[plain])
    if operator.startswith("&"):
        return partial(_union, _RELATIONS[plain], _RELATIONS[_TURNED[plain]])
    return _RELATIONS[plain]


def _not(holds: Relation, trace: TraceSpans, left: Rows, right: Rows) -> list[int]:
    found = set(holds(trace, left, right))
    return [row for row in right if row not in found]


def _union(
    holds: Relation, turned: Relation, trace: TraceSpans, left: Rows, right: Rows
) -> list[int]:
    return sorted({*holds(trace, left, right), *turned(trace, right, left)})


def _counted(numbers: list[int], rows: Rows, trace: TraceSpans) -> list[int]:
    """How often each id comes among the rows; the last place is that of `NOBODY`."""
    count, first = [0] * (trace.kinship.ids + 1), trace.rows.start
    for row in rows:
        count[numbers[row - first]] += 1
    return count


def _marked(numbers: list[int], rows: Rows, trace: TraceSpans) -> list[bool]:
    """Which circles come among the rows; the last place is that of `NOBODY`, which never does."""
    marked, first = [False] * (trace.kinship.circles + 1), trace.rows.start
    for row in rows:
        marked[numbers[row - first]] = True
    marked[NOBODY] = False
    return marked


def _among(some: list[int], rows: Rows, trace: TraceSpans) -> set[int]:
    """Those of some rows of `Kinship` that are among these."""
    return {trace.rows.start + row for row in some}.intersection(rows) if some else set()


def _alone(numbers: list[int], beyond: list[bool], left: Rows, trace: TraceSpans) -> set[int]:
    """Rows of the left side that would only be related to themselves, in their circle.

    `beyond`: whether a circle sees any of the left side in others.
    """
    kin, first = trace.kinship, trace.rows.start
    if not kin.circled:
        return set()
    count = Counter(numbers[row - first] for row in left)
    return {
        row
        for row in _among(kin.circled, left, trace)
        if count[kin.circle[row - first]] == 1 and not beyond[kin.circle[row - first]]
    }
