"""Columns of an answer that hold, for each span, what expressions of a query are."""

from clew.query.compile.bound import Bound, Condition
from clew.query.compile.cases import Case, cases
from clew.query.compile.held import Held, HeldOf, every_type
from clew.query.compile.truth import truth
from clew.query.language import Scalar


class Columns:
    """Collects expressions. `text` is the columns for a `select`, each with a comma before it."""

    def __init__(self, prefix: str = "c", held: HeldOf = every_type) -> None:
        self._bound = Bound(prefix, held)
        self._prefix = prefix
        self._texts: dict[str, str] = {}
        self._values: dict[Scalar, dict[Held, str]] = {}

    def truth(self, scalar: Scalar) -> str:
        """The name of a column of 0 and 1: whether this condition holds."""
        return self._column(f"toUInt8({truth(scalar, self._bound)})")

    def value(self, scalar: Scalar) -> dict[Held, str]:
        """The names of nullable columns, one per type that the value can have."""
        if scalar not in self._values:
            found = cases(scalar, self._bound)
            self._values[scalar] = {
                held: self._column(_nullable([case for case in found if case.held is held]))
                for held in Held
                if any(case.held is held for case in found)
            }
        return self._values[scalar]

    def condition(self) -> Condition:
        """The text and its parameters."""
        lines = [f",\n    {text} as {name}" for text, name in self._texts.items()]
        return self._bound.condition("".join(lines))

    def _column(self, text: str) -> str:
        return self._texts.setdefault(text, f"{self._prefix}_{len(self._texts)}")


def _nullable(found: list[Case]) -> str:
    """Cases of one type exclude one another."""
    branches = []
    for case in found:
        given = " and ".join(case.given) or "true"
        # Not as dictionaries: few values of a small answer are worth none.
        value = f"toString({case.value})" if case.held in (Held.TEXT, Held.OTHER) else case.value
        branches.append(f"({given}), {value}")
    return f"multiIf({', '.join(branches)}, null)"
