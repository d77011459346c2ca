"""`clew attributes`"""

from __future__ import annotations

import sys
from typing import Annotated, Any
from urllib.parse import quote

import typer

from clew.cli.options import DEFAULT_API, ApiAddress, ApiKey, Ca, Json
from clew.cli.output import Column, Screen, note, table, write_document
from clew.cli.search import End, Since, Start, time_range

KEYS = (
    Column("KEY", gives_way=True),
    Column("SCOPE"),
    Column("TYPE"),
    Column("SPANS", right=True),
)
# As a query writes them before a key.
SCOPES = ("span", "resource", "instrumentation", "event")
VALUES = (Column("VALUE", gives_way=True), Column("TYPE"), Column("SPANS", right=True))


def command(
    key: Annotated[
        str | None, typer.Argument(metavar="KEY", help="Print the values of this key.")
    ] = None,
    query: Annotated[
        str, typer.Option("--query", "-q", metavar="QUERY", help="Of matching spans only.")
    ] = "",
    scope: Annotated[
        str | None,
        typer.Option(
            metavar="SCOPE",
            help="Of one scope: span, resource, instrumentation, event or intrinsic.",
        ),
    ] = None,
    prefix: Annotated[
        str, typer.Option(metavar="TEXT", help="Keys, or values, that begin with this.")
    ] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Most lines to print.")] = 100,
    since: Since = None,
    start: Start = None,
    end: End = None,
    api: ApiAddress = DEFAULT_API,
    api_key: ApiKey = None,
    ca: Ca = None,
    json: Json = False,
) -> None:
    """List the attributes that spans have, or the values of one.

    The most frequent first; in the last hour, unless told otherwise. A key may be written with its
    scope, as in a query: span.http.route.

    Example: clew attributes http.route -q 'service.name = checkout'
    """
    parameters = {"limit": str(limit), "prefix": prefix, **time_range(since, start, end)}
    if query:
        parameters["q"] = query
    if scope is not None:
        parameters["scope"] = scope
    from clew.cli.client import ask

    if key is None:
        answer = ask(api, "/api/v1/attributes", parameters)
    else:
        answer = ask(api, values_path(key), parameters)
        scoped = None if answer["values"] else without_scope(key, scope)
        if scoped is not None:
            # Only now: a key may begin like a scope, as event.name does.
            answer = ask(api, values_path(scoped[1]), {**parameters, "scope": scoped[0]})
    if json:
        write_document(answer)
        return
    header, rows = (KEYS, key_rows(answer)) if key is None else (VALUES, value_rows(answer))
    if rows:
        table(Screen.of(sys.stdout), header, rows)
    else:
        note(nothing_found(key, prefix, query))
    if not answer["complete"]:
        note(why_not_all(answer, len(rows) == limit))


def values_path(key: str) -> str:
    return f"/api/v1/attributes/{quote(key, safe='')}/values"


def without_scope(key: str, scope: str | None) -> tuple[str, str] | None:
    """Scope and key of `span.http.route`; None when it has no scope, or another than asked for."""
    written, dot, rest = key.partition(".")
    if written not in SCOPES or not dot or not rest or scope not in (None, written):
        return None
    return written, rest


def nothing_found(key: str | None, prefix: str, query: str) -> str:
    """What is missing, and where to look."""
    of = f" among the spans of {query!r}" if query else ""
    begins = f" that begins with {prefix!r}" if prefix else ""
    if key is None:
        return f"no attribute{begins} in that time{of}; look further back with --since 1d"
    return (
        f"no value{begins} of {key!r} in that time{of}; "
        "clew attributes lists the keys, --since 1d looks further back"
    )


def key_rows(answer: dict[str, Any]) -> list[list[str]]:
    return [
        [one["key"], one["scope"], one["type"], str(one["spanCount"])]
        for one in answer["attributes"]
    ]


def value_rows(answer: dict[str, Any]) -> list[list[str]]:
    return [[one["value"], one["type"], str(one["spanCount"])] for one in answer["values"]]


def why_not_all(answer: dict[str, Any], full: bool) -> str:
    """What the answer leaves out."""
    sampled = answer["covered"]["sampledSpans"]
    if answer["covered"]["limitedBy"] is not None:
        return f"from the newest {sampled} matching spans; a shorter time shows others"
    if full:
        return "there may be more; print more with --limit"
    return (
        "the index of attributes does not have everything of this time: rare and long values are "
        "left out; -q '{ }' counts in the newest 20,000 spans instead"
    )
