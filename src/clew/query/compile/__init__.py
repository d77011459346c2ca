"""Trees of queries → conditions and columns on the table of spans.

Text is built from fixed pieces and the files of `sql/query/part`; whatever a user wrote is a bound
parameter. A condition is two-valued and exact: it never gives `null`.
"""

from clew.query.compile.bound import Bound, Condition, NeedsTrace
from clew.query.compile.columns import Columns
from clew.query.compile.context import needs_trace, relaxed
from clew.query.compile.held import Held, HeldOf, every_type
from clew.query.compile.truth import truth
from clew.query.language import Scalar
from clew.sql import load

__all__ = [
    "Columns",
    "Condition",
    "Held",
    "HeldOf",
    "NeedsTrace",
    "condition",
    "every_type",
    "needs_trace",
    "relaxed",
]


def condition(scalar: Scalar | None, prefix: str = "q", held: HeldOf = every_type) -> Condition:
    """The condition that a span meets exactly when the expression is true for it.

    Parameters are named by the prefix and a number. `held` says which types the values of a key can
    have where the condition is used. Raises `NeedsTrace` for what a span alone does not tell.
    """
    if scalar is None:
        return Condition(load("query/part/everything").text)
    bound = Bound(prefix, held)
    return bound.condition(truth(scalar, bound))
