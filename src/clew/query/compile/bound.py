"""What a condition is made of: text, and the values that it names."""

import re
from dataclasses import dataclass, field

from clew.query.compile.held import HeldOf, every_type
from clew.query.language import QueryError
from clew.sql import load

Parameters = dict[str, str | int]

# The engine refuses statements of 256 KiB, or of 50,000 nodes; some name a condition twice.
MOST_TEXT = 64_000

_INT64 = range(-(2**63), 2**63)
_UINT64 = range(2**64)
_NAME = re.compile(r"\{(\w+):\w+\}")


class NeedsTrace(Exception):
    """The expression asks for other spans than the one at hand."""


@dataclass(frozen=True)
class Condition:
    """Text for a `where`, and the parameters it names.

    `first`: what it implies, few spans meet, and is read fast; None: nothing is known.
    """

    text: str
    parameters: Parameters = field(default_factory=dict)
    first: "Condition | None" = None


def part(name: str, **fragments: str) -> str:
    """A file of `sql/query/part` on one line, without its comments."""
    lines = load(f"query/part/{name}", **fragments).text.splitlines()
    return " ".join(line.strip() for line in lines if not line.startswith("--"))


class Bound:
    """Takes values in and gives out the names under which the text speaks of them."""

    def __init__(self, prefix: str, held: HeldOf = every_type) -> None:
        self._parameters: Parameters = {}
        self.held = held
        self._prefix = prefix
        self._names: dict[tuple[str, str | int], str] = {}

    def condition(self, text: str) -> Condition:
        """The text with the values that it names; a case that was left out may have named more."""
        if len(text) > MOST_TEXT:
            raise QueryError(
                "The query has more comparisons than the store takes at once.",
                0,
                "Join fewer conditions; use =~ to compare one field with many values.",
            )
        used = _NAME.findall(text)
        return Condition(text, {name: self._parameters[name] for name in used})

    def text(self, value: str) -> str:
        return self._named("String", value)

    def number(self, value: int | float) -> str:
        """A whole number stays exact as far as 64 bits go."""
        if isinstance(value, int) and value in _INT64:
            return self._named("Int64", value)
        if isinstance(value, int) and value in _UINT64:
            return self._named("UInt64", value)
        return self.real(value)

    def real(self, value: int | float) -> str:
        return self._named("Float64", repr(float(value)))

    def truth(self, value: bool) -> str:
        return self._named("Bool", "true" if value else "false")

    def pattern(self, regex: str) -> str:
        """For `match`: the whole value has to fit, and a dot is no new line."""
        return self.text(rf"\A(?-s:{regex})\z")

    def _named(self, held: str, value: str | int) -> str:
        name = self._names.get((held, value))
        if name is None:
            name = f"{self._prefix}{len(self._names)}"
            self._names[held, value] = name
            self._parameters[name] = value
        return f"{{{name}:{held}}}"
