"""What is wrong where a field, an operator or the end was expected. Every function raises."""

from typing import NoReturn

from clew.query.language.errors import QueryError, shown
from clew.query.language.lexer import Cursor, Kind, Token
from clew.query.language.tree import COMPARISONS, Field, Intrinsic, Scalar
from clew.query.language.values import unit_meant
from clew.query.language.words import (
    AGGREGATES,
    CONSTANTS,
    HABITS,
    INTRINSICS,
    METRICS,
    SHORT_OF,
    STAGES,
    UNITS_SAID,
    nearest,
    plain,
    words_hint,
)

_RELATIONS = tuple(f"{sign}{relation}" for sign in ("", "!", "&") for relation in ("<<", ">>", "~"))
_COMPARES = "Operators are = != < <= > >= =~ !~ + - * / % ^ && and ||."
# Not operators here, and what to write instead.
_WRONG_OPERATORS = {
    "==": "Write = to compare.",
    "===": "Write = to compare.",
    "!==": "Write != to compare.",
    "<>": "Write != to compare.",
    "=>": "Write >=.",
    "=<": "Write <=.",
    "->": "Write > between two filters for parent and child.",
    "&": "Write &&.",
    "|": "Write || for or; stages of a pipeline follow the closing brace.",
    ":": "Write = to compare.",
}


def metrics_error(token: Token) -> QueryError:
    return QueryError(
        f"Metrics functions are not supported yet, {shown(token.text)} is one.",
        token.at,
        "Leave the stage out; count(), avg(), min(), max(), sum() and quantile() can be compared.",
    )


def unclosed(brackets: str, at: int) -> QueryError:
    name = "brace" if brackets == "{}" else "parenthesis"
    return QueryError(
        f"The {name} {brackets[0]} is never closed.", at, f"Close it with {brackets[1]}."
    )


def operand_missing(cursor: Cursor, opened: Token | None) -> NoReturn:
    """A field or a value should be next. `opened`: the bracket around it."""
    token, last = cursor.token, cursor.last
    after = last.kind is Kind.OPERATOR and last.text not in ("(", "{", ",")
    word = last.word().lower() in ("and", "or", "not")
    if token.kind is Kind.END and not (after or word) and opened is not None:
        raise unclosed("{}" if opened.text == "{" else "()", opened.at)
    if after or word:
        what = "a value" if last.text in COMPARISONS else "a condition"
        if last.text in "+-*/%^":
            what = "a number"
        if token.kind is Kind.END or token.is_(")", "}"):
            raise QueryError(
                f"After {shown(last.text)} {what} has to follow.",
                token.at,
                _value_hint(last),
            )
        if token.is_("{"):
            raise QueryError(
                "A filter cannot begin here.",
                token.at,
                "Write ! within the braces: { !( … ) }."
                if last.text == "!"
                else "Put the condition before it in braces too.",
            )
        if token.kind is Kind.OPERATOR and (hint := _WRONG_OPERATORS.get(last.text + token.text)):
            raise QueryError(
                f"The operator {shown(last.text + token.text)} is not known.", last.at, hint
            )
        raise QueryError(
            f"After {shown(last.text)} {what} has to follow, not {shown(token.text)}.",
            token.at,
            _value_hint(last),
        )
    if last.is_(",") and opened is not None:
        raise QueryError(
            "After the comma another field has to follow.", token.at, "Write it, or drop the comma."
        )
    if token.is_("}") and opened is not None and opened.text == "(":
        raise unclosed("()", opened.at)
    if token.is_("+"):
        raise QueryError("A number has no plus before it.", token.at, "Drop the +.")
    if token.is_("}") and opened is None:
        raise QueryError("The brace } was never opened.", token.at, "Begin the filter with {.")
    if token.is_(")") and (opened is None or opened.text != "("):
        raise QueryError(
            "The parenthesis ) was never opened.", token.at, "Drop it, or open it with (."
        )
    if token.is_("{") and opened is not None and opened.text == "{":
        raise QueryError(
            "A filter cannot stand in a filter.",
            token.at,
            "Drop the inner braces; group conditions with parentheses.",
        )
    if token.is_(")", "}"):
        raise QueryError(
            f"Something has to stand before {shown(token.text)}.",
            token.at,
            "Write a condition, as in duration > 1s.",
        )
    raise QueryError(
        f"A field has to stand before {shown(token.text)}.",
        token.at,
        'Write field, operator, value: span.http.route = "/cart".',
    )


def _value_hint(operator: Token) -> str:
    if operator.text in ("=~", "!~"):
        return 'Write a regular expression in quotes: name =~ "GET.*".'
    if operator.text in COMPARISONS:
        return 'Write a value: "checkout", 500, 100ms, true, nil, error or server.'
    if operator.text in "+-*/%^":
        return "Write a number, a duration or a field."
    return "Write a condition, as in duration > 1s, or drop the operator."


def operator_missing(cursor: Cursor, opened: Token | None) -> NoReturn:
    """An expression ended, and what follows continues it in no way."""
    token, last = cursor.token, cursor.last
    if token.kind is Kind.END and opened is not None:
        raise unclosed("{}" if opened.text == "{" else "()", opened.at)
    if token.is_("|") and opened is None:
        raise QueryError("A stage cannot begin here.", token.at, "Put the filter in braces.")
    if token.is_("}"):
        if opened is None:
            raise QueryError("The brace } was never opened.", token.at, "Begin the query with {.")
        raise unclosed("()", opened.at)
    if token.is_(")"):
        raise QueryError(
            "The parenthesis ) was never opened.", token.at, "Drop it, or open it with (."
        )
    if token.is_("{"):
        hint = (
            "Put the condition before it in braces too, and && or || between them."
            if opened is None
            else "Drop the inner braces; group conditions with parentheses."
        )
        raise QueryError("A filter cannot begin here.", token.at, hint)
    if token.is_("(") and last.kind is Kind.NAME:
        call_error(last)
    if token.kind is Kind.OPERATOR:
        _wrong_operator(token)
    _two_in_a_row(cursor)


