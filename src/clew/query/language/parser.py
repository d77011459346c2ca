"""Text → tree: recursive descent over spansets and pipelines. `docs/reference/query.md` is the
language; what is said about a text that is not in it, is half of what this package is for.
"""

import re

from clew.query.language import explain
from clew.query.language.check import check
from clew.query.language.errors import QueryError, shown
from clew.query.language.lexer import MAX_LENGTH, Cursor, Kind
from clew.query.language.scalars import expression
from clew.query.language.stages import stage
from clew.query.language.tree import (
    RELATIONS,
    Combine,
    Filter,
    Pipeline,
    Query,
    Spanset,
    Stage,
    TraceId,
)
from clew.query.language.words import CONSTANTS, HABITS, INTRINSICS, METRICS, STAGES, plain

__all__ = ["MAX_LENGTH", "parse"]

_TRACE_ID = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{16}")
# Words and nothing else, as one types them into a search box.
_WORDS = re.compile(r"\s*[^\W\d][\w\-]*(?:\s+[\w\-]+)*\s*")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_LEVELS = {
    "||": 0,
    "&&": 1,
    **{sign + relation: 2 for sign in ("", "!", "&") for relation in RELATIONS},
}


def parse(text: str) -> Query:
    """The tree of a query, or `QueryError`."""
    if len(text) > MAX_LENGTH:
        raise QueryError(
            f"The query has {len(text)} characters, {MAX_LENGTH} are allowed.",
            MAX_LENGTH,
            "Ask with a shorter query.",
        )
    if broken := _SURROGATE.search(text):
        raise QueryError(
            "Half of a surrogate pair is no character.", broken.start(), "Write it whole."
        )
    if _TRACE_ID.fullmatch(text.strip()):
        return TraceId(text.strip().lower().rjust(32, "0"))
    query = _query(Cursor(text))
    check(query, text)
    return query


def _query(cursor: Cursor) -> Pipeline:
    first = cursor.token
    if first.kind is Kind.END:
        return Pipeline(Filter(), at=first.at)
    if first.is_("|"):
        raise QueryError("Before | a filter has to stand.", first.at, "Write { } | count() > 2.")
    if first.is_(*_LEVELS):
        raise QueryError(
            f"Before {shown(first.text)} a filter has to stand.",
            first.at,
            f"Write {{ … }} {first.text} {{ … }}.",
        )
    inner = cursor.inside_parentheses()
    stages: list[Stage] = []
    source: Spanset
    if inner.is_("{"):
        source = _spanset(cursor)
    elif inner.word() in STAGES or inner.word() in METRICS:
        source = Filter(at=first.at)
        stages.append(_stage(cursor))
    else:
        source = _bare(cursor)
    while cursor.token.is_("|"):
        cursor.take()
        stages.append(_stage(cursor))
    if cursor.token.word() == "with" and cursor.after().is_("("):
        _hints(cursor)
    if cursor.token.kind is not Kind.END:
        _not_the_end(cursor)
    return Pipeline(source, tuple(stages), first.at)


def _bare(cursor: Cursor) -> Filter:
    """A filter without braces."""
    at = cursor.token.at
    words = cursor.text.split()
    if _WORDS.fullmatch(cursor.text) and not {*words} & {*INTRINSICS, *CONSTANTS}:
        if not any(plain(word) in HABITS for word in words):
            text = shown(cursor.text.strip())[1:-1]
            raise QueryError(
                f"There is no condition in {shown(cursor.text.strip())}.",
                at,
                f'Write service.name = "{text}", name = "{text}", or another field.',
            )
    cursor.bare = True
    condition = expression(cursor, None)
    if cursor.token.kind is not Kind.END and not cursor.token.is_("|"):
        if cursor.token.word() != "with" or not cursor.after().is_("("):
            explain.operator_missing(cursor, None)
    cursor.bare = False
    return Filter(condition, at)


def _filter(cursor: Cursor) -> Filter:
    opened = cursor.take()
    if cursor.token.is_("}"):
        cursor.take()
        return Filter(at=opened.at)
    condition = expression(cursor, opened)
    if not cursor.token.is_("}"):
        explain.operator_missing(cursor, opened)
    cursor.take()
    return Filter(condition, opened.at)


def _spanset(cursor: Cursor, level: int = 0) -> Spanset:
    """Filters with operators between them that bind at least as `level`; all group left."""
    left = _spanset_operand(cursor)
    while cursor.token.kind is Kind.OPERATOR:
        operator = cursor.token
        found = _LEVELS.get(operator.text, -1)
        if found < level:
            break
        cursor.take()
        left = Combine(operator.text, left, _spanset(cursor, found + 1), operator.at)
    return left


