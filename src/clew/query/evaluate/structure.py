"""Relations between spans of a trace, each in one pass over the ids.

A relation never holds between a span and itself. Several spans may have one id; then each of them
is the parent of the children. Parents may go round in circles. For every id two spans of the left
side are remembered, because one of them may be the span that is asked about.
"""

from collections.abc import Callable, Collection, Iterable
from functools import partial

from clew.query.evaluate.spans import NO_PARENT, TraceSpans

# At most two different spans.
_Some = tuple[int, ...]
_Seen = dict[bytes, _Some]
# The spans of the right side for which it holds.
Relation = Callable[[TraceSpans, Collection[int], Collection[int]], set[int]]


def _children(trace: TraceSpans, left: Collection[int], right: Collection[int]) -> set[int]:
    """`>`: the parent is in the left side."""
    by_id = _gathered((trace.ids[row], row) for row in left)
    return {row for row in right if _another(by_id.get(trace.parent_ids[row], ()), row)}


def _parents(trace: TraceSpans, left: Collection[int], right: Collection[int]) -> set[int]:
    """`<`: a child is in the left side."""
    by_parent = _gathered((trace.parent_ids[row], row) for row in left)
    return {row for row in right if _another(by_parent.get(trace.ids[row], ()), row)}


def _siblings(trace: TraceSpans, left: Collection[int], right: Collection[int]) -> set[int]:
    """`~`: another span of the same parent is in the left side."""
    by_parent = _gathered(
        (trace.parent_ids[row], row) for row in left if trace.parent_ids[row] != NO_PARENT
    )
    return {row for row in right if _another(by_parent.get(trace.parent_ids[row], ()), row)}


def _descendants(trace: TraceSpans, left: Collection[int], right: Collection[int]) -> set[int]:
    """`>>`: a span above is in the left side."""
    seen = _gathered((trace.ids[row], row) for row in left)
    for circle in _lowest_last(trace):
        _share(
            circle, seen, (seen.get(above, ()) for one in circle for above in _above(trace, one))
        )
    return {row for row in right if _another(seen.get(trace.parent_ids[row], ()), row)}


def _ancestors(trace: TraceSpans, left: Collection[int], right: Collection[int]) -> set[int]:
    """`<<`: a span below is in the left side."""
    seen = _gathered((trace.parent_ids[row], row) for row in left)
    for circle in reversed(_lowest_last(trace)):
        _share(circle, seen, ())
        for one in circle:
            for above in _above(trace, one):
                seen[above] = _merged(seen.get(above, ()), seen.get(one, ()))
    return {row for row in right if _another(seen.get(trace.ids[row], ()), row)}


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


def _not(
    holds: Relation, trace: TraceSpans, left: Collection[int], right: Collection[int]
) -> set[int]:
    return set(right) - holds(trace, left, right)


def _union(
    holds: Relation,
    turned: Relation,
    trace: TraceSpans,
    left: Collection[int],
    right: Collection[int],
) -> set[int]:
    return holds(trace, left, right) | turned(trace, right, left)


def _above(trace: TraceSpans, span_id: bytes) -> set[bytes]:
    """The ids of the parents of the spans with this id, as far as they are in the trace."""
    ids = {trace.parent_ids[row] for row in trace.by_id[span_id]}
    return {one for one in ids if one != NO_PARENT and one in trace.by_id}


def _gathered(pairs: Iterable[tuple[bytes, int]]) -> _Seen:
    seen: _Seen = {}
    for span_id, row in pairs:
        seen[span_id] = _merged(seen.get(span_id, ()), (row,))
    return seen


def _merged(one: _Some, other: _Some) -> _Some:
    if len(one) == 2 or not other:
        return one
    return tuple(dict.fromkeys((*one, *other)))[:2]


def _another(some: _Some, row: int) -> bool:
    return any(one != row for one in some)


def _share(circle: list[bytes], seen: _Seen, more: Iterable[_Some]) -> None:
    """Ids in a circle of parents stand above one another: they see the same."""
    shared: _Some = ()
    for some in (*(seen.get(one, ()) for one in circle), *more):
        shared = _merged(shared, some)
    for one in circle:
        seen[one] = shared


def _lowest_last(trace: TraceSpans) -> list[list[bytes]]:
    """The ids in circles, most of one id; a circle comes after all that stand above it (Tarjan)."""
    order: dict[bytes, int] = {}
    lowest: dict[bytes, int] = {}
    open_ids: list[bytes] = []
    is_open: set[bytes] = set()
    circles: list[list[bytes]] = []
    for start in trace.by_id:
        if start in order:
            continue
        order[start] = lowest[start] = len(order)
        open_ids.append(start)
        is_open.add(start)
        path = [(start, iter(_above(trace, start)))]
        while path:
            at, above = path[-1]
            for one in above:
                if one not in order:
                    order[one] = lowest[one] = len(order)
                    open_ids.append(one)
                    is_open.add(one)
                    path.append((one, iter(_above(trace, one))))
                    break
                if one in is_open:
                    lowest[at] = min(lowest[at], order[one])
            else:
                path.pop()
                if path:
                    lowest[path[-1][0]] = min(lowest[path[-1][0]], lowest[at])
                if lowest[at] == order[at]:
                    first = _last_index(open_ids, at)
                    circles.append(open_ids[first:])
                    is_open.difference_update(open_ids[first:])
                    del open_ids[first:]
    return circles


def _last_index(ids: list[bytes], wanted: bytes) -> int:
    at = len(ids) - 1
    while ids[at] != wanted:
        at -= 1
    return at