def call_error(name: Token) -> NoReturn:
    """A name is called that is no function there."""
    word = name.word()
    if word in METRICS:
        raise metrics_error(name)
    if word in STAGES:
        raise QueryError(
            f"{shown(word)} cannot be called within a filter.",
            name.at,
            f"Write it as a stage after the braces: {{ … }} | {word}(…).",
        )
    hint = HABITS.get(plain(word)) or "Put an operator before the parenthesis; only stages, as in "
    if hint.endswith(" "):
        hint += "| count(), are called."
    raise QueryError(f"There is no function {shown(name.text)}.", name.at, hint)


def _wrong_operator(token: Token) -> NoReturn:
    if token.text in _WRONG_OPERATORS:
        hint = _WRONG_OPERATORS[token.text]
    elif token.text in _RELATIONS or token.text in ("!>", "!<", "&>", "&<"):
        raise QueryError(
            f"The relation {token.text} stands between filters, not in one.",
            token.at,
            f"Write {{ … }} {token.text} {{ … }}.",
        )
    elif token.text == "!":
        hint = "Write != to compare; ! stands before a condition in parentheses."
    elif token.text == ",":
        hint = "Join conditions with && or ||."
    else:
        hint = _COMPARES
    raise QueryError(f"The operator {shown(token.text)} cannot stand here.", token.at, hint)


def _two_in_a_row(cursor: Cursor) -> NoReturn:
    token, last = cursor.token, cursor.last
    word = token.word()
    hint = HABITS.get(plain(word), "") if word else ""
    message = f"Before {shown(token.text)} an operator has to stand."
    if plain(word) in ("and", "or", "not"):
        message = f"{shown(word)} is no operator in braces."
    if last.kind is Kind.NUMBER and (unit := unit_meant(word)):
        hint = f"Write {shown(last.text + unit)[1:-1]} without a space."
    elif last.kind is Kind.NUMBER and token.kind is Kind.NUMBER:
        hint = f"Join with an operator. Units are {UNITS_SAID}."
    elif not hint and last.kind is Kind.STRING and last.parts[0][0] == last.text and word:
        if word in INTRINSICS or "." in word:
            raise QueryError(message, token.at, "Join conditions with and.")
        both = f"{shown(last.text)[1:-1]} {shown(word)[1:-1]}"
        hint = f'If it belongs to the value, write quotes: "{both}". Otherwise, join with and.'
    elif not hint and last.kind is Kind.NAME and token.kind is not Kind.NAME:
        hint = f"Write {shown(last.text)[1:-1]} = {shown(token.text)[1:-1]}."
    elif not hint:
        hint = "Join conditions with && or ||; put text in quotes."
    raise QueryError(message, token.at, hint)


def no_regex(token: Token, operator: str) -> NoReturn:
    raise QueryError(
        f"After {operator} a regular expression in quotes has to follow.",
        token.at,
        f'Write name {operator} "GET.*".',
    )


def unknown_value(token: Token, left: Scalar, operator: str) -> NoReturn:
    """A word after a comparison that is no field and no constant."""
    word = token.word()
    text = shown(word)[1:-1]
    hint = f'Put text in quotes: "{text}".'
    match left:
        case Field(Intrinsic.STATUS | Intrinsic.KIND as intrinsic):
            hint = words_hint(intrinsic, SHORT_OF[intrinsic], operator, word)
            hint = hint.replace(", without quotes", "")
        case Field(Intrinsic.DURATION | Intrinsic.TRACE_DURATION | Intrinsic.EVENT_TIME):
            hint = "Write a number with a unit: 100ms."
        case Field(Intrinsic.CHILD_COUNT):
            hint = "Write a number: childCount > 3."
        case _ if word.lower() in CONSTANTS:
            hint = f'Put text in quotes: "{text}", or write {word.lower()}.'
    raise QueryError(f"{shown(word)} is neither a field nor a value.", token.at, hint)


def chain(token: Token) -> NoReturn:
    raise QueryError(
        f"Comparisons cannot be chained: {shown(token.text)} follows another one.",
        token.at,
        "Write two comparisons with && between them: 1s < duration && duration < 2s.",
    )


def stage_missing(token: Token, habit: str | None) -> NoReturn:
    """After | there is no stage."""
    if token.kind is Kind.END:
        raise QueryError(
            "After | a stage has to follow.", token.at, "Write | count() > 2, or drop the |."
        )
    names = ", ".join([*AGGREGATES, "by", "select"])
    meant = nearest(token.word(), STAGES) if token.word() else None
    hint = habit or (f"Did you mean {meant}()? " if meant else "")
    if token.word() in INTRINSICS or "." in token.word():
        hint = "Put the condition in braces: | { duration > 1s }."
    elif not habit:
        hint += f"Stages are {names}, coalesce, and filters in braces."
    raise QueryError(f"There is no stage {shown(token.text)}.", token.at, hint)
