"""Names → fields: intrinsics, scopes, and what is said about names that are neither."""

from clew.query.language.errors import QueryError, shown
from clew.query.language.lexer import Token
from clew.query.language.tree import Attribute, Field, Scope
from clew.query.language.values import is_number
from clew.query.language.words import (
    CONSTANTS,
    HABITS,
    INTRINSIC_SCOPES,
    INTRINSICS,
    METRICS,
    ROOT_TEST,
    SCOPES,
    STAGES,
    field_meant,
    nearest,
)

_SCOPE_EXAMPLES = {
    "span": "span.http.route",
    "resource": "resource.host.name",
    "event": "event.exception.type",
    "link": "link.reason",
    "instrumentation": "instrumentation.language",
    "trace": "trace:id",
}
_EVENT = "Write event.NAME without parent; only the events of the span itself can be asked for."


def field(token: Token) -> Attribute | Field:
    """What a name stands for."""
    head, at = token.parts[0][0], token.at
    parent = head.startswith("parent.")
    if parent:
        head, at = head.removeprefix("parent."), at + len("parent.")
    alone = len(token.parts) == 1
    if alone and head in INTRINSICS:
        intrinsic = INTRINSICS[head]
        if parent and intrinsic.startswith(("event:", "link:")):
            raise QueryError(f"{shown(token.text)} cannot be asked for.", token.at, _EVENT)
        return Field(intrinsic, parent, token.at)
    if head.startswith(".") and not parent:
        return _attribute(token, Scope.ANY, 1, parent)
    for word, scope in SCOPES.items():
        if head.startswith(word + "."):
            if parent and scope in (Scope.EVENT, Scope.LINK):
                raise QueryError(f"{shown(token.text)} cannot be asked for.", token.at, _EVENT)
            return _attribute(token, scope, at + len(word) + 1 - token.at, parent)
    if alone:
        _refuse(token, head, at, parent)
    scope = Scope.RESOURCE if head == "service.name" else Scope.ANY
    return _attribute(token, scope, at - token.at, parent)


def _attribute(token: Token, scope: Scope, skipped: int, parent: bool) -> Attribute:
    """The attribute whose key is the name without its first characters."""
    (first, _), *rest = token.parts
    for part, quoted in token.parts:
        if ":" in part and not quoted:
            raise QueryError(
                f"A name without quotes holds no colon, as {shown(token.text)} does.",
                token.at + token.text.index(":"),
                "Write = to compare; if the colon is part of the name, put the name in quotes: "
                'span."a:b".',
            )
    key = first[skipped:] + "".join(part for part, _ in rest)
    last, last_quoted = token.parts[-1]
    if not key or (last.endswith(".") and not last_quoted):
        raise QueryError(
            f"After {shown(token.text)} a name has to follow.",
            token.end,
            "Write the key of the attribute, as in span.http.route; in quotes if it is unusual.",
        )
    return Attribute(scope, key, parent, token.at)


def _refuse(token: Token, head: str, at: int, parent: bool) -> None:
    """Raises if a name without scope and quotes is no field."""
    prefix, colon, suffix = head.partition(":")
    if colon:
        _refuse_colon(token, prefix, suffix, at)
    if head == "parent" and not parent:
        raise QueryError(
            "The parent itself is no value.",
            token.at,
            'Write parent.name, or span:parentID = "" for spans without a parent.',
        )
    if head == ROOT_TEST:
        raise root_test_error(token.at)
    if head in SCOPES or head in ("trace", "parent"):
        before = "parent." if parent else ""
        example = f"{before}{_SCOPE_EXAMPLES.get(head, 'name')}"
        raise QueryError(
            f"{shown(token.text)} is a scope, a name has to follow it.",
            token.at,
            f"Write a name after it, as in {example}.",
        )
    if not parent and "." not in head:
        raise QueryError(f"There is no field {shown(token.text)}.", token.at, _field_hint(head))


def _refuse_colon(token: Token, prefix: str, suffix: str, at: int) -> None:
    colon_at = at + len(prefix)
    if prefix in INTRINSIC_SCOPES:
        of_scope = [name for name in INTRINSICS if name.startswith(prefix + ":")]
        meant = nearest(f"{prefix}:{suffix}", of_scope)
        hint = f"Did you mean {meant}? " if meant and suffix else ""
        attribute = "" if prefix == "trace" else f" An attribute is written {prefix}.NAME."
        raise QueryError(
            f"There is no field {shown(token.text)}.",
            token.at,
            f"{hint}Fields of this scope are: {', '.join(of_scope)}.{attribute}",
        )
    value = shown(suffix)[1:-1]
    if suffix and suffix not in CONSTANTS and not is_number(suffix):
        value = f'"{value}"'
    name = shown(prefix)[1:-1]
    if prefix in ("parent", "resource", "scope") and suffix:
        right = {"parent": "parent.", "resource": "resource.", "scope": "instrumentation:"}[prefix]
        raise QueryError(
            f"There is no field {shown(token.text)}.",
            token.at,
            f"Write {right}{shown(suffix)[1:-1]}.",
        )
    if prefix not in INTRINSICS and "." not in prefix:
        name = field_meant(prefix) or f".{name}"
    raise QueryError(
        f"A colon does not compare, in {shown(token.text)}.",
        colon_at,
        f"Write {name} = {value or 'VALUE'}.",
    )


def _field_hint(word: str) -> str:
    if word in METRICS:
        return "Metrics functions are not supported yet; leave the stage out."
    if word in STAGES:
        return f"Aggregates follow the braces: {{ … }} | {word}()."
    if word.lower() in HABITS:
        return HABITS[word.lower()]
    lower = word.lower()
    if lower in CONSTANTS:
        return f"Write {lower} in small letters."
    quoted = shown(word)[1:-1]
    for sign in "-/":
        head = word.partition(sign)[0]
        if head != word and head in INTRINSICS:
            return f"Put spaces around the operator: {head} {sign} 5."
    meant = field_meant(word)
    attribute = f"an attribute is written .{quoted} or span.{quoted}, text in quotes"
    if meant is None:
        return f"{attribute[0].upper()}{attribute[1:]}."
    return f"Did you mean {meant}? Otherwise, {attribute}."


def root_test_error(at: int) -> QueryError:
    return QueryError(
        f"{ROOT_TEST} is known only as a test for root spans.",
        at,
        'Write nestedSetParent < 0, or span:parentID = "".',
    )
