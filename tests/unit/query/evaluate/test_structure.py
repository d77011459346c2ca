"""Relations between spans, against the obvious way to find them: looking at every pair."""

from collections.abc import Callable

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clew.query.evaluate.spans import Spans, TraceSpans
from clew.query.evaluate.structure import relation
from clew.query.language import RELATIONS

OPERATORS = [sign + plain for plain in RELATIONS for sign in ("", "!", "&")]


def trace(spans: list[tuple[int, int]]) -> TraceSpans:
    """Spans by id and id of the parent, 0 for none."""
    rows = [
        {
            "trace_id": b"t" * 16,
            "span_id": own.to_bytes(8, "big"),
            "parent_span_id": parent.to_bytes(8, "big"),
            "start_ns": row,
        }
        for row, (own, parent) in enumerate(spans)
    ]
    (found,) = Spans(pa.RecordBatch.from_pylist(rows)).traces()
    return found


def slow(spans: list[tuple[int, int]], operator: str, left: set[int], right: set[int]) -> set[int]:
    def parents(row: int) -> set[int]:
        return {one for one in range(len(spans)) if spans[one][0] == spans[row][1]}

    def ancestors(row: int) -> set[int]:
        seen: set[int] = set()
        waiting = parents(row)
        while waiting:
            seen |= waiting
            waiting = {above for one in waiting for above in parents(one)} - seen
        return seen

    holds: dict[str, Callable[[int, int], bool]] = {
        ">": lambda a, b: a in parents(b),
        ">>": lambda a, b: a in ancestors(b),
        "<": lambda a, b: b in parents(a),
        "<<": lambda a, b: b in ancestors(a),
        "~": lambda a, b: spans[a][1] == spans[b][1] != 0,
    }
    plain = operator.lstrip("!&")
    pairs = [(a, b) for a in left for b in right if a != b and holds[plain](a, b)]
    related = {b for _, b in pairs}
    if operator.startswith("!"):
        return right - related
    return related | {a for a, _ in pairs} if operator.startswith("&") else related


@given(
    spans=st.lists(st.tuples(st.integers(1, 6), st.integers(0, 6)), min_size=1, max_size=9),
    operator=st.sampled_from(OPERATORS),
    sides=st.tuples(st.integers(0, 511), st.integers(0, 511)),
)
def test_relation_holds_for_the_pairs_that_are_so(
    spans: list[tuple[int, int]], operator: str, sides: tuple[int, int]
) -> None:
    left, right = ([row for row in range(len(spans)) if side >> row & 1] for side in sides)
    found = relation(operator)(trace(spans), left, right)
    assert found == sorted(slow(spans, operator, set(left), set(right)))


@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize("shape", ["chain", "star", "circle"])
def test_large_trace_takes_one_pass(operator: str, shape: str) -> None:
    """A quadratic way would take minutes."""
    parent: Callable[[int], int] = {
        "chain": lambda own: own - 1,
        "star": lambda own: 0 if own == 1 else 1,
        "circle": lambda own: own - 1 or 20_000,
    }[shape]
    spans = trace([(own, parent(own)) for own in range(1, 20_001)])
    every = range(20_000)
    assert len(relation(operator)(spans, every, every)) <= 20_000
