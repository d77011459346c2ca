"""`clew operations`"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from clew.cli.options import DEFAULT_API, ApiAddress, ApiKey, Ca, Json
from clew.cli.output import Column, Screen, note, table, write_document
from clew.cli.search import End, Since, Start, time_range

HEADER = (
    Column("SERVICE"),
    Column("OPERATION", gives_way=True),
    Column("KIND"),
    Column("SPANS", right=True),
    Column("ERRORS", right=True),
)


def command(
    service: Annotated[
        str | None, typer.Argument(metavar="SERVICE", help="Of this service only.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most operations to print.")] = 100,
    since: Since = None,
    start: Start = None,
    end: End = None,
    api: ApiAddress = DEFAULT_API,
    api_key: ApiKey = None,
    ca: Ca = None,
    json: Json = False,
) -> None:
    """List the operations of services: span names with their kind.

    The most frequent first; in the last hour, unless told otherwise.

    Example: clew operations checkout --since 1d
    """
    parameters = {"limit": str(limit), **time_range(since, start, end)}
    if service is not None:
        parameters["service"] = service
    from clew.cli.client import ask

    answer = ask(api, "/api/v1/operations", parameters)
    if json:
        write_document(answer)
        return
    found = answer["operations"]
    if not found:
        of = "no service has" if service is None else f"{service!r} has not"
        note(f"{of} sent spans in that time; clew services lists what has")
        return
    table(
        Screen.of(sys.stdout),
        HEADER,
        [
            [
                one["serviceName"],
                one["name"],
                one["kind"],
                str(one["spanCount"]),
                str(one["errorCount"] or "-"),
            ]
            for one in found
        ],
    )
    if not answer["complete"]:
        note(f"there are more than {limit}; print more with --limit")
