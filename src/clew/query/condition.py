"""Tree of a query → condition on the table of spans. Values stay apart, to be bound."""

from dataclasses import dataclass, field

from clew.query.language import Equals, Everything, Query
from clew.spans import FIELDS
from clew.sql import load


@dataclass(frozen=True)
class Condition:
    """Text for a `where`, and the parameters it names."""

    text: str
    parameters: dict[str, str | int] = field(default_factory=dict)


def condition(query: Query) -> Condition:
    """The condition that a span has to meet to be found."""
    match query:
        case Everything():
            return Condition(load("query/part/everything").text)
        case Equals(name, value):
            column = FIELDS[name]
            return Condition(load(f"query/part/{column}").text, {column: value})