def _spanset_operand(cursor: Cursor) -> Spanset:
    token = cursor.token
    if token.is_("{"):
        return _filter(cursor)
    if not token.is_("("):
        _filter_missing(cursor)
    cursor.take()
    with cursor.nested(token.at):
        inner = _spanset(cursor)
        stages: list[Stage] = []
        while cursor.token.is_("|"):
            cursor.take()
            stages.append(_stage(cursor))
    if cursor.token.kind is Kind.END:
        raise explain.unclosed("()", token.at)
    if not cursor.token.is_(")"):
        _not_the_end(cursor)
    cursor.take()
    return Pipeline(inner, tuple(stages), token.at) if stages else inner


def _stage(cursor: Cursor) -> Stage:
    if not cursor.inside_parentheses().is_("{"):
        return stage(cursor)
    at = cursor.token.at
    spanset = _spanset(cursor)
    if isinstance(spanset, Pipeline):
        raise QueryError(
            "A pipeline in parentheses cannot be a stage.",
            at,
            "Drop the parentheses, so that its stages follow one another.",
        )
    return spanset


def _filter_missing(cursor: Cursor) -> None:
    token, last = cursor.token, cursor.last
    if token.kind is Kind.END and last.is_("("):
        raise explain.unclosed("()", last.at)
    both = last.text + token.text
    if last.at + len(last.text) == token.at and both in ("&&&", "|||", ">>>", "<<<", ">=", "~="):
        raise QueryError(
            f"The operator {shown(both)} is not known.", last.at, "Write && || > >> < << or ~."
        )
    what = f", not {shown(token.text)}" if token.text else ""
    hint = 'Write a filter in braces: { name = "GET /cart" }.'
    if token.is_("!"):
        hint = "Write ! within the braces: { !( … ) }."
    elif token.kind is Kind.NAME:
        hint = "Put every condition in braces of its own, as the first one."
    raise QueryError(f"After {shown(last.text)} a filter has to follow{what}.", token.at, hint)


def _not_the_end(cursor: Cursor) -> None:
    """After a whole spanset or a stage there is something else."""
    token = cursor.token
    word = plain(token.word())
    message = f"{shown(token.text)} cannot stand here."
    hint = "End the query here, or go on with &&, ||, a relation or a | stage."
    if token.is_("{"):
        message = "Between two filters an operator has to stand."
        hint = "Write && if both have to be in the trace, || for either, > for parent and child."
    elif token.is_("}", ")"):
        name = "brace" if token.text == "}" else "parenthesis"
        message = f"The {name} {token.text} was never opened."
        hint = "Drop it."
    elif word in ("and", "or"):
        hint = HABITS[word]
    elif token.is_("&"):
        hint = "Write && if both filters have to be in the trace."
    elif token.is_("->", "=>"):
        hint = "Write > for parent and child, >> for ancestor and descendant."
    elif token.is_("=", "!=", ">=", "<=", "==", "=~"):
        hint = "Filters are not compared. Write the comparison in the braces."
    elif token.word() in STAGES or token.word() in METRICS:
        hint = f"Write | before the stage: | {token.word()}( … )."
    elif word == "where":
        hint = HABITS[word]
    elif token.word() == "with":
        hint = "Write with (most_recent=true)."
    elif token.is_(*_LEVELS):
        hint = (
            "Write a stage for each: | count() > 2 | avg(duration) > 1s. "
            "To join whole pipelines put each in parentheses."
        )
    raise QueryError(message, token.at, hint)


def _hints(cursor: Cursor) -> None:
    """`with (most_recent=true)`: Clew answers with the most recent anyway."""
    cursor.take()
    opened = cursor.take()
    while not cursor.token.is_(")"):
        name = cursor.token
        if name.kind is Kind.END:
            raise explain.unclosed("()", opened.at)
        if name.word() != "most_recent":
            raise QueryError(
                f"There is no hint {shown(name.text)}.",
                name.at,
                "The only hint is with (most_recent=true); it changes nothing here.",
            )
        cursor.take()
        values = [cursor.take(), cursor.take()]
        if not values[0].is_("=") or values[1].text not in ("true", "false"):
            raise QueryError(
                "The hint most_recent has to be true or false.",
                name.at,
                "Write with (most_recent=true).",
            )
        if cursor.token.is_(","):
            cursor.take()
    cursor.take()
