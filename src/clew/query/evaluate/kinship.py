"""Who is above whom in a trace, in numbers: what relations are worked out on.

Several spans may have one id; then each of them is the parent of the children. Parents may go
round in circles: ids of one circle stand above one another.
"""

from collections.abc import Sequence

NO_PARENT = bytes(8)
NOBODY = -1  # the number of a parent that a span does not have


class Kinship:
    """Lists with a number for each row of the trace; rows count from 0 here.

    `own` and `parent` number the span's id and its parent's; there are `ids` of them. `circle` and
    `above` number the circles in which these stand, most of one id; there are `circles`, of spans
    that are stored, and what stands above has the smaller number. `NOBODY` is for what is missing.
    `pairs` are two circles each, a lower one and one right above it, by the lower one.
    `selves` are rows that are their own parent, `circled` rows whose parent is in their circle.
    """

    def __init__(self, ids: Sequence[bytes], parent_ids: Sequence[bytes]) -> None:
        numbers: dict[bytes, int] = {}
        self.own = [numbers.setdefault(one, len(numbers)) for one in ids]
        parents: list[list[int]] = [[] for _ in numbers]
        self.parent = [
            NOBODY if one == NO_PARENT else numbers.setdefault(one, len(numbers))
            for one in parent_ids
        ]
        self.ids = len(numbers)
        for own, parent in dict.fromkeys(zip(self.own, self.parent, strict=True)):
            if NOBODY < parent < len(parents):
                parents[own].append(parent)
        numbered, self.circles = _circles(parents)
        # Those of parents that are not stored, and of `NOBODY`, which is the last place.
        everybody = [*numbered, *[NOBODY] * (self.ids - len(parents) + 1)]
        self.circle = [everybody[own] for own in self.own]
        self.above = [everybody[parent] for parent in self.parent]
        rows = range(len(self.own))
        self.selves = [row for row in rows if self.own[row] == self.parent[row]]
        self.circled = [row for row in rows if self.circle[row] == self.above[row]]
        both = set(zip(self.circle, self.above, strict=True))
        self.pairs = sorted(pair for pair in both if pair[0] != pair[1] != NOBODY)


def _circles(parents: list[list[int]]) -> tuple[list[int], int]:
    """The number of the circle of each id, and how many there are (Tarjan)."""
    order, lowest = [0] * len(parents), [0] * len(parents)
    circle = [-1] * len(parents)
    waiting = [iter(above) for above in parents]
    is_open: list[int] = []
    seen = circles = 0
    for start in range(len(parents)):
        path = [] if order[start] else [start]
        while path:
            at = path[-1]
            if not order[at]:
                seen += 1
                order[at] = lowest[at] = seen
                is_open.append(at)
            for one in waiting[at]:
                if not order[one]:
                    path.append(one)
                    break
                if circle[one] < 0:
                    lowest[at] = min(lowest[at], order[one])
            else:
                path.pop()
                if path:
                    lowest[path[-1]] = min(lowest[path[-1]], lowest[at])
                if lowest[at] == order[at]:
                    while circle[at] < 0:
                        circle[is_open.pop()] = circles
                    circles += 1
    return circle, circles
