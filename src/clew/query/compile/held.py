"""The types in which the store holds values of attributes, in the order in which they count."""

from collections.abc import Callable
from enum import StrEnum

from clew.query.language import Scope


class Held(StrEnum):
    """Also the endings of the columns. `OTHER`: AnyValue messages of all that is no scalar."""

    TEXT = "str"
    INT = "int"
    FLOAT = "float"
    BOOL = "bool"
    OTHER = "other"


NUMBERS = (Held.INT, Held.FLOAT)
ALL_HELD = frozenset(Held)

# Which types the values of a key can have in one scope: fewer make a condition cheaper.
HeldOf = Callable[[Scope, str], frozenset[Held]]


def every_type(scope: Scope, key: str) -> frozenset[Held]:
    """Nothing is known."""
    return ALL_HELD
