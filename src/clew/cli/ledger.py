"""`clew ledger`"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from clew.cli.options import DEFAULT_API, ApiAddress, ApiKey, Ca, Json
from clew.cli.output import Column, Screen, note, table, write_document
from clew.cli.search import End, Since, Start, time_range

HEADER = (
    Column("LAST SEEN"),
    Column("COUNT", right=True),
    Column("REASON"),
    Column("FROM"),
    Column("PORT", right=True),
    Column("USER AGENT", gives_way=True),
    Column("DETAIL", gives_way=True),
    Column("WHAT TO DO", gives_way=True),
)


def command(
    reason: Annotated[
        str | None, typer.Argument(metavar="REASON", help="With this reason only.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Most entries to print.")] = 100,
    since: Since = None,
    start: Start = None,
    end: End = None,
    api: ApiAddress = DEFAULT_API,
    api_key: ApiKey = None,
    ca: Ca = None,
    json: Json = False,
) -> None:
    """List who knocked at the intake and was turned away, and why.

    The newest first; in the last hour, unless told otherwise.

    Example: clew ledger --since 1d
    """
    parameters = {"limit": str(limit), **time_range(since, start, end)}
    if reason is not None:
        parameters["reason"] = reason
    from clew.cli.client import ask

    answer = ask(api, "/api/v1/ledger", parameters)
    if json:
        write_document(answer)
        return
    found = answer["entries"]
    if not found:
        note("nobody was turned away in that time")
        return
    table(Screen.of(sys.stdout), HEADER, [_row(one) for one in found])
    if not answer["complete"]:
        note(f"there are more than {limit}; print more with --limit")


def _row(one: dict[str, Any]) -> list[str]:
    last = datetime.fromtimestamp(int(one["last"]) // 1_000_000_000, UTC)
    return [
        last.strftime("%Y-%m-%d %H:%M:%SZ"),
        str(one["count"]),
        one["reason"],
        one["address"] or "(several)",
        str(one["port"] or "-"),
        one["userAgent"] or "-",
        one["detail"] or "-",
        one["sentence"],
    ]
