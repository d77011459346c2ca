"""Every statement Clew sends to the engine, one file each.

`load` reads a statement by name, fills its named fragments (`{{name}}`) and knows its bound
parameters (`{name:Type}`). Names are checked in both directions: a fragment that is missing and a
fragment that the file does not have are errors, and so are parameters when the statement is run.
Fragments are text that Clew itself builds; values from outside are always parameters.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_FRAGMENT = re.compile(r"\{\{(\w+)\}\}")
_PARAMETER = re.compile(r"(?<!\{)\{(\w+):[\w() ,]+\}")


@dataclass(frozen=True)
class Statement:
    """SQL text ready to run, and the names of the values it needs."""

    name: str
    text: str
    parameters: frozenset[str]

    def check(self, given: Iterable[str]) -> None:
        """Raise unless exactly the parameters of the statement are given."""
        names = frozenset(given)
        if names != self.parameters:
            raise ValueError(_difference(self.name, "parameter", self.parameters, names))


def load(name: str, **fragments: str) -> Statement:
    """The statement in `NAME.sql`, for example `load("query/services")`."""
    template = _read(f"{name}.sql")
    wanted = frozenset(_FRAGMENT.findall(template))
    if wanted != fragments.keys():
        raise ValueError(_difference(name, "fragment", wanted, frozenset(fragments)))
    text = _FRAGMENT.sub(lambda match: fragments[match[1]], template)
    return Statement(name, text, frozenset(_PARAMETER.findall(text)))


def schema() -> list[Statement]:
    """The `create table` statements in the order of `schema/_order`, which names every file."""
    order = _read("schema/_order").split()
    found = {
        entry.name.removesuffix(".sql")
        for entry in files(__name__).joinpath("schema").iterdir()
        if not entry.name.startswith("_")
    }
    if found != set(order):
        raise ValueError(_difference("schema/_order", "table", found, frozenset(order)))
    settings = _read("schema/_settings").strip().replace("\n", "\n    ")
    return [load(f"schema/{table}", settings=settings) for table in order]


@cache
def _read(path: str) -> str:
    return files(__name__).joinpath(path).read_text("utf-8")


def _difference(name: str, what: str, wanted: Iterable[str], given: Iterable[str]) -> str:
    wanted, given = set(wanted), set(given)
    missing = ", ".join(sorted(wanted - given)) or "none"
    unknown = ", ".join(sorted(given - wanted)) or "none"
    return f"sql/{name}: {what}s missing: {missing}; unknown: {unknown}"
