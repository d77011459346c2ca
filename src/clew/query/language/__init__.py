"""The search language: text → tree. It knows no SQL and no store.

So far one form: nothing (all traces), or `service.name = X`, also as `resource.service.name` and
in braces. X is a bare word, or in double or single quotes with `\\` before a quote or a `\\`, or in
backticks as it is.
Everything else is a `QueryError` that says where and what to write instead.
"""

import re
from dataclasses import dataclass

from clew.spans import FIELDS

MAX_LENGTH = 4096

_FIELD = re.compile(r"[^\s=!<>~{}\"`&|()]+")
_OPERATOR = re.compile(r"!=|=~|!~|>=|<=|==|[=<>:]")
_BARE = re.compile(r"[^\s{}\"`&|()]+")
_QUOTED = re.compile(
    r""" "((?:[^"\\]|\\.)*)" | '((?:[^'\\]|\\.)*)' | `([^`]*)` """, re.DOTALL | re.VERBOSE
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_EXAMPLE = "Write service.name = checkout, or leave the query empty to find all traces."


class QueryError(Exception):
    """The query is not understood. `position` counts characters from 0."""

    def __init__(self, message: str, position: int, hint: str = _EXAMPLE) -> None:
        super().__init__(message)
        self.position = position
        self.hint = hint


@dataclass(frozen=True)
class Everything:
    """Matches every span."""


@dataclass(frozen=True)
class Equals:
    """The field, one of `spans.FIELDS`, has exactly this value."""

    field: str
    value: str


Query = Everything | Equals


def parse(text: str) -> Query:
    """The tree of a query, or `QueryError`."""
    if len(text) > MAX_LENGTH:
        raise QueryError(
            f"The query has {len(text)} characters, {MAX_LENGTH} are allowed.", MAX_LENGTH
        )
    start, end = _without_braces(text)
    position = _skip(text, start, end)
    if position == end:
        return Everything()
    field, position = _field(text, position, end)
    position = _operator(text, _skip(text, position, end), end, field)
    value, position = _value(text, _skip(text, position, end), end, field)
    rest = _skip(text, position, end)
    if rest < end:
        raise QueryError(
            f"Nothing can follow the value yet, but {_shown(text[rest:end])} does.",
            rest,
            "Put the value in quotes if it has spaces. Search for one condition at a time.",
        )
    return Equals(field, value)


def _without_braces(text: str) -> tuple[int, int]:
    """The bounds of what stands in the outer braces, or of the whole text."""
    start = _skip(text, 0, len(text))
    end = len(text.rstrip())
    opened = text[start : start + 1] == "{"
    closed = end > start and text[end - 1] == "}"
    if opened and not (closed and end - 1 > start):
        raise QueryError("The brace { is never closed.", start, "End the query with }.")
    if closed and not opened:
        raise QueryError("The brace } was never opened.", end - 1, "Begin the query with {.")
    return (start + 1, end - 1) if opened else (start, max(start, end))


def _field(text: str, position: int, end: int) -> tuple[str, int]:
    match = _FIELD.match(text, position, end)
    if match is None:
        raise QueryError(f"A field has to stand before {_shown(text[position:end])}.", position)
    # `service.name:X` is a habit from other tools; the operator is what is wrong there.
    field = match[0].split(":")[0]
    if field not in FIELDS:
        raise QueryError(
            f"There is no field {_shown(field)} to search by.",
            position,
            f"Fields are: {', '.join(sorted(FIELDS))}. {_EXAMPLE}",
        )
    return field, position + len(field)


def _operator(text: str, position: int, end: int, field: str) -> int:
    match = _OPERATOR.match(text, position, end)
    if match is None:
        raise QueryError(f"After {field} an = has to follow.", position)
    if match[0] != "=":
        raise QueryError(
            f"The operator {match[0]} cannot be used with {field}, only = can.",
            position,
            f"Write {field} = VALUE.",
        )
    return match.end()


def _value(text: str, position: int, end: int, field: str) -> tuple[str, int]:
    if position < end and text[position] in "\"'`":
        quoted = _QUOTED.match(text, position, end)
        if quoted is None:
            raise QueryError(
                "The quote is never closed.", position, f"End it with {text[position]}."
            )
        escaped = quoted[1] if quoted[1] is not None else quoted[2]
        return (quoted[3] if escaped is None else _ESCAPE.sub(r"\1", escaped)), quoted.end()
    bare = _BARE.match(text, position, end)
    if bare is None:
        raise QueryError(f"After {field} = a value has to follow.", position)
    return bare[0], bare.end()


def _skip(text: str, position: int, end: int) -> int:
    while position < end and text[position].isspace():
        position += 1
    return position


def _shown(text: str) -> str:
    return f"`{text[:40]}…`" if len(text) > 40 else f"`{text}`"
