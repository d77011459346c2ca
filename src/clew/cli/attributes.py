"""`clew attributes`"""

from __future__ import annotations

import sys
from typing import Annotated, Any
from urllib.parse import quote

import typer

from clew.cli.options import DEFAULT_API, ApiAddress, Json
from clew.cli.output import Column, Screen, note, table, write_json
from clew.cli.search import End, Since, Start, time_range

KEYS = (
    Column("KEY", gives_way=True),
    Column("SCOPE"),
    Column("TYPE"),
    Column("SPANS", right=True),
)
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
    json: Json = False,
) -> None:
    """List the attributes that spans have, or the values of one.

    The most frequent first; in the last hour, unless told otherwise.

    Example: clew attributes http.route -q 'service.name = checkout'
    """
    parameters = {"limit": str(limit), "prefix": prefix, **time_range(since, start, end)}
    if query:
        parameters["q"] = query
    if scope is not None:
        parameters["scope"] = scope
    path = "/api/v1/attributes"
    if key is not None:
        path += f"/{quote(key, safe='')}/values"
    from clew.cli.client import Api

    with Api(api) as client:
        answer = client.get(path, parameters)
    if json:
        import orjson

        write_json(orjson.dumps(answer))
        return
    header, rows = (KEYS, key_rows(answer)) if key is None else (VALUES, value_rows(answer))
    if not rows:
        note("nothing of the kind in that time; look further back with --since 1d")
        return
    table(Screen.of(sys.stdout), header, rows)
    if not answer["complete"]:
        note(why_not_all(answer, len(rows) == limit))


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
    return "the index keeps only the most frequent; look at all spans with -q '{ }'"
